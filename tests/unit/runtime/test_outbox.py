from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from actors.runtime.exchange import MemoryExchange
from actors.runtime.outbox import OutboxPorts, send
from domain.errors import Unavailable
from domain.orders import OutEvent
from domain.outbox import Unsent
from tests.fakes.outbox_ports import MemoryOutbox

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def waiting(event_id: str, key: str = "demo/1") -> Unsent:
    body = {"version": 1, "account": "demo", "order_id": "1"}
    return Unsent("orders", key, OutEvent(event_id, "order.imported", NOON, body))


def world(*unsent: Unsent) -> tuple[OutboxPorts, MemoryOutbox, MemoryExchange]:
    outbox, exchange = MemoryOutbox(list(unsent)), MemoryExchange()
    return OutboxPorts(outbox, exchange), outbox, exchange


def test_what_waits_is_told_and_cleared() -> None:
    ports, outbox, exchange = world(waiting("a"), waiting("b"))
    assert send(ports) == 2
    assert [event_id for _, event_id, _ in exchange.told] == ["a", "b"]
    assert outbox.waiting == []
    assert send(ports) == 0


def test_the_event_is_told_by_type_and_as_json() -> None:
    ports, _, exchange = world(waiting("a"))
    send(ports)
    ((event_type, _, body),) = exchange.told
    assert event_type == "order.imported"
    assert json.loads(body) == {
        "event_id": "a",
        "type": "order.imported",
        "occurred_at": "2026-11-23T12:00:00Z",
        "version": 1,
        "account": "demo",
        "order_id": "1",
    }


def test_killed_before_it_is_cleared_the_fact_is_told_again_with_the_same_id() -> None:
    ports, outbox, exchange = world(waiting("a"))
    outbox.raises = [Unavailable("killed here")]
    with pytest.raises(Unavailable):
        send(ports)
    send(ports)
    assert exchange.told[0] == exchange.told[1]
    assert outbox.waiting == []


def test_what_the_broker_did_not_take_still_waits() -> None:
    def away(_type: str, _id: str, _body: bytes) -> None:
        raise Unavailable("RabbitMQ: AMQPConnectionError")

    outbox = MemoryOutbox([waiting("a")])
    with pytest.raises(Unavailable):
        send(OutboxPorts(outbox, away))
    assert outbox.waiting == [waiting("a")]


def test_the_sweep_takes_only_what_no_outbox_told_in_time() -> None:
    ports, outbox, exchange = world(waiting("old", "demo/1"), waiting("new", "demo/2"))
    outbox.ages = {"demo/1": timedelta(minutes=6)}
    assert send(ports, older_than=timedelta(minutes=5)) == 1
    assert [event_id for _, event_id, _ in exchange.told] == ["old"]


def test_at_most_so_many_documents_are_taken_at_once() -> None:
    ports, outbox, _ = world(waiting("a", "1"), waiting("b", "1"), waiting("c", "2"))
    assert send(ports, limit=1) == 2
    assert outbox.waiting == [waiting("c", "2")]
