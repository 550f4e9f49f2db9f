"""The embedded store: shared by processes, gone after the last of them, back after any kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from domain.errors import Permanent, Unavailable
from store import embedded_server
from store.database import connect
from store.embedded import ROOT, ensure_running, let_go
from store.embedded_place import Place, opened, try_lock, unlock
from tests.fakes.mongo import TEST_KEY

USER = """
import sys
from pathlib import Path
from store.embedded import ensure_running
print(ensure_running(Path(sys.argv[1]), sync=False), flush=True)
sys.stdin.read()
"""


def until(what: Callable[[], bool], *, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@contextmanager
def user(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the store until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def server_at(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


def answers(url: str) -> bool:
    with connect(url, "test", cipher=TEST_KEY) as store:
        try:
            store.ping()
        except Unavailable:
            return False
    return True


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    return asked(pid, "stat").strip()[:1] not in ("", "Z")


def asked(pid: int, what: str) -> str:
    line = ["ps", "-o", f"{what}=", "-p", str(pid)]
    return subprocess.run(line, capture_output=True, text=True, check=False).stdout


def server_pid(data_dir: Path) -> int:
    return int(Place(data_dir).server_pid.read_text())


def supervisor_pid(data_dir: Path) -> int:
    """Return the process id of the supervisor: the parent of the server."""
    return int(asked(server_pid(data_dir), "ppid"))


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A fresh folder; whatever was started there is gone afterwards."""
    folder = tmp_path / "var"
    yield folder
    let_go(folder)
    until(lambda: not folder.exists() or not Place(folder).is_supervised())


def test_two_processes_started_at_once_share_one_server(data_dir: Path) -> None:
    with user(data_dir) as one, user(data_dir) as two:
        urls = {url_of(one), url_of(two)}

        assert len(urls) == 1
        assert answers(urls.pop())


def test_the_server_ends_after_its_last_user_and_data_stays(data_dir: Path) -> None:
    url = ensure_running(data_dir, sync=False)
    with connect(url, "kept", cipher=TEST_KEY) as store:
        store.database["things"].insert_one({"_id": 1})
    pid = server_pid(data_dir)

    let_go(data_dir)
    until(lambda: not is_alive(pid))
    again = ensure_running(data_dir, sync=False)

    with connect(again, "kept", cipher=TEST_KEY) as store:
        assert store.database["things"].find_one() == {"_id": 1}


def test_a_killed_user_does_not_keep_the_server_alive(data_dir: Path) -> None:
    with user(data_dir) as process:
        url_of(process)
        pid = server_pid(data_dir)
        process.send_signal(signal.SIGKILL)
        process.wait()

    until(lambda: not is_alive(pid))
    assert not is_alive(pid)


def test_the_server_stays_while_one_of_two_users_is_there(data_dir: Path) -> None:
    url = ensure_running(data_dir, sync=False)
    with user(data_dir) as process:
        url_of(process)
    until(lambda: process.poll() is not None)

    # Whoever is connected to a server hears of its end at once.
    with (
        socket.create_connection(server_at(url), timeout=2.5) as hears,
        pytest.raises(TimeoutError),
    ):
        hears.recv(1)
    assert answers(url)


def test_a_killed_server_comes_back_on_the_same_port(data_dir: Path) -> None:
    url = ensure_running(data_dir, sync=False)
    killed = server_pid(data_dir)

    os.kill(killed, signal.SIGKILL)
    until(lambda: server_pid(data_dir) != killed)

    assert ensure_running(data_dir, sync=False) == url
    assert answers(url)


def test_after_a_killed_supervisor_its_server_is_replaced(data_dir: Path) -> None:
    with user(data_dir) as process:
        url_of(process)
        orphan = server_pid(data_dir)
        os.kill(supervisor_pid(data_dir), signal.SIGKILL)
        until(lambda: not Place(data_dir).is_supervised())

        url = ensure_running(data_dir, sync=False)

    assert answers(url)
    assert not is_alive(orphan)


def test_after_supervisor_and_server_were_killed_a_new_start_works(data_dir: Path) -> None:
    with user(data_dir) as process:
        url_of(process)
        killed = server_pid(data_dir)
        os.kill(supervisor_pid(data_dir), signal.SIGKILL)
        os.kill(killed, signal.SIGKILL)
        until(lambda: not Place(data_dir).is_supervised())

        assert answers(ensure_running(data_dir, sync=False))


def test_a_supervisor_that_is_just_ending_is_waited_for_and_replaced(data_dir: Path) -> None:
    data_dir.mkdir()
    with opened(Place(data_dir).supervisor) as ending:
        assert try_lock(ending)
        with user(data_dir) as process:
            url = Thread(target=lambda: found.append(url_of(process)))
            found: list[str] = []
            url.start()
            until(lambda: _looks_for_a_supervisor(process, data_dir))
            unlock(ending)
            url.join(20)

            assert answers(found[0])


def _looks_for_a_supervisor(process: subprocess.Popen[str], data_dir: Path) -> bool:
    """Whether the newcomer is past taking the users' lock: then it waits for the supervisor."""
    assert process.poll() is None
    with Place(data_dir).users.open("ab") as file:
        return not try_lock(file)


def test_a_stale_word_of_where_the_server_was_is_not_believed(data_dir: Path) -> None:
    first = ensure_running(data_dir, sync=False)
    other = data_dir.with_name("other")
    other.mkdir()
    # The file tells of another folder's server, as after a kill and a port used again.
    endpoint = (data_dir / "store.endpoint.json").read_text()
    (other / "store.endpoint.json").write_text(endpoint)

    second = ensure_running(other, sync=False)

    assert second != first
    let_go(other)
    until(lambda: not Place(other).is_supervised())


def test_a_missing_server_is_told_in_one_line(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_server, "NATIVE", "no-such-server")
    monkeypatch.setattr(embedded_server, "FALLBACK", "no-such-server-either")

    with pytest.raises(Unavailable, match="not installed: set MONGODB_URL") as told:
        ensure_running(data_dir)

    assert "\n" not in str(told.value)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Permanent, match="cannot be used"):
        ensure_running(tmp_path / "file" / "var")
