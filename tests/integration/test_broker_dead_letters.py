"""Dead letters of a real RabbitMQ on their way into the quarantine."""

from __future__ import annotations

import base64
import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dramatiq
import pika.data
import pytest

from actors.runtime.broker import HardenedRabbitmqBroker, make_broker
from actors.runtime.dead_letters import Rejected, ReturnedTooOften, drain_dead_letters
from actors.runtime.retry_policy import Requeue
from domain.errors import Malformed, Unavailable
from tests.fakes.broker_cases import (
    OURS,
    channel_to,
    counting_consumers,
    depth,
    eventually,
    make,
    publish,
    short_schedule,
    take_all,
    working,
)
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import free_ports

pytestmark = [
    pytest.mark.rabbitmq,
    # pika leaves the sockets of a connection that was cut open.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    short_schedule(monkeypatch)
    yield
    gc.collect()  # What stock leaves open is this test's, not a later one's.


@dataclass
class Keeper:
    kept: list[dict[str, Any]] = field(default_factory=list)
    fails: bool = False

    def __call__(self, message: dict[str, Any], **known: Any) -> None:
        if self.fails:
            raise Unavailable("the store is away")
        self.kept.append({"message": message, **known})


def broker_with_queue(vhost: Vhost, **settings: Any) -> HardenedRabbitmqBroker:
    broker = make(OURS, vhost.amqp_url, **settings)
    assert isinstance(broker, HardenedRabbitmqBroker)
    broker.declare_queue("q", ensure=True)
    return broker


def test_a_message_that_comes_back_too_often_is_quarantined_as_such(vhost: Vhost) -> None:
    broker = broker_with_queue(vhost, first_pause_s=0.01, delivery_limit=2)

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        raise Requeue("nowhere to put it")

    job.send()
    with working(broker):
        eventually(lambda: depth(vhost.amqp_url, "q.XQ") == 1)
    keeper = Keeper()

    assert drain_dead_letters(broker, ["q"], keeper) == 1
    assert isinstance(keeper.kept[0]["error"], ReturnedTooOften)


def test_a_header_that_breaks_pika_breaks_no_consumer_and_no_drain(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = broker_with_queue(vhost)
    seen: list[str] = []
    consumed = counting_consumers(broker, monkeypatch)

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(what: str) -> None:
        seen.append(what)

    encode = pika.data.encode_value

    def encode_milliseconds(pieces: list[bytes], value: object) -> int:
        if value != "now in ms":
            return int(encode(pieces, value))
        pieces.append(b"T" + (1_700_000_000_000).to_bytes(8, "big"))
        return 9

    with monkeypatch.context() as foreign:
        foreign.setattr(pika.data, "encode_value", encode_milliseconds)
        publish(
            vhost.amqp_url,
            "q",
            job.message("with header").encode(),
            b"hello",
            headers={"sent_at": "now in ms", "x-delivery-count": "many"},
        )
    job.send("behind")
    with working(broker, threads=1):
        eventually(lambda: seen == ["with header", "behind"])
        eventually(lambda: depth(vhost.amqp_url, "q.XQ") == 1)

    assert sorted(consumed) == ["q", "q.DQ"]
    assert drain_dead_letters(broker, ["q"], Keeper()) == 1


def test_dead_letters_are_drained_whatever_they_are(vhost: Vhost) -> None:
    broker = broker_with_queue(vhost)

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        raise KeyError

    broker.enqueue(job.message().copy(options={"flow_id": "f1", "account": "a1"}))
    publish(vhost.amqp_url, "q", b"\xffhello")
    with working(broker):
        eventually(lambda: depth(vhost.amqp_url, "q.XQ") == 2)
    publish(vhost.amqp_url, "q.XQ", b"forged", headers={"x-death": "yesterday"})
    publish(vhost.amqp_url, "q.XQ", b"forged too", headers={"x-death": [1]})
    keeper = Keeper()

    assert drain_dead_letters(broker, ["q"], keeper) == 4
    assert drain_dead_letters(broker, ["q"], keeper) == 0

    kept = {type(each["error"]): each for each in keeper.kept[:2]}
    assert kept[Rejected]["message"]["actor_name"] == "job"
    assert (kept[Rejected]["flow_id"], kept[Rejected]["account"]) == ("f1", "a1")
    assert kept[Rejected]["died_at"].tzinfo is not None
    assert base64.b64decode(kept[Malformed]["message"]["body_base64"]) == b"\xffhello"
    assert [each["died_at"] for each in keeper.kept[2:]] == [None, None]
    assert depth(vhost.amqp_url, "q.XQ") == 0


def test_a_letter_that_cannot_be_kept_stays_in_rabbitmq(vhost: Vhost) -> None:
    broker = broker_with_queue(vhost)
    publish(vhost.amqp_url, "q.XQ", b"one", b"two")

    with pytest.raises(Unavailable, match="the store is away"):
        drain_dead_letters(broker, ["q"], Keeper(fails=True))

    assert sorted(take_all(vhost.amqp_url, "q.XQ")) == [b"one", b"two"]


def test_a_drain_brings_a_deleted_dead_letter_queue_back(rabbitmq: RabbitMQ, vhost: Vhost) -> None:
    broker = broker_with_queue(vhost)
    with channel_to(vhost.amqp_url) as channel:
        channel.queue_delete("q.XQ")

    assert drain_dead_letters(broker, ["q"], Keeper()) == 0
    assert "q.XQ" in rabbitmq.management.queues(vhost.name)


def test_without_rabbitmq_a_drain_says_so() -> None:
    (port,) = free_ports(1)
    broker = make_broker(f"amqp://127.0.0.1:{port}/?connection_attempts=1")

    with pytest.raises(Unavailable, match="RabbitMQ"):
        drain_dead_letters(broker, ["q"], Keeper())
