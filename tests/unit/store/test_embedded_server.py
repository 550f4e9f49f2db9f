"""How the embedded server is found and started: its command line, its fallback, its absence."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import Unavailable
from store.embedded_server import command, find_binary

STORAGE = Path("/data/store")


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs with our Python in it; nothing else is on the PATH."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    return tmp_path


def install(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    return program


def test_the_native_server_is_told_to_sync_and_to_keep_its_log_short() -> None:
    line = command(Path("/bin/secantusd-rs"), STORAGE, port=0, sync=True)

    assert line[:5] == ["/bin/secantusd-rs", "--host", "127.0.0.1", "--port", "0"]
    assert line[line.index("--storage-path") + 1] == "/data/store"
    assert "--sync-on-commit" in line
    assert line[line.index("--log-file-max") + 1] == "100MB"


def test_the_fallback_is_not_given_what_it_does_not_know() -> None:
    line = command(Path("/bin/secantusd-py"), STORAGE, port=7, sync=False)

    assert "--log-file-max" not in line
    assert "--sync-on-commit" not in line
    assert line[line.index("--port") + 1] == "7"


def test_the_native_server_is_preferred(bin_dir: Path) -> None:
    install(bin_dir, "secantusd-py")
    native = install(bin_dir, "secantusd-rs")

    assert find_binary() == native


def test_the_fallback_is_taken_when_there_is_no_native_server(bin_dir: Path) -> None:
    fallback = install(bin_dir, "secantusd-py")

    assert find_binary() == fallback


def test_a_server_on_the_path_will_do(bin_dir: Path) -> None:
    elsewhere = install(bin_dir / "elsewhere", "secantusd-rs")

    assert find_binary() == elsewhere


def test_without_a_server_it_is_said_what_to_do(bin_dir: Path) -> None:
    with pytest.raises(Unavailable, match=r"set MONGODB_URL, or install secantusdb"):
        find_binary()
