"""The keys that buyer data is encrypted with.  The embedded mode makes one for itself."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.sections import KEY_BYTES
from config.settings import Settings
from config.sources import SettingsError

EMBEDDED_KEY = "embedded"
KEY_FILE = "encryption.key"


@dataclass(frozen=True, slots=True)
class EncryptionKeys:
    """Keys of 32 bytes by their id.  New values are encrypted with the active one."""

    active: str
    keys: Mapping[str, bytes] = field(repr=False)


def encryption_keys(settings: Settings) -> EncryptionKeys:
    """Return the configured keys, or the embedded mode's own, which is made when first asked for.

    Raises:
        SettingsError: the embedded mode's key file cannot be made or is not a key.
    """
    configured = {name: key.get_secret_value() for name, key in settings.encryption.keys.items()}
    if configured:
        return EncryptionKeys(settings.encryption.active_key or next(iter(configured)), configured)
    return EncryptionKeys(EMBEDDED_KEY, {EMBEDDED_KEY: _embedded_key(settings.data_dir)})


def _embedded_key(data_dir: Path) -> bytes:
    path = data_dir / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as failed:
        raise SettingsError(f"DATA_DIR: {path} cannot be used: {failed.strerror}") from None
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"DATA_DIR: {path} is not a key of {KEY_BYTES} bytes: bring the right file back, "
            "or use a fresh DATA_DIR"
        )
    return key


def _make_key(path: Path) -> None:
    # Written aside and linked into place: of two processes that start at once, both see one whole
    # key, and a key that is there is never replaced.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=KEY_FILE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return
    finally:
        Path(aside).unlink()
