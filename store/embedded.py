"""The embedded store: a MongoDB-compatible server under ``DATA_DIR``, started when first needed.

Several processes may use one ``DATA_DIR`` at once.  Each holds a shared lock on it for as long as
it lives; a supervisor (``store.embedded_supervisor``) runs the server and ends it a second after
the last of them is gone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from domain.errors import Permanent, Unavailable
from store.embedded_place import Place, hold_shared, locked
from store.embedded_server import START_LIMIT_S, find_binary

ROOT = Path(__file__).resolve().parent.parent
ANSWER_LIMIT_MS = 2000
MOST_STARTS = 3

_held: dict[Path, int] = {}
"""Our own shared locks, by folder.  Forked children share them and keep them alive."""
_one_at_a_time = threading.Lock()


def ensure_running(data_dir: Path, *, sync: bool = True) -> str:
    """Return the URL of this ``DATA_DIR``'s store; start it if it is not running.

    It stays for as long as this process (or another user of it) lives.  ``sync``: what is
    acknowledged is on disk; matters only to whoever starts it.

    Raises:
        Unavailable: the server is not installed or does not start; the text says where its log is.
        Permanent: the folder cannot be used.
    """
    place = Place(data_dir.resolve())
    with _one_at_a_time:
        _hold(place)
        url = _answering(place)
        if url is None:
            with locked(place.starting):
                url = _answering(place) or _start(place, sync=sync)
    return url


def let_go(data_dir: Path) -> None:
    """Stop counting as a user of the store before the process ends."""
    with _one_at_a_time:
        descriptor = _held.pop(data_dir.resolve(), None)
        if descriptor is not None:
            os.close(descriptor)


def _hold(place: Place) -> None:
    if place.folder in _held:
        return
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        # While the last server is being ended, its supervisor holds this lock and we wait.
        _held[place.folder] = hold_shared(place.users)
    except OSError as exc:
        raise Permanent(f"DATA_DIR {place.folder} cannot be used: {exc.strerror}") from None


def _answering(place: Place) -> str | None:
    """Return the URL if the server is supervised and answers."""
    endpoint = place.endpoint() if place.is_supervised() else None
    if endpoint is None:
        return None
    client: MongoClient[dict[str, Any]] = MongoClient(
        endpoint.url, serverSelectionTimeoutMS=ANSWER_LIMIT_MS, connectTimeoutMS=ANSWER_LIMIT_MS
    )
    with client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return None
    return endpoint.url


def _start(place: Place, *, sync: bool) -> str:
    """Have a supervisor, and wait until its server answers.

    The one that is there may be ending just now, and a new one gives way when somebody else is
    looking at its lock in that very moment; so one start that came to nothing is no verdict.
    """
    find_binary()
    deadline, starts = time.monotonic() + START_LIMIT_S, 0
    while time.monotonic() < deadline:
        if not place.is_supervised():
            if starts == MOST_STARTS:
                break
            starts += 1
            place.retract()  # A killed supervisor's word; the port may be another server's by now.
            _supervise(place, sync=sync)
        while place.is_supervised() and time.monotonic() < deadline:
            url = _answering(place)
            if url is not None:
                return url
            time.sleep(0.05)
    raise Unavailable(f"the embedded store did not start; see {place.log}")


def _supervise(place: Place, *, sync: bool) -> None:
    """Start the supervisor; it detaches itself, so this returns at once."""
    arguments = [str(place.folder), *([] if sync else ["--no-sync"])]
    with place.log.open("ab") as log:
        subprocess.run(  # noqa: S603  our own module
            [sys.executable, "-m", "store.embedded_supervisor", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
