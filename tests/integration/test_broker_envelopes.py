"""Foreign envelopes, on the stock class and on ours."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import dramatiq.worker
import pika.data
import pytest

from actors.runtime import foreign_headers
from tests.fakes.broker_cases import (
    OURS,
    STOCK,
    counting_consumers,
    depth,
    eventually,
    make,
    publish,
    short_schedule,
    take_all,
    working,
)
from tests.fakes.rabbitmq_management import Vhost

pytestmark = [
    pytest.mark.rabbitmq,
    # pika leaves the sockets of a connection that was cut open, and stock threads die here.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    short_schedule(monkeypatch)
    yield
    gc.collect()  # What stock leaves open is this test's, not a later one's.


ENVELOPE: dict[str, Any] = {
    "queue_name": "q",
    "actor_name": "job",
    "args": ["foreign"],
    "kwargs": {},
    "options": {},
    "message_id": "11111111-1111-4111-8111-111111111111",
    "message_timestamp": 1_700_000_000_000,
}
KILLERS: dict[str, dict[str, Any]] = {
    "another queue's name": {"queue_name": "other"},
    "options null": {"options": None},
    "options.throws of the wrong type": {"options": {"throws": "x"}, "args": ["fail"]},
    "options.eta for ever": {"options": {"eta": 9e15}},
}


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def one_thread(
    vhost: Vhost, seen: list[str]
) -> Callable[[str], tuple[dramatiq.Broker, dramatiq.Actor[[str], None]]]:
    def build(kind: str) -> tuple[dramatiq.Broker, dramatiq.Actor[[str], None]]:
        broker = make(kind, vhost.amqp_url)

        @dramatiq.actor(broker=broker, queue_name="q")
        def job(what: str) -> None:
            seen.append(what)
            if what == "fail":
                raise KeyError(what)

        broker.declare_queue("q", ensure=True)
        return broker, job

    return build


@pytest.mark.parametrize("foreign", [*KILLERS.values()], ids=[*KILLERS])
def test_stock_a_foreign_envelope_kills_the_thread_or_holds_up_the_queue(
    vhost: Vhost,
    seen: list[str],
    one_thread: Any,
    monkeypatch: pytest.MonkeyPatch,
    foreign: dict[str, Any],
) -> None:
    monkeypatch.setattr(dramatiq.worker, "QUEUE_PREFETCH", 1)
    broker, job = one_thread(STOCK)
    publish(vhost.amqp_url, "q", json.dumps({**ENVELOPE, **foreign}).encode())
    job.send("good")
    consumed = counting_consumers(broker, monkeypatch)

    with working(broker, threads=1) as worker:
        eventually(
            lambda: (
                not worker.workers[0].is_alive()
                or consumed.count("q") > 3
                or worker.consumers["q"].delay_queue.qsize() == 1
            )
        )
        assert "good" not in seen


def test_ours_foreign_envelopes_go_to_the_dead_letters_and_the_rest_is_processed(
    vhost: Vhost, seen: list[str], one_thread: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, job = one_thread(OURS)
    shapes = [json.dumps({**ENVELOPE, **foreign}).encode() for foreign in KILLERS.values()]
    shapes += [json.dumps({**ENVELOPE, "args": {"what": 1}}).encode()]
    shapes += [b"", b"hello", b"\xff\xfe", b"[1]", b"[" * 100_000, b"9" * 10_000]
    publish(vhost.amqp_url, "q", *shapes)
    job.send("good")
    consumed = counting_consumers(broker, monkeypatch)

    with working(broker, threads=1) as worker:
        eventually(lambda: "good" in seen)
        threads = [*worker.workers, *worker.consumers.values()]
        assert all(thread.is_alive() for thread in threads)

    assert sorted(consumed) == ["q", "q.DQ"]
    assert depth(vhost.amqp_url, "q") == 0
    # Taming its options made one envelope harmless: it was processed.  Another one then failed.
    assert seen == ["fail", "foreign", "good"]
    dead = take_all(vhost.amqp_url, "q.XQ")
    assert sorted(dead) == sorted(body for body in shapes if b"9000000000000000" not in body)


@pytest.mark.parametrize("kind", [STOCK, OURS])
def test_a_nest_of_header_tables_holds_up_nothing_behind_it(
    vhost: Vhost, seen: list[str], one_thread: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(dramatiq.worker, "QUEUE_PREFETCH", 1)
    monkeypatch.setattr(pika.data, "decode_value", foreign_headers._read_strictly)
    broker, job = one_thread(kind)
    nest: dict[str, Any] = {}
    for _ in range(600):
        nest = {"a": nest}
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    publish(vhost.amqp_url, "q", json.dumps(ENVELOPE).encode(), headers=nest)
    sys.setrecursionlimit(limit)
    job.send("good")

    with working(broker, threads=1):
        if kind == OURS:
            eventually(lambda: seen == ["foreign", "good"])
        else:
            with pytest.raises(AssertionError, match="in time"):
                eventually(lambda: seen, within_s=2)
