from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result

from cli.failing import Stop
from domain.messages import TrackingEntered
from domain.orders import Order
from domain.shipment_outcomes import RowOutcome
from domain.shipments import Outbound, ShipmentBook
from tests.fakes.cli_shipping import ShippingApp
from tests.fakes.order_values import NOW, ORDER_ID
from tests.fakes.shipping_values import (
    BAD_CODE,
    NUMBER,
    PADS,
    accepted,
    after,
    entry,
    in_feed,
    only,
    to_ship,
    verdict_on,
)

PACKAGE = ("--carrier", "ups", "--tracking-number", NUMBER)
SHIPPED = ("--shipped-at", "2026-11-23T09:00:00Z")


@pytest.fixture
def order() -> Order:
    return to_ship()


@pytest.fixture
def app(order: Order) -> ShippingApp:
    app = ShippingApp()
    app.hand_in(order=order)
    return app


def refused_by_amazon(order: Order) -> ShipmentBook:
    sent = in_feed(after(entry(), order=order), order)
    return verdict_on(sent, order, BAD_CODE, outcome=RowOutcome.REJECTED)


def told(result: Result) -> Any:
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def enter(app: ShippingApp, *arguments: str) -> Result:
    return app.run("shipments", "enter", ORDER_ID, *PACKAGE, *SHIPPED, *arguments)


def test_a_package_entered_by_hand_is_due_at_once(app: ShippingApp) -> None:
    result = enter(app, "--item", f"{PADS}:2", "--ref", "PACK-1", "--json")

    [row] = told(result)["shipments"]
    assert result.exit_code == 0
    assert (row["state"], row["carrier_code"], row["shipment_ref"]) == ("due", "UPS", "PACK-1")
    assert row["items"] == [{"order_item_id": PADS, "sku": "", "quantity": 2}]


def test_it_is_the_entry_another_systems_event_would_be(app: ShippingApp) -> None:
    enter(app, "--item", "BP-100:1", "--ship-method", "Ground")

    [event] = app.published
    assert isinstance(event, TrackingEntered)
    assert app.inbox.received == {("demo", event.source_event_id): event}
    assert event.source_event_id.startswith("by hand/")
    assert (event.order_id, event.ship_method, event.items[0].sku) == (ORDER_ID, "Ground", "BP-100")


def test_a_sku_may_have_colons(app: ShippingApp) -> None:
    result = enter(app, "--item", "A:B:1", "--json")

    assert told(result)["shipments"][0]["items"][0]["sku"] == "A:B"


def test_an_item_id_is_told_from_a_sku_without_the_order_too() -> None:
    result = enter(ShippingApp(), "--item", f"{PADS}:1", "--item", "0017:2", "--json")

    [row] = told(result)["shipments"]
    items = [(each["order_item_id"], each["sku"]) for each in row["items"]]
    assert items == [(PADS, ""), ("", "0017")]
    assert (row["state"], row["reason"]) == ("waiting", "order_unknown")


def test_an_entry_that_is_refused_says_why_and_fails(app: ShippingApp) -> None:
    result = enter(app, "--item", f"{PADS}:3")

    assert result.exit_code == 1
    assert "refused: item 00000000000001 has 2 units left to ship, 3 were entered" in result.stdout


def test_with_workers_elsewhere_the_entry_is_only_announced() -> None:
    app = ShippingApp(has_workers=False)

    result = enter(app, "--item", "BP-100:1")

    assert (result.exit_code, len(app.published)) == (0, 1)
    assert f"workers are on it: shipments list --order {ORDER_ID}" in result.stdout


def test_an_entry_that_cannot_be_worked_off_here_points_to_what_failed() -> None:
    app = ShippingApp(has_workers=False, in_memory=True)

    result = enter(app, "--item", "BP-100:1")

    assert isinstance(result.exception, Stop)
    assert "failed list" in str(result.exception)
    assert len(app.inbox.received) == 1


@pytest.mark.parametrize(
    "item",
    ["BP-100", "BP-100:", ":1", "BP-100:two", "BP-100:0", "BP-100:-1", f"BP-100:{'9' * 5000}"],
)
def test_an_item_without_a_quantity_is_wrong_usage(app: ShippingApp, item: str) -> None:
    assert enter(app, "--item", item).exit_code == 2
    assert app.published == []


def test_a_moment_without_offset_is_wrong_usage(app: ShippingApp) -> None:
    moment = ("--shipped-at", "2026-11-23T09:00:00")
    result = app.run("shipments", "enter", ORDER_ID, *PACKAGE, *moment, "--item", "BP-100:1")

    assert result.exit_code == 2
    assert "shipped_at: Input should have timezone info" in result.output


def test_shipments_are_listed_by_state_and_order(app: ShippingApp, order: Order) -> None:
    app.hand_in(book=refused_by_amazon(order))

    refused = told(app.run("shipments", "list", "--state", "refused", "--json"))["shipments"]
    due = told(app.run("shipments", "list", "--state", "due", "--json"))["shipments"]
    other = told(app.run("shipments", "list", "--order", "111-0000000-0000000", "--json"))

    assert [(each["order_id"], each["reason"]) for each in refused] == [(ORDER_ID, "amazon")]
    assert refused[0]["issues"] == [
        {"code": "25441", "is_error": True, "message": "The order-id is not valid"}
    ]
    assert due == other["shipments"] == []


def test_what_amazon_accepted_and_does_not_show_is_a_state_of_its_own(
    app: ShippingApp, order: Order
) -> None:
    book = accepted(entry(), order=order)
    missed = replace(only(book), not_applied_at=NOW + timedelta(hours=7))
    app.hand_in(book=book.with_shipment(missed))

    [found] = told(app.run("shipments", "list", "--state", "not_applied", "--json"))["shipments"]
    both = ("--state", "accepted", "--state", "not_applied", "--order", ORDER_ID)
    shown = app.run("shipments", "show", missed.shipment_id).stdout

    assert (found["state"], found["not_applied"]) == ("accepted", True)
    assert len(told(app.run("shipments", "list", *both, "--json"))["shipments"]) == 1
    assert "Amazon does not show it" in shown


def test_once_accepted_again_it_is_not_said_to_be_missing_any_more(
    app: ShippingApp, order: Order
) -> None:
    book = accepted(entry(), order=order)
    app.hand_in(book=book.with_shipment(replace(only(book), not_applied_at=NOW - timedelta(1))))

    result = app.run("shipments", "show", only(book).shipment_id)

    assert "does not show it" not in result.stdout
    assert told(app.run("shipments", "list", "--state", "not_applied", "--json")) == {
        "shipments": []
    }


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ((), 1),
        (("--state", "due"), 1),
        (("--state", "refused"), 0),
        (("--order", "111-0000000-0000000"), 0),
    ],
)
def test_a_shipment_is_found_by_its_tracking_number(
    app: ShippingApp, order: Order, more: tuple[str, ...], count: int
) -> None:
    both = after(entry(1, ref="P1"), entry(2, ref="P2", tracking_number="1Z7"), order=order)
    app.hand_in(book=both)

    result = app.run("shipments", "list", "--tracking-number", "1z-7", *more, "--json")

    assert [each["shipment_ref"] for each in told(result)["shipments"]] == ["P2"] * count


def test_an_empty_list_says_where_shipments_come_from() -> None:
    result = ShippingApp().run("shipments", "list")

    assert result.exit_code == 0
    assert "shipments enter ORDER" in result.stdout


def test_one_shipment_is_shown_with_amazons_words_and_its_history(
    app: ShippingApp, order: Order
) -> None:
    book = refused_by_amazon(order)
    app.hand_in(book=book)

    result = app.run("shipments", "show", only(book).shipment_id)

    assert "25441" in result.stdout
    assert "put into a feed" in result.stdout
    assert "refused by Amazon: 25441 The order-id is not valid" in result.stdout


def test_an_unknown_shipment_is_one_line() -> None:
    result = ShippingApp().run("shipments", "show", "nothing")

    assert isinstance(result.exception, Stop)
    assert "no shipment 'nothing'" in str(result.exception)


def test_a_refused_shipment_goes_again_and_who_and_why_stay(app: ShippingApp, order: Order) -> None:
    book = refused_by_amazon(order)
    app.hand_in(book=book)

    result = app.run("shipments", "retry", only(book).shipment_id, "--reason", " Amazon healed ")

    [shipment] = app.shipments.all["demo", ORDER_ID].shipments
    assert (result.exit_code, shipment.outbound) == (0, Outbound.DUE)
    [again] = [each for each in shipment.history if each.what == "to be tried again"]
    assert again.cause.startswith("retried by ")
    assert again.cause.endswith(": Amazon healed")


def test_all_refused_with_one_code_go_again(app: ShippingApp, order: Order) -> None:
    app.hand_in(book=refused_by_amazon(order))

    result = app.run("shipments", "retry", "--code", "25441", "--reason", "healed", "--json")

    assert [each["state"] for each in told(result)["shipments"]] == ["due"]


def test_trying_again_what_we_refuse_ourselves_fails_again(app: ShippingApp) -> None:
    enter(app, "--item", f"{PADS}:3")

    result = app.run("shipments", "retry", "--code", "over_quantity", "--reason", "hope")

    assert result.exit_code == 1
    assert "has 2 units left" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--reason", "no id"),
        ("ID", "--code", "1", "--reason", "both"),
        ("ID",),
        ("ID", "--reason", " "),
    ],
)
def test_a_retry_needs_one_target_and_a_reason(app: ShippingApp, arguments: list[str]) -> None:
    assert app.run("shipments", "retry", *arguments).exit_code == 2


def test_what_is_not_refused_is_not_tried_again(app: ShippingApp, order: Order) -> None:
    book = after(entry(), order=order)
    app.hand_in(book=book)

    result = app.run("shipments", "retry", only(book).shipment_id, "--reason", "why not")

    assert "is due, not refused" in str(result.exception)
    assert app.shipments.all["demo", ORDER_ID] == book


def test_a_code_nobody_was_refused_with_is_told(app: ShippingApp) -> None:
    result = app.run("shipments", "retry", "--code", "99999", "--reason", "x")

    assert "no shipment is refused with '99999'" in str(result.exception)
