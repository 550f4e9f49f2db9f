from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.runtime.amazon_metrics import status_class
from actors.runtime.metrics import (
    Metrics,
    OrderEvent,
    ShipmentEvent,
    order_events,
    shipment_event,
)
from domain.orders import EnrichmentState, Order, OrderStatus, Provenance
from tests.fakes.clock import START
from tests.fakes.order_values import NOW, imported
from tests.fakes.shipping_values import (
    NEW_BOOK,
    PADS,
    accepted,
    after,
    entry,
    in_feed,
    item,
    only,
    to_ship,
)


def stored(**changes: object) -> Order:
    known: dict[str, Any] = {"purchased_at": START, "imported_at": START + timedelta(minutes=20)}
    return imported(**{**known, **changes})


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"connector_{name}", labels)


def test_a_created_order_is_imported_and_its_age_is_measured_once() -> None:
    metrics, order = Metrics(), stored()

    metrics.orders.written(None, order)
    metrics.orders.written(order, replace(order, ship_service_level="Expedited"))

    assert value(metrics, "orders_total", event="imported") == 1.0
    assert value(metrics, "order_import_age_seconds_sum") == 1200.0
    assert value(metrics, "order_import_age_seconds_count") == 1.0


def test_the_first_reading_of_an_order_is_its_enrichment() -> None:
    metrics, due = Metrics(), stored(enrichment=EnrichmentState.DUE)
    read = replace(due, enrichment=EnrichmentState.COMPLETE, read_at=START + timedelta(minutes=21))

    metrics.orders.written(due, read)
    metrics.orders.written(read, replace(read, read_at=START + timedelta(hours=9)))

    assert value(metrics, "orders_total", event="enriched") == 1.0
    assert value(metrics, "order_enrich_age_seconds_sum") == 60.0


_CHANGES = [
    (None, {"provenance": Provenance.REPORT}, [OrderEvent.IMPORTED]),
    (None, {"provenance": Provenance.RECOVERED}, [OrderEvent.IMPORTED, OrderEvent.RECOVERED]),
    ({}, {"status": OrderStatus.FULFILLED}, [OrderEvent.FULFILLED]),
    ({}, {"status": OrderStatus.CANCELED}, [OrderEvent.CANCELED]),
    ({"status": OrderStatus.CANCELED}, {"status": OrderStatus.CANCELED}, []),
    ({}, {"amazon_status": "Unshipped"}, []),
]


@pytest.mark.parametrize(("before", "after", "events"), _CHANGES)
def test_an_event_is_what_the_change_made_true(
    before: dict[str, object] | None, after: dict[str, object], events: list[OrderEvent]
) -> None:
    was = None if before is None else stored(**before)

    assert order_events(was, stored(**after)) == events


def test_an_order_older_than_amazons_clock_says_is_of_age_zero() -> None:
    metrics = Metrics()

    metrics.orders.written(None, stored(imported_at=START - timedelta(seconds=5)))

    assert value(metrics, "order_import_age_seconds_sum") == 0.0


_CLASSES = [(200, "2xx"), (202, "2xx"), (403, "4xx"), (429, "429"), (503, "5xx"), (None, "none")]


@pytest.mark.parametrize(("status", "name"), _CLASSES)
def test_an_answer_is_counted_by_its_class(status: int | None, name: str) -> None:
    metrics = Metrics()

    metrics.amazon.answered("getReport", status, 0.25)

    assert status_class(status) == name
    assert value(metrics, "amazon_requests_total", operation="getReport", status_class=name) == 1.0
    assert value(metrics, "amazon_request_duration_seconds_sum", operation="getReport") == 0.25


def test_a_first_429_is_an_increase() -> None:
    metrics = Metrics()

    metrics.amazon.begin_at_zero(["getReport"])

    assert value(metrics, "amazon_requests_total", operation="getReport", status_class="429") == 0.0


def test_a_package_is_accepted_once_and_its_age_is_that_of_its_first_acceptance() -> None:
    metrics, order = Metrics(), to_ship(item(PADS, "PADS", unshipped=1))
    due = after(entry(), order=order)
    sent = in_feed(due, order)
    done = accepted(entry(), order=order)
    assert only(done).accepted_at == NOW

    metrics.shipments.written(NEW_BOOK, due)
    metrics.shipments.written(due, sent)
    metrics.shipments.written(sent, done)
    metrics.shipments.written(done, done)

    assert value(metrics, "shipments_total", event="recorded") == 1.0
    assert value(metrics, "shipments_total", event="accepted") == 1.0
    assert value(metrics, "shipments_total", event="rejected") == 0.0
    assert value(metrics, "tracking_acceptance_age_seconds_count") == 1.0
    age = NOW - only(done).first_entered_at
    assert value(metrics, "tracking_acceptance_age_seconds_sum") == age.total_seconds()


def test_an_accepted_correction_is_no_second_first_acceptance() -> None:
    metrics, order = Metrics(), to_ship(item(PADS, "PADS", unshipped=1))
    before = accepted(entry(), order=order)
    again = before.with_shipment(replace(only(before), in_feed="other"))
    done = before.with_shipment(replace(only(before), accepted="other"))

    metrics.shipments.written(again, done)

    assert value(metrics, "shipments_total", event="accepted") == 1.0
    assert value(metrics, "tracking_acceptance_age_seconds_count") == 0.0


def test_what_amazon_refused_is_rejected_and_what_left_its_feed_otherwise_is_nothing() -> None:
    order = to_ship(item(PADS, "PADS", unshipped=1))
    sent = only(in_feed(after(entry(), order=order), order))
    left = replace(sent, in_feed="")

    assert shipment_event(sent, replace(left, refusals=1)) is ShipmentEvent.REJECTED
    assert shipment_event(sent, left) is None
    assert shipment_event(left, replace(left, refused="x")) is None
