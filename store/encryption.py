"""Buyer data at rest: sealed values, their keys, and the one field type that holds them.

A sealed value is a small document: ``key`` (the key's id), ``nonce``, ``data`` (AES-256-GCM,
tag included) and ``digest``.  What it is bound to (account, order, field) is authenticated, so
a value copied to another order does not open.  The digest is keyed too: whether a value changed
can be told without opening it and in spite of the random nonce.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import Malformed, Permanent

KEY_BYTES = 32
NONCE_BYTES = 12
"""The nonce size AES-GCM is made for.  Source: NIST SP 800-38D, 8.2."""

SEALED_PARTS = frozenset({"key", "nonce", "data", "digest"})

Sealed = Mapping[str, Any]
"""A sealed value as MongoDB holds it."""


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys by id.  New values are sealed with ``active``; the others still open old ones."""

    keys: Mapping[str, bytes]
    active: str

    def __repr__(self) -> str:
        """Name the keys, never show them."""
        return f"Keyring({', '.join(sorted(self.keys))}; active {self.active})"


def keys_from(keys: Mapping[str, bytes], active: str) -> Keyring:
    """Return a checked keyring: keys of 32 bytes by their id, and the id of the active one.

    Raises:
        Permanent: a key has another length, or the active one is missing.  Never quotes a key.
    """
    for key_id, key in keys.items():
        if len(key) != KEY_BYTES:
            raise Permanent(f"encryption key {key_id!r} has {len(key)} bytes, not {KEY_BYTES}")
    if active not in keys:
        raise Permanent(f"encryption key {active!r} is the active one, but is not configured")
    return Keyring(dict(keys), active)


@cache
def _aead(key: bytes) -> AESGCM:
    return AESGCM(key)


@cache
def _digest_key(key: bytes) -> bytes:
    """Derive the key of digests, so that no key serves two algorithms."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"digest").derive(key)


@dataclass(frozen=True, slots=True)
class FieldCipher:
    """Seals, opens and compares values of encrypted fields."""

    keyring: Keyring

    def seal(self, plain: bytes, bound_to: Sequence[str]) -> dict[str, Any]:
        """Return ``plain`` as a sealed value that opens only with the same ``bound_to``."""
        key_id = self.keyring.active
        key, nonce = self._key(key_id), os.urandom(NONCE_BYTES)
        return {
            "key": key_id,
            "nonce": nonce,
            "data": _aead(key).encrypt(nonce, plain, _context(key_id, bound_to)),
            "digest": _digest(key, plain, bound_to),
        }

    def open(self, sealed: Sealed, bound_to: Sequence[str]) -> bytes:
        """Return what was sealed.

        Raises:
            Permanent: the key is not configured; the text names it.
            Malformed: the value was changed, or belongs elsewhere.
        """
        key_id = str(sealed["key"])
        key = self._key(key_id)
        try:
            return _aead(key).decrypt(sealed["nonce"], sealed["data"], _context(key_id, bound_to))
        except InvalidTag:
            where = "/".join(bound_to)
            raise Malformed(f"{where} does not open with encryption key {key_id!r}") from None

    def holds(self, sealed: Sealed, plain: bytes, bound_to: Sequence[str]) -> bool:
        """Tell whether ``plain`` is what was sealed, without opening it.

        Raises:
            Permanent: the key is not configured; the text names it.
        """
        key = self._key(str(sealed["key"]))
        return hmac.compare_digest(sealed["digest"], _digest(key, plain, bound_to))

    def is_current(self, sealed: Sealed) -> bool:
        """Whether the value is sealed with the active key."""
        return bool(sealed["key"] == self.keyring.active)

    def reseal(self, sealed: Sealed, bound_to: Sequence[str]) -> dict[str, Any]:
        """Return the same value, sealed with the active key."""
        return self.seal(self.open(sealed, bound_to), bound_to)

    def _key(self, key_id: str) -> bytes:
        try:
            return self.keyring.keys[key_id]
        except KeyError:
            raise Permanent(
                f"encryption key {key_id!r} is not configured; buyer data sealed with it "
                "cannot be read or compared without it"
            ) from None


def _context(key_id: str, bound_to: Sequence[str]) -> bytes:
    """Return the authenticated context; JSON keeps its parts apart whatever they contain."""
    return json.dumps(["sealed/1", key_id, *bound_to]).encode()


def _digest(key: bytes, plain: bytes, bound_to: Sequence[str]) -> bytes:
    return hmac.digest(_digest_key(key), _context("", bound_to) + b"\0" + plain, "sha256")
