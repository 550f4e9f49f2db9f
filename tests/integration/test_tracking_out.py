"""Tracking out, from an entry to Amazon's verdict, with a real store and a local Amazon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.feeds import FeedState
from domain.orders import OrderStatus
from domain.shipments import Outbound
from tests.fakes.mongo import mongodb_url
from tests.fakes.tracking_system import NUMBER, TrackingSystem, item_id, tracking_system


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with mongodb_url() as found:
        yield found


@pytest.fixture
def system(url: str) -> Iterator[TrackingSystem]:
    with tracking_system(url) as ready:
        yield ready


def test_tracking_reaches_amazon_and_the_order_is_fulfilled(system: TrackingSystem) -> None:
    order_id = system.order(1, ("BP-100", 2))
    system.import_orders()

    system.enter(order_id, ("BP-100", 2), ship_method="Ground")
    assert system.stands(order_id) == [(Outbound.DUE, "")]
    assert system.known(order_id).status is OrderStatus.NEW
    system.send()

    [feed] = system.feeds()
    assert feed.state is FeedState.APPLIED
    assert system.rows(feed) == [
        [order_id, item_id(1), "2", "2026-11-23", "UPS", "", NUMBER, "Ground"]
    ]
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
    order = system.known(order_id)
    assert order.status is OrderStatus.FULFILLED
    assert order.shipping["confirmation"] == "confirmed"
    assert [each.event.type for each in system.app.store.outbox.unsent(limit=9)] == [
        "order.imported",
        "order.enriched",
        "order.fulfilled",
        "shipment.accepted",
    ]
