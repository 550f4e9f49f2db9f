from __future__ import annotations

import pytest

from domain.ledger import RowOutcome, RowVerdict, SkipReason
from domain.order_import import FirstSeen, decide, explain_skip
from domain.orders import EnrichmentState, OrderStatus, Provenance
from tests.fakes.order_values import NOW, ORDER_ID, imported, minutes, parsed, report

OPEN = FirstSeen.OPEN_ORDERS
PENDING_ONLY = FirstSeen.PENDING_ONLY


def first_verdict(**changes: str) -> RowVerdict:
    [verdict] = decide(None, [parsed(2, "Pending", **changes)], report(), OPEN).verdicts
    return verdict


@pytest.mark.parametrize("policy", FirstSeen)
@pytest.mark.parametrize("status", ["Pending", "Pending - Waiting for Pick Up"])
def test_an_order_first_seen_pending_is_created(policy: FirstSeen, status: str) -> None:
    decision = decide(None, [parsed(2, status)], report(), policy)

    assert decision.verdicts == (RowVerdict(2, ORDER_ID, RowOutcome.CREATED),)
    order = decision.order
    assert order is not None
    assert (order.status, order.provenance) == (OrderStatus.NEW, Provenance.REPORT)
    assert (order.enrichment, order.next_read_at) == (EnrichmentState.DUE, NOW)


@pytest.mark.parametrize("status", ["Unshipped", "PartiallyShipped", "Shipping"])
def test_an_open_order_whose_pending_stage_fell_between_two_cycles_is_recovered(
    status: str,
) -> None:
    decision = decide(None, [parsed(2, status)], report(), OPEN)

    assert decision.verdicts == (RowVerdict(2, ORDER_ID, RowOutcome.CREATED, recovered=True),)
    assert decision.order is not None
    assert decision.order.provenance is Provenance.RECOVERED
    assert decision.order.status is OrderStatus.NEW


@pytest.mark.parametrize(
    ("_case", "policy", "status", "reason"),
    [
        ("literal rule", PENDING_ONLY, "Unshipped", SkipReason.NOT_PENDING),
        ("shipped", OPEN, "Shipped", SkipReason.FIRST_SEEN_SHIPPED),
        ("delivered", PENDING_ONLY, "Shipped - Delivered to Buyer", SkipReason.FIRST_SEEN_SHIPPED),
        ("cancelled", OPEN, "Cancelled", SkipReason.FIRST_SEEN_CANCELLED),
        ("unknown", OPEN, "Abgeschickt", SkipReason.UNKNOWN_STATUS),
        ("unfulfillable", OPEN, "Unfulfillable", SkipReason.FULFILLED_BY_AMAZON),
    ],
)
def test_an_order_first_seen_later_is_skipped_with_the_reason(
    _case: str, policy: FirstSeen, status: str, reason: SkipReason
) -> None:
    decision = decide(None, [parsed(2, status), parsed(3, status)], report(), policy)

    assert decision.order is None
    assert decision.verdicts == (
        RowVerdict(2, ORDER_ID, RowOutcome.SKIPPED, reason),
        RowVerdict(3, ORDER_ID, RowOutcome.SKIPPED, reason),
    )


@pytest.mark.parametrize("channel", ["Amazon", "AFN", "amazon", "Amazon_NA", "afn"])
def test_what_amazon_ships_itself_is_not_ours(channel: str) -> None:
    assert first_verdict(fulfillment_channel=channel).reason is SkipReason.FULFILLED_BY_AMAZON


@pytest.mark.parametrize(
    "changes",
    [
        {"sales_channel": "Non-Amazon"},
        {"sales_channel": "Non-Amazon US"},
        {"sales_channel": "non-amazon us", "fulfillment_channel": "Amazon"},
        {"order_id": "S01-1111111-2222222"},
    ],
)
def test_what_was_not_bought_on_amazon_is_not_ours(changes: dict[str, str]) -> None:
    assert first_verdict(**changes).reason is SkipReason.NOT_AN_AMAZON_ORDER


@pytest.mark.parametrize("channel", ["Amazon.atlantis", ""])
def test_an_unknown_sales_channel_is_imported_and_flagged(channel: str) -> None:
    order = imported(parsed(sales_channel=channel))

    assert order.flags == ("unknown_sales_channel",)
    assert (order.marketplace_id, order.sales_channel) == ("", channel)


def test_a_sales_channel_names_the_marketplace_in_any_case() -> None:
    order = imported(parsed(sales_channel="amazon.DE"))

    assert (order.marketplace_id, order.flags) == ("A1PA6795UKMFR9", ())


@pytest.mark.parametrize("channel", ["", "Drone"])
def test_an_unknown_fulfillment_channel_is_imported_and_flagged(channel: str) -> None:
    assert imported(parsed(fulfillment_channel=channel)).flags == ("unknown_fulfillment_channel",)


def test_the_newest_of_several_rows_decides_what_is_seen_first() -> None:
    rows = [parsed(2, "Pending"), parsed(3, "Unshipped", last_updated_at=minutes(5))]

    order = imported(*rows)

    assert (order.amazon_status, order.amazon_status_at) == ("Unshipped", minutes(5))
    assert [event.type for event in order.outbox] == ["order.imported"]


@pytest.mark.parametrize("reason", SkipReason)
def test_every_reason_has_an_explanation_and_an_advice(reason: SkipReason) -> None:
    sentence, advice = explain_skip(reason)

    assert sentence.endswith(".")
    assert advice.endswith(".")


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("policy", FirstSeen)
def test_rows_of_a_new_order_that_disagree_at_the_same_time_are_what_is_further_along(
    policy: FirstSeen, *, flipped: bool
) -> None:
    rows = [parsed(2, "Pending"), parsed(3, "Cancelled", sku="OF-7")]

    decision = decide(None, rows[::-1] if flipped else rows, report(), policy)

    assert decision.order is None
    assert [(each.outcome, each.reason) for each in decision.verdicts] == [
        (RowOutcome.SKIPPED, SkipReason.FIRST_SEEN_CANCELLED)
    ] * 2


def test_of_rows_that_disagree_at_different_times_the_newer_one_counts() -> None:
    rows = [
        parsed(2, "Cancelled", last_updated_at=minutes(1)),
        parsed(3, "Pending", sku="OF-7", last_updated_at=minutes(2)),
    ]

    order = decide(None, rows, report(), FirstSeen.PENDING_ONLY).order

    assert order is not None
    assert (order.amazon_status, len(order.lines)) == ("Pending", 2)


def test_a_cancelled_item_does_not_cancel_its_order() -> None:
    rows = [
        parsed(2, "Pending", item_status="Unshipped"),
        parsed(3, "Pending", sku="OF-7", item_status="Cancelled", quantity=0),
    ]

    order = decide(None, rows, report(), FirstSeen.OPEN_ORDERS).order

    assert order is not None
    assert (order.amazon_status, [line.item_status for line in order.lines]) == (
        "Pending",
        ["Unshipped", "Cancelled"],
    )
