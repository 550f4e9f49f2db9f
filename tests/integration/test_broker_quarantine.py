"""From a failure over RabbitMQ and the store's quarantine back to the stage."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import CurrentMessage

from actors.runtime.dead_letters import drain_dead_letters, republish
from actors.runtime.failures import FailurePolicy
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
