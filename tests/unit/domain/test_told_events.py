"""What orders put into their outboxes is what the public contract says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.runtime.outbox import public_json
from domain.order_changes import announced
from domain.order_enrichment import apply
from domain.orders import Order, OutEvent
from domain.shipment_outcomes import RowOutcome
from domain.told_events import OUTBOUND_MODELS, OutboundEvent
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import NOW, ORDER_ID, imported
from tests.fakes.shipping_values import (
    BAD_CODE,
    PADS,
    after,
    entry,
    in_feed,
    to_ship,
    verdict_on,
)


def read(order: Order, status: str, **changes: Any) -> Order:
    later = NOW + timedelta(minutes=len(order.history))
    record = amazon_order(ORDER_ID, status=status, last_updated_at=later, **changes)
    after = apply(order, record, source="search", now=later)
    assert after is not None
    return after


def everything_told() -> list[OutEvent]:
    item = replace(amazon_order(ORDER_ID).items[0], cancel_requested=True)
    asked = read(read(imported(), "UNSHIPPED"), "UNSHIPPED", items=(item,))
    shipped = [*read(asked, "SHIPPED").outbox, *read(asked, "CANCELLED").outbox]
    order = to_ship()
    took = verdict_on(in_feed(after(entry(), order=order), order), order)
    refused = verdict_on(
        in_feed(after(entry(), order=order), order), order, BAD_CODE, outcome=RowOutcome.REJECTED
    )
    return [
        *shipped,
        *took.outbox,
        *refused.outbox,
        *after(entry(1, (PADS, 9)), order=order).outbox,
    ]


def test_every_event_an_order_tells_is_as_its_schema_says() -> None:
    for event in everything_told():
        model = OUTBOUND_MODELS[event.type].model_validate_json(public_json(event))
        assert (model.event_id, model.type, model.occurred_at) == (
            event.event_id,
            event.type,
            event.at,
        )


def test_every_event_of_the_contract_is_told_somewhere() -> None:
    assert {event.type for event in everything_told()} == set(OUTBOUND_MODELS)


@pytest.mark.parametrize("event_type", sorted(OUTBOUND_MODELS))
def test_the_example_of_a_schema_is_valid(event_type: str) -> None:
    model = OUTBOUND_MODELS[event_type]
    extra = model.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    examples = extra["examples"]
    assert isinstance(examples, list)
    for example in examples:
        assert model.model_validate(example).type == event_type


def test_no_event_carries_buyer_data() -> None:
    for model in OUTBOUND_MODELS.values():
        fields = set(model.model_fields) - set(OutboundEvent.model_fields)
        assert fields <= {
            "order_id",
            "marketplace_id",
            "status",
            "amazon_status",
            "provenance",
            "previous_status",
            "confirmation",
            "shipment_id",
            "shipment_ref",
            "source_event_id",
            "outbound",
            "reason",
            "explanation",
            "warnings",
            "issues",
            "order_item_ids",
        }


def test_the_json_carries_times_with_their_offset() -> None:
    order = announced(imported(), "order.enriched", at=NOW)
    assert b'"occurred_at":"2026-11-23T12:00:00Z"' in public_json(order.outbox[-1])
