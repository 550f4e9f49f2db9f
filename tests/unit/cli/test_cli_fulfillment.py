from __future__ import annotations

import json
from typing import Any

import pytest

from domain.fulfillment_file import HEADER
from domain.orders import Order
from domain.shipments import ShipmentBook
from tests.fakes.cli_shipping import ShippingApp
from tests.fakes.feed_values import new_feed
from tests.fakes.order_values import ORDER_ID
from tests.fakes.shipping_values import NUMBER, PADS, after, entry, in_feed, only, to_ship

ROW = f"{ORDER_ID}\t{PADS}\t1\t2026-11-23\tUPS\t\t{NUMBER}\tGround\n"


@pytest.fixture
def order() -> Order:
    return to_ship()


def app_with(order: Order | None, book: ShipmentBook, **changes: Any) -> ShippingApp:
    app = ShippingApp(**changes)
    app.hand_in(order=order, book=book)
    return app


def preview(app: ShippingApp) -> Any:
    result = app.run("fulfillment", "preview", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_exact_file_is_shown(order: Order) -> None:
    book = after(entry(), order=order)

    told = preview(app_with(order, book))

    assert told["file"]["content"] == HEADER.decode() + ROW
    assert (told["file"]["rows"], told["file"]["bytes"]) == (1, len(HEADER) + len(ROW))
    assert told["file"]["shipments"] == [only(book).shipment_id]
    assert told["remarks"] == told["not_in_it"] == []


def test_people_see_the_file_as_it_is(order: Order) -> None:
    result = app_with(order, after(entry(), order=order)).run("fulfillment", "preview")

    assert ROW in result.stdout


def test_previewing_claims_nothing(order: Order) -> None:
    app = app_with(order, after(entry(), order=order))

    first, second = preview(app), preview(app)

    assert first == second
    assert app.feeds.all == {}
    assert app.published == []


def test_a_waiting_shipment_is_told_with_its_reason() -> None:
    book = after(entry(), order=None)

    told = preview(app_with(None, book))

    assert told["file"] is None
    assert told["not_in_it"] == [
        {
            "shipment_id": only(book).shipment_id,
            "order_id": ORDER_ID,
            "state": "waiting",
            "why": "the order is not imported yet",
        }
    ]


def test_a_refused_one_and_one_in_a_feed_are_told_too(order: Order) -> None:
    refused = preview(app_with(order, after(entry(1, (PADS, 3)), order=order)))
    sent = preview(app_with(order, in_feed(after(entry(), order=order), order)))

    assert "has 2 units left" in refused["not_in_it"][0]["why"]
    assert sent["not_in_it"][0]["why"] == "feed F1 carries it already"


def test_it_says_when_nothing_would_be_sent_whatever_is_due(order: Order) -> None:
    off = preview(app_with(order, after(entry(), order=order), writes=frozenset()))
    behind = app_with(order, after(entry(), order=order))
    feed = behind.feeds.prepare(new_feed())

    assert "Writing to Amazon is off" in off["remarks"][0]
    assert off["file"] is not None
    assert f"wait for feed {feed.feed_id} (prepared)" in preview(behind)["remarks"][0]


def test_with_nothing_due_it_says_so() -> None:
    result = ShippingApp().run("fulfillment", "preview")

    assert result.exit_code == 0
    assert "Nothing of demo is due" in result.stdout
