"""Removing one buyer on request, and what everybody is told of a buyer that was removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from cli.explaining import Evidence, explain
from cli.failing import Stop
from domain.orders import Order, OrderStatus, PurgeReason
from domain.privacy import purged_on_request
from tests.fakes.cli_app import FakeApp, FakeViews
from tests.fakes.cli_values import BUYER, ORDER_ID, an_order
from tests.fakes.clock import FakeClock
from tests.fakes.memory_ports import MemoryOrders

AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def app_with(order: Order) -> tuple[FakeApp, MemoryOrders]:
    app, orders = FakeApp(views=FakeViews(orders=[order])), MemoryOrders(FakeClock())
    orders.all[order.account, order.order_id] = order
    app.ports = SimpleNamespace(orders=orders)
    app.store.now = lambda: AT
    return app, orders


def forgotten() -> Order:
    gone = purged_on_request(an_order(), who="anna", why="asked", now=AT)
    assert gone is not None
    return gone


def test_the_buyer_is_removed_at_once_and_who_and_why_stay() -> None:
    app, orders = app_with(an_order())

    result = app.run("orders", "forget", ORDER_ID, "--reason", " asked by Amazon ", "--json")

    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["outcome"], told["order"]["buyer"]) == ("removed", None)
    left = orders.all["demo", ORDER_ID]
    assert (left.buyer, left.purged_at, left.purged_because) == (None, AT, PurgeReason.ON_REQUEST)
    assert left.purge_note.startswith("on request, by ")
    assert left.purge_note.endswith(": asked by Amazon")
    assert left.history[-1].what == f"buyer data removed: {left.purge_note}"


def test_whoever_forgets_an_open_order_is_told_where_its_address_is() -> None:
    app, _ = app_with(an_order())

    result = app.run("orders", "forget", ORDER_ID, "--reason", "asked")

    assert f"The buyer's data of {ORDER_ID} was removed" in result.stdout
    assert "The order is still open: its address is in Seller Central only." in result.stdout


def test_of_an_order_that_is_over_nothing_is_said_of_shipping() -> None:
    app, _ = app_with(an_order(amazon_status="Shipped", status=OrderStatus.FULFILLED))

    assert "still open" not in app.run("orders", "forget", ORDER_ID, "--reason", "asked").stdout


def test_forgetting_again_says_so_and_keeps_the_first_reason() -> None:
    app, orders = app_with(forgotten())

    result = app.run("orders", "forget", ORDER_ID, "--reason", "another")

    assert result.exit_code == 0
    assert "Nothing to do: it was removed at 2026-11-25 09:00:00 UTC" in result.stdout
    assert orders.all["demo", ORDER_ID] == forgotten()


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_a_reason_is_needed(reason: tuple[str, ...]) -> None:
    app, orders = app_with(an_order())

    assert app.run("orders", "forget", ORDER_ID, *reason).exit_code == 2
    assert orders.all["demo", ORDER_ID].buyer == BUYER


def test_an_order_that_is_not_here_is_refused() -> None:
    app, _ = app_with(an_order())

    result = app.run("orders", "forget", "111-0000000-0000000", "--reason", "asked")

    assert isinstance(result.exception, Stop)


def test_an_order_shown_says_that_its_buyer_was_removed_and_why() -> None:
    app, _ = app_with(forgotten())

    shown = app.run("orders", "show", ORDER_ID, "--reveal", "--reason", "late parcel")
    as_json = app.run("orders", "show", ORDER_ID, "--json")

    assert "removed 2026-11-25 09:00:00" in shown.stdout
    assert "on request, by anna: asked" in shown.stdout
    document = json.loads(as_json.stdout)
    assert document["buyer"] is None
    assert document["purged_because"] == "on_request"
    assert document["not_ready_because"] == ["its buyer data was removed"]


@pytest.mark.parametrize("reveal", [(), ("--reveal", "--reason", "labels")])
def test_an_exported_order_says_that_its_buyer_was_removed(reveal: tuple[str, ...]) -> None:
    app, _ = app_with(forgotten())

    line = json.loads(app.run("orders", "export", *reveal).stdout.splitlines()[0])

    assert (line["buyer_data"], line["purged_at"]) == ("removed", "2026-11-25T09:00:00Z")
    assert (line["buyer"], line["ship_to"]) == (None, None)


def test_explain_tells_when_and_why_and_that_it_stays_so() -> None:
    story = explain(Evidence("demo", ORDER_ID, forgotten(), (), ()))
    without_history = forgotten()
    trimmed = explain(Evidence("demo", ORDER_ID, an_order(**tombstone(without_history)), (), ()))

    shipping, buyer = story.what_to_do
    assert shipping == "Not ready to ship: its buyer data was removed."
    assert buyer == (
        "The buyer's data was removed on 2026-11-25 09:00:00 UTC (on request, by anna: asked);"
        " no later reading brings it back."
    )
    for each in (story, trimmed):
        told = [fact for fact in each.facts if fact.source == "privacy"]
        assert [(fact.at, fact.what) for fact in told] == [
            (AT, "buyer data removed: on request, by anna: asked")
        ]


def tombstone(order: Order) -> dict[str, object]:
    """Return what is left of a removal once the history has been cut."""
    return {name: getattr(order, name) for name in ("buyer", "purged_at", "purge_note")}
