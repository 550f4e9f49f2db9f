"""Buyer data at rest: what is sealed opens only where it belongs, with the key it names."""

from __future__ import annotations

import pytest
from mongoengine.errors import ValidationError

from domain.errors import Malformed, Permanent
from store.encryption import FieldCipher, Keyring, keys_from
from store.fields import EncryptedField

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
HERE = ("orders", "demo", "701-1", "buyer")
ELSEWHERE = ("orders", "demo", "701-2", "buyer")
CIPHER = FieldCipher(Keyring({"old": OLD}, "old"))
ROTATED = FieldCipher(Keyring({"old": OLD, "new": NEW}, "new"))


def test_what_was_sealed_opens_again() -> None:
    assert CIPHER.open(CIPHER.seal(b"Buyer 17", HERE), HERE) == b"Buyer 17"


def test_a_sealed_value_shows_nothing_and_is_never_the_same_twice() -> None:
    one, two = CIPHER.seal(b"Buyer 17", HERE), CIPHER.seal(b"Buyer 17", HERE)

    assert b"Buyer" not in one["data"]
    assert one["nonce"] != two["nonce"]
    assert one["data"] != two["data"]
    assert one["digest"] == two["digest"]


def test_a_value_copied_to_another_order_does_not_open() -> None:
    with pytest.raises(Malformed, match="orders/demo/701-2/buyer does not open"):
        CIPHER.open(CIPHER.seal(b"Buyer 17", HERE), ELSEWHERE)


def test_a_place_is_more_than_its_letters() -> None:
    sealed = CIPHER.seal(b"Buyer 17", ("orders", "a/b", "c"))

    with pytest.raises(Malformed):
        CIPHER.open(sealed, ("orders", "a", "b/c"))


def test_a_changed_value_does_not_open() -> None:
    sealed = CIPHER.seal(b"Buyer 17", HERE)
    sealed["data"] = bytes([sealed["data"][0] ^ 1]) + sealed["data"][1:]

    with pytest.raises(Malformed):
        CIPHER.open(sealed, HERE)


def test_another_keys_id_does_not_open_it_either() -> None:
    same_key = FieldCipher(Keyring({"old": OLD, "new": OLD}, "new"))
    sealed = {**CIPHER.seal(b"Buyer 17", HERE), "key": "new"}

    with pytest.raises(Malformed):
        same_key.open(sealed, HERE)


def test_whether_a_value_changed_is_told_without_opening_it() -> None:
    sealed = {**CIPHER.seal(b"Buyer 17", HERE), "data": b"unreadable"}

    assert CIPHER.holds(sealed, b"Buyer 17", HERE)
    assert not CIPHER.holds(sealed, b"Buyer 18", HERE)


def test_digests_of_equal_buyers_in_two_orders_tell_nothing() -> None:
    one, two = CIPHER.seal(b"Buyer 17", HERE), CIPHER.seal(b"Buyer 17", ELSEWHERE)

    assert one["digest"] != two["digest"]


def test_the_digest_is_not_made_with_the_encryption_key_itself() -> None:
    other = FieldCipher(Keyring({"old": NEW}, "old"))

    assert not other.holds(CIPHER.seal(b"Buyer 17", HERE), b"Buyer 17", HERE)


def test_after_a_rotation_old_values_open_and_new_ones_have_the_new_key() -> None:
    old = CIPHER.seal(b"Buyer 17", HERE)
    resealed = ROTATED.reseal(old, HERE)

    assert ROTATED.open(old, HERE) == b"Buyer 17"
    assert ROTATED.holds(old, b"Buyer 17", HERE)
    assert (ROTATED.is_current(old), ROTATED.is_current(resealed)) == (False, True)
    assert resealed["key"] == "new"
    assert ROTATED.open(resealed, HERE) == b"Buyer 17"


def test_a_missing_key_is_named() -> None:
    sealed = ROTATED.seal(b"Buyer 17", HERE)

    with pytest.raises(Permanent, match="'new' is not configured"):
        CIPHER.open(sealed, HERE)
    with pytest.raises(Permanent, match="'new' is not configured"):
        CIPHER.holds(sealed, b"Buyer 17", HERE)


def test_a_keyring_is_checked_and_never_shows_its_keys() -> None:
    assert repr(keys_from({"a": OLD, "b": NEW}, "b")) == "Keyring(a, b; active b)"
    with pytest.raises(Permanent, match="'c' is the active one, but is not configured"):
        keys_from({"a": OLD}, "c")
    with pytest.raises(Permanent, match="'a' has 5 bytes, not 32"):
        keys_from({"a": b"short"}, "a")


def test_an_encrypted_field_refuses_what_is_not_sealed() -> None:
    field = EncryptedField()

    field.validate(CIPHER.seal(b"Buyer 17", HERE))
    for plain in ("Buyer 17", {"name": "Buyer 17"}, b"Buyer 17", None):
        with pytest.raises(ValidationError) as refused:
            field.validate(plain)
        assert "Buyer" not in str(refused.value)
