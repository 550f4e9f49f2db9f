"""The settings as they may be shown: every secret is there, and hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, SecretBytes, SecretStr

from config.settings import Settings

HIDDEN = "***"
Shown = str | int | float | bool | None


def masked(settings: Settings) -> dict[str, Shown]:
    """Return every setting by the name of its variable, secrets and passwords hidden."""
    return dict(_flat("", settings))


def without_password(url: str) -> str:
    """Return an address with its password hidden."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    credentials, _, host = parts.netloc.rpartition("@")
    user = credentials.split(":", 1)[0]
    return urlunsplit(parts._replace(netloc=f"{user}:{HIDDEN}@{host}"))


def _flat(prefix: str, section: BaseModel | Mapping[str, object]) -> Iterator[tuple[str, Shown]]:
    # Not dict(section): a section with a field ``keys`` would be taken for a mapping.
    for name, value in section.items() if isinstance(section, Mapping) else section:
        variable = f"{prefix}{name.upper()}"
        if isinstance(value, BaseModel | Mapping):
            yield from _flat(f"{variable}__", value)
        else:
            yield variable, _shown(value)


def _shown(value: object) -> Shown:
    if isinstance(value, SecretStr | SecretBytes):
        return HIDDEN
    if isinstance(value, tuple):
        return ",".join(str(one) for one in value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str) and "://" in value:
        return without_password(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
