"""Each repair of the RabbitMQ broker beside the stock class, which loses in the same harness."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dramatiq
import dramatiq.worker
import pytest
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import CurrentMessage

from actors.runtime.failures import FailurePolicy
from actors.runtime.watchdog import EXIT_CODE
from domain.errors import Unavailable
from tests.fakes.broker_cases import (
    OURS,
    STOCK,
    channel_to,
    depth,
    eventually,
    make,
    publish,
    take_all,
    working,
)
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ

pytestmark = [
    pytest.mark.rabbitmq,
    # pika leaves the sockets of a connection that was cut open, and stock threads die here.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

REPO = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def short_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dramatiq.worker, "CONSUMER_RESTART_DELAY_SECS", 0.1)
    monkeypatch.setattr(dramatiq.worker, "QUEUE_PREFETCH", 16)


@pytest.mark.parametrize(("kind", "lost"), [(STOCK, [8, 9, 10, 11]), (OURS, [])])
def test_work_in_flight_over_a_reconnect_acks_no_other_message(
    rabbitmq: RabbitMQ, vhost: Vhost, kind: str, lost: list[int]
) -> None:
    broker = make(kind, vhost.amqp_url)
    gates = {n: threading.Event() for n in (4, 5, 6, 7)}
    begun: list[int] = []
    done: set[int] = set()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        begun.append(n)
        if n in gates:
            assert gates[n].wait(30)
        done.add(n)

    for n in range(40):
        job.send(n)
    with working(broker) as worker:
        # 4 and 5 are being worked on, 6 to 19 are taken ahead, when the connection is cut.
        eventually(lambda: {4, 5} <= set(begun) and worker.work_queue.qsize() == 14)
        rabbitmq.close_all_connections()
        # The new consumer has taken 4 to 19 once more, under the tags 1 to 16.
        eventually(lambda: worker.work_queue.qsize() == 30)
        gates[4].set()
        gates[5].set()
        # Stock: they ack the tags 5 and 6, which are 8 and 9 by now; then 6 and 7 ack 10 and 11.
        eventually(lambda: {6, 7} <= set(begun))
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        eventually(lambda: not any(thread.running for thread in worker.workers))
        gates[6].set()
        gates[7].set()
        stopping.join()

    left = {json.loads(body)["args"][0] for body in take_all(vhost.amqp_url, "q")}
    assert sorted(set(range(40)) - done - left) == lost


@pytest.mark.parametrize(("kind", "arrived"), [(STOCK, 0), (OURS, 5)])
def test_a_publish_into_a_deleted_queue_is_noticed(vhost: Vhost, kind: str, arrived: int) -> None:
    broker = make(kind, vhost.amqp_url, **({"confirm_delivery": False} if kind == STOCK else {}))
    job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda: None)
    broker.declare_queue("q", ensure=True)
    with channel_to(vhost.amqp_url) as channel:
        channel.queue_delete("q")

    for _ in range(5):
        job.send()
    broker.close()

    assert depth(vhost.amqp_url, "q") == arrived


@pytest.mark.parametrize("kind", [STOCK, OURS])
def test_what_was_published_before_rabbitmq_was_killed_is_there_afterwards(
    private_rabbitmq: PrivateRabbitMQ, kind: str
) -> None:
    vhost = private_rabbitmq.add_vhost(f"killed-{kind}")
    broker = make(kind, vhost.amqp_url, **({"confirm_delivery": False} if kind == STOCK else {}))
    job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda _: None)
    published: list[int] = []
    connected, frozen = threading.Event(), threading.Event()

    def publish_all() -> None:
        job.send(-1)
        connected.set()
        assert frozen.wait(60)
        for n in range(50):
            while n not in published:
                try:
                    job.send(n)
                    published.append(n)
                except BrokerConnectionError:
                    assert kind == OURS, "the stock broker does not notice"

    publisher = threading.Thread(target=publish_all)
    publisher.start()
    assert connected.wait(60)
    server = private_rabbitmq._server
    assert server is not None
    server.send_signal(signal.SIGSTOP)
    os.waitpid(server.pid, os.WUNTRACED)  # From here on it takes bytes and stores nothing.
    frozen.set()
    if kind == STOCK:
        publisher.join()
    assert len(published) == (50 if kind == STOCK else 0)
    private_rabbitmq.kill()
    private_rabbitmq.start()
    publisher.join()
    broker.close()

    assert len(published) == 50
    there = {json.loads(body)["args"][0] for body in take_all(vhost.amqp_url, "q")}
    lost = set(published) - there
    assert len(lost) == (50 if kind == STOCK else 0)


@pytest.mark.parametrize(("kind", "left"), [(STOCK, 0), (OURS, 1)])
def test_a_message_whose_retry_cannot_be_published_is_not_acked(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch, kind: str, left: int
) -> None:
    broker = make(kind, vhost.amqp_url)
    policy = FailurePolicy(broker, MemoryQuarantine())
    tried = threading.Event()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        message = CurrentMessage.get_current_message()
        assert message is not None
        tried.set()
        if kind == STOCK:
            raise Unavailable("503")
        policy.settle("job", message, Unavailable("503"))

    job.send()
    broker.close()
    monkeypatch.setattr(broker, "enqueue", refuse)
    with working(broker) as worker:
        assert tried.wait(30)
        eventually(lambda: worker.work_queue.unfinished_tasks == 0)

    queues = ("q", "q.DQ", "q.XQ")
    assert sum(depth(vhost.amqp_url, name) for name in queues) == left
    assert depth(vhost.amqp_url, "q") == left


def refuse(message: object, *, delay: int | None = None) -> None:
    raise BrokerConnectionError("no publish today")  # type: ignore[no-untyped-call]


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


def counting_consumers(broker: dramatiq.Broker, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    consumed: list[str] = []
    consume = broker.consume

    def counted(queue_name: str, *args: Any, **kwargs: Any) -> Any:
        consumed.append(queue_name)
        return consume(queue_name, *args, **kwargs)

    monkeypatch.setattr(broker, "consume", counted)
    return consumed


@pytest.fixture
def service(
    vhost: Vhost, tmp_path: Path
) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], Path]]]:
    """Start the dramatiq command with one worker process; returns it and its journal."""
    started: list[subprocess.Popen[bytes]] = []

    def start(kind: str, *, threads: int = 1, **extra: str) -> tuple[Any, Path]:
        journal = tmp_path / "journal"
        journal.touch()
        environment = os.environ | extra | {
            "TEST_BROKER": kind,
            "TEST_BROKER_URL": vhost.amqp_url,
            "TEST_JOURNAL": str(journal),
            "PYTHONPATH": str(REPO),
        }  # fmt: skip
        command = [sys.executable, "-m", "dramatiq", "tests.fakes.worker_app:broker"]
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "-p", "1", "-t", str(threads)],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(process)
        return process, journal

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_process_with_a_dead_thread_ends_itself_and_loses_nothing(
    vhost: Vhost, service: Any
) -> None:
    enqueue_for_the_service(OURS, vhost)
    process, _ = service(OURS)

    assert process.wait(timeout=60) == EXIT_CODE
    assert depth(vhost.amqp_url, "first") == 2


def test_stock_a_process_with_a_dead_thread_lives_on_and_does_nothing(
    vhost: Vhost, service: Any
) -> None:
    enqueue_for_the_service(STOCK, vhost)
    process, journal = service(STOCK)

    eventually(lambda: "die" in journal.read_text())
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=3)
    assert journal.read_text() == "die\n"


def enqueue_for_the_service(kind: str, vhost: Vhost) -> None:
    broker = make(kind, vhost.amqp_url)
    broker.enqueue(dramatiq.Message("first", "die", (), {}, {}))
    broker.enqueue(dramatiq.Message("first", "first", (1,), {}, {}))
    broker.close()


def test_sigterm_finishes_what_is_in_flight_and_leaves_the_rest_in_the_queue(
    vhost: Vhost, service: Any, tmp_path: Path
) -> None:
    broker = make(OURS, vhost.amqp_url)
    for n in range(400):
        broker.enqueue(dramatiq.Message("first", "first", (n,), {}, {}))
    broker.close()
    gate = tmp_path / "gate"
    process, journal = service(OURS, threads=4, TEST_GATE=str(gate))
    eventually(lambda: journal.read_text().count("begin") == 4)

    process.send_signal(signal.SIGTERM)
    gate.touch()
    assert process.wait(timeout=60) == 0

    lines = journal.read_text().splitlines()
    begun, ended = named("begin", lines), named("end", lines)
    assert begun == ended
    assert depth(vhost.amqp_url, "first") == 400 - len(ended) > 0

    again, _ = service(OURS, threads=4)
    eventually(lambda: len(named("second", journal.read_text().splitlines())) >= 400)
    again.send_signal(signal.SIGTERM)
    assert again.wait(timeout=60) == 0
    lines = journal.read_text().splitlines()
    # Every one exactly once: a stop in good order repeats nothing either.
    assert named("end", lines) == named("second", lines) == list(range(400))
    assert depth(vhost.amqp_url, "first.XQ") == 0


def named(step: str, lines: list[str]) -> list[int]:
    return sorted(int(line.split()[1]) for line in lines if line.startswith(step + " "))
