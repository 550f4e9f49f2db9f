from __future__ import annotations

import base64
from pathlib import Path

import pytest

from config.keys import _make_key, encryption_keys
from config.settings import SettingsError, load_settings

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))


def env(**keys: bytes) -> dict[str, str]:
    return {f"ENCRYPTION__KEYS__{i}": base64.b64encode(key).decode() for i, key in keys.items()}


def test_a_single_key_is_the_active_one() -> None:
    keys = encryption_keys(load_settings(env(k1=FIRST)))

    assert (keys.active, dict(keys.keys)) == ("k1", {"k1": FIRST})


def test_old_keys_are_kept_beside_the_active_one() -> None:
    rotated = env(k1=FIRST, k2=SECOND) | {"ENCRYPTION__ACTIVE_KEY": "K2"}

    keys = encryption_keys(load_settings(rotated))

    assert (keys.active, dict(keys.keys)) == ("k2", {"k1": FIRST, "k2": SECOND})


def test_the_embedded_mode_makes_one_key_and_keeps_it(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path / "var")})

    made = encryption_keys(settings)
    again = encryption_keys(settings)

    assert made == again
    assert len(made.keys[made.active]) == 32
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["encryption.key"]
    assert (tmp_path / "var" / "encryption.key").stat().st_mode & 0o077 == 0


def test_each_fresh_data_dir_gets_a_key_of_its_own(tmp_path: Path) -> None:
    one, other = (
        encryption_keys(load_settings({"DATA_DIR": str(tmp_path / name)})) for name in "ab"
    )

    assert one.keys != other.keys


def test_a_damaged_key_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "encryption.key").write_bytes(b"short")

    with pytest.raises(SettingsError, match=r"encryption\.key is not a key of 32 bytes"):
        encryption_keys(load_settings({"DATA_DIR": str(tmp_path)}))
    assert (tmp_path / "encryption.key").read_bytes() == b"short"


def test_a_data_dir_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=r"DATA_DIR: .* cannot be used: Not a directory"):
        encryption_keys(load_settings({"DATA_DIR": str(tmp_path / "file" / "var")}))


def test_keys_do_not_show_when_printed() -> None:
    keys = encryption_keys(load_settings(env(k1=FIRST)))

    assert repr(keys) == "EncryptionKeys(active='k1')"


def test_a_process_that_comes_second_takes_the_key_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "encryption.key"
    _make_key(path)
    first = path.read_bytes()

    _make_key(path)

    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]
