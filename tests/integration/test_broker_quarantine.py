"""From a failure over RabbitMQ and the store's quarantine back to the stage."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import CurrentMessage

from actors.runtime.dead_letters import drain_dead_letters
from actors.runtime.failures import FailurePolicy
from actors.runtime.replays import republish
from domain.errors import Refused
from store.database import Store
from tests.fakes.broker_cases import OURS, depth, eventually, make, publish, working
from tests.fakes.mongo import fresh_store
from tests.fakes.rabbitmq_management import Vhost

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with fresh_store(url) as opened:
        yield opened


def test_a_message_kept_twice_over_is_sent_again_once_and_then_succeeds(
    vhost: Vhost, store: Store
) -> None:
    broker = make(OURS, vhost.amqp_url)
    policy = FailurePolicy(broker, store.quarantine)
    healed = threading.Event()
    done: list[Any] = []

    @dramatiq.actor(broker=broker, queue_name="poll_report", actor_name="poll_report")
    def run(number: int) -> None:
        message = CurrentMessage.get_current_message()
        assert message is not None
        if healed.is_set():
            done.append((number, message.message_id, message.options))
        else:
            refusal = Refused("getReport", code="InvalidInput", status=400)
            policy.settle("poll_report", message, refusal)

    sent = run.message(7).copy(options={"flow_id": "f1", "account": "a1"})
    broker.enqueue(sent)
    broker.enqueue(sent)  # RabbitMQ may deliver a message twice.
    publish(vhost.amqp_url, "poll_report", b"\x00not ours")
    with working(broker) as worker:
        eventually(lambda: len(store.quarantine.find()) == 1)
        eventually(lambda: depth(vhost.amqp_url, "poll_report.XQ") == 1)
        drain_dead_letters(broker, ["poll_report"], store.quarantine.keep)
        groups = [(group.error_class, group.count) for group in store.quarantine.groups()]
        assert groups == [("Malformed", 1), ("Refused", 1)]
        eventually(lambda: worker.work_queue.unfinished_tasks == 0)

        healed.set()
        (entry,) = store.quarantine.find(error_class="Refused")
        republish(broker, entry, lambda each: store.quarantine.mark_retried(each, who="kim"))
        eventually(lambda: len(done) == 1)

    assert done == [(7, sent.message_id, {"flow_id": "f1", "account": "a1", "replays": 1})]
    assert (settled := store.quarantine.get(entry.id)) is not None
    assert (settled.state, settled.settled_by) == ("retried", "kim")
    assert [each.error_class for each in store.quarantine.find()] == ["Malformed"]


def test_a_letter_with_a_number_no_document_holds_is_kept_and_so_are_those_behind_it(
    vhost: Vhost, store: Store
) -> None:
    broker = make(OURS, vhost.amqp_url)
    for queue in ("poll_report", "import_orders"):
        broker.declare_queue(queue, ensure=True)
        for number, attempts in enumerate((10**30, 3)):
            options = {"attempts": attempts, "flow_id": f"f{number}"}
            body = dramatiq.Message[None](queue, queue, (), {}, options, f"m{number}", 1).encode()
            publish(vhost.amqp_url, f"{queue}.XQ", body)

    with closing(broker):
        assert (
            drain_dead_letters(broker, ["poll_report", "import_orders"], store.quarantine.keep) == 4
        )

    kept = store.quarantine.find()
    assert [(each.stage, each.flow_id, each.attempts) for each in kept] == [
        ("poll_report", "f0", 10_000),
        ("poll_report", "f1", 3),
        ("import_orders", "f0", 10_000),
        ("import_orders", "f1", 3),
    ]
    assert kept[0].message["options"]["attempts"] == 10**30
    assert depth(vhost.amqp_url, "poll_report.XQ") == 0
    assert depth(vhost.amqp_url, "import_orders.XQ") == 0


def test_a_letter_the_store_refuses_outright_is_kept_in_part(vhost: Vhost, store: Store) -> None:
    broker = make(OURS, vhost.amqp_url)
    broker.declare_queue("poll_report", ensure=True)
    body = dramatiq.Message[None]("poll_report", "poll_report", (), {}, {}, "m1", 1).encode()
    publish(vhost.amqp_url, "poll_report.XQ", body, b"behind it")

    def keep(message: dict[str, Any], **known: Any) -> None:
        """Keep in a store that takes no number of more than 64 bits, as MongoDB does."""
        attempts = 2**64 if "body_base64" not in message else 0
        store.quarantine.keep(message, **{**known, "attempts": attempts})

    with closing(broker):
        assert drain_dead_letters(broker, ["poll_report"], keep) == 2

    part, behind = store.quarantine.find()
    assert (part.error_class, part.error) == (
        "KeptInPart",
        "the letter could not be kept as it was: StoreDefect",
    )
    assert base64.b64decode(part.message["body_base64"]) == body
    assert base64.b64decode(behind.message["body_base64"]) == b"behind it"
    assert depth(vhost.amqp_url, "poll_report.XQ") == 0


def test_a_message_announced_anew_after_a_decision_is_open_again(store: Store) -> None:
    now_ms = time.time_ns() // 1_000_000
    known: dict[str, Any] = {
        "stage": "q",
        "flow_id": "f1",
        "account": "a1",
        "error": KeyError("x"),
        "traceback": None,
        "attempts": 3,
        "kind": "defect",
        "source": "stage",
    }
    first = dramatiq.Message[None]("q", "q", (1,), {}, {}, "m1", now_ms).asdict()
    anew = {**first, "message_timestamp": now_ms + 3_600_000}
    store.quarantine.keep(first, **known)
    store.quarantine.discard(store.quarantine.find()[0].id, reason="a test order", who="kim")
    assert store.quarantine.find() == []

    for _ in range(2):
        store.quarantine.keep(anew, **known)

    (again,) = store.quarantine.find()
    assert [(each.state, each.settled_by, each.reason) for each in again.decisions] == [
        ("discarded", "kim", "a test order")
    ]
    assert again.message["message_timestamp"] == now_ms + 3_600_000
    assert store.quarantine.find(state="discarded") == []


def test_eight_workers_that_keep_the_same_message_at_once_keep_it_once(store: Store) -> None:
    message = dramatiq.Message[None]("q", "q", (1,), {}, {}, "m1", 1).asdict()
    start = threading.Barrier(8)
    failures: list[BaseException] = []

    def keep() -> None:
        start.wait()
        try:
            store.quarantine.keep(
                message,
                stage="q",
                flow_id="f1",
                account="a1",
                error=KeyError("x"),
                traceback=None,
                attempts=3,
                kind="defect",
                source="stage",
            )
        except BaseException as exc:  # noqa: BLE001  a thread's failure is the test's
            failures.append(exc)

    threads = [threading.Thread(target=keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(store.quarantine.find()) == 1
