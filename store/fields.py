"""The one field type that may hold buyer data."""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from typing import Any

from mongoengine.base import BaseField

from store.encryption import SEALED_PARTS


class EncryptedField(BaseField):
    """Holds a sealed value (``store.encryption``) and refuses everything else.

    Sealing needs to know which document the value belongs to, which a field does not; so values
    arrive sealed, and plain text can never be saved through it by mistake.
    """

    def validate(self, value: Any, clean: bool = True) -> None:  # noqa: FBT001, FBT002  the base's signature
        """Refuse what is not sealed; the text never shows the value."""
        del clean
        if not isinstance(value, dict) or set(value) != SEALED_PARTS:
            self.error("not a sealed value")
