from __future__ import annotations

import json

import pytest
from click.testing import Result

from cli.failing import Stop
from domain.errors import UnknownAccount
from domain.orders import OrderStatus
from domain.packages import Package, PackageItem
from tests.fakes.cli_app import TWO_ACCOUNTS, FakeApp, FakeViews
from tests.fakes.cli_values import BUYER, ORDER_ID, an_order


@pytest.fixture
def app() -> FakeApp:
    return FakeApp(views=FakeViews(orders=[an_order()]))


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_orders_are_listed_for_machines_without_any_buyer(app: FakeApp) -> None:
    result = app.run("orders", "list", "--json")

    assert result.exit_code == 0
    assert [each["order_id"] for each in json.loads(result.stdout)["orders"]] == [ORDER_ID]
    assert "Nowhere" not in result.stdout
    assert app.closed == 1


def test_a_list_can_be_narrowed_by_account_and_statuses(app: FakeApp) -> None:
    app.run("orders", "list", "--account", "demo", "--status", "order_new", "--limit", "7")

    assert app.views.asked == [{"account": "demo", "statuses": (OrderStatus.NEW,), "limit": 7}]


def test_what_is_ready_to_ship_is_asked_for_by_itself(app: FakeApp) -> None:
    shown = app.run("orders", "list", "--ready", "--account", "demo", "--limit", "7")
    told = app.run("orders", "list", "--ready", "--json")

    assert app.views.asked == [{"to_ship": "demo", "limit": 7}, {"to_ship": None, "limit": 50}]
    assert "Ready to ship, most urgent first" in shown.stdout
    assert "ship by (UTC)" in shown.stdout
    assert [each["order_id"] for each in json.loads(told.stdout)["orders"]] == [ORDER_ID]


def test_ready_with_a_status_is_wrong_usage(app: FakeApp) -> None:
    assert app.run("orders", "list", "--ready", "--status", "order_new").exit_code == 2
    assert app.views.asked == []


def test_an_empty_list_says_where_orders_come_from() -> None:
    result = FakeApp().run("orders", "list")

    assert result.exit_code == 0
    assert "No such order." in result.stdout


def test_an_unknown_status_is_wrong_usage(app: FakeApp) -> None:
    assert app.run("orders", "list", "--status", "lost").exit_code == 2


def test_an_unknown_account_is_refused_and_nothing_is_read(app: FakeApp) -> None:
    result = app.run("orders", "list", "--account", "nobody")

    assert isinstance(result.exception, UnknownAccount)
    assert app.views.asked == []


def test_an_order_is_shown_with_its_buyer_hidden(app: FakeApp) -> None:
    result = app.run("orders", "show", ORDER_ID, "--json")

    assert json.loads(result.stdout)["buyer"]["email"] == "***"
    assert app.views.disclosed == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("sent", "sent to Amazon, not confirmed yet"),
        ("confirmed", "confirmed by Amazon"),
        ("", "Order 111"),
    ],
)
def test_an_order_says_whether_amazon_has_confirmed_what_was_shipped(said: str, words: str) -> None:
    app = FakeApp(views=FakeViews(orders=[an_order(shipping={"confirmation": said})]))

    told = json.loads(app.run("orders", "show", ORDER_ID, "--json").stdout)
    [listed] = json.loads(app.run("orders", "list", "--json").stdout)["orders"]

    assert told["amazon_confirmation"] == listed["amazon_confirmation"] == said
    assert words in app.run("orders", "show", ORDER_ID).stdout


def test_a_package_amazon_shows_is_told_with_its_units() -> None:
    held = (PackageItem("00000000000001", 2), PackageItem("00000000000002", 1))
    shown = Package("1", "UPS", "1Z9", None, "SHIPPED", held)
    app = FakeApp(views=FakeViews(orders=[an_order(packages=(shown,))]))

    [line] = [
        text for text in app.run("orders", "show", ORDER_ID).stdout.splitlines() if "1Z9" in text
    ]

    assert line.split()[:3] == ["UPS", "1Z9", "3"]


def test_revealing_a_buyer_is_recorded_with_the_reason(app: FakeApp) -> None:
    result = app.run("orders", "show", ORDER_ID, "--reveal", "--reason", " late parcel ", "--json")

    assert json.loads(result.stdout)["buyer"]["email"] == BUYER.email
    ((orders, who, reason),) = app.views.disclosed
    assert (orders, reason) == ([ORDER_ID], "late parcel")
    assert who


@pytest.mark.parametrize(
    "options", [("--reveal",), ("--reveal", "--reason", " "), ("--reason", "curious")]
)
def test_revealing_needs_both_the_wish_and_the_reason(
    app: FakeApp, options: tuple[str, ...]
) -> None:
    result = app.run("orders", "show", ORDER_ID, *options)

    assert result.exit_code == 2
    assert app.views.disclosed == []
    assert BUYER.email not in result.output


def test_an_order_that_is_not_here_points_to_explain(app: FakeApp) -> None:
    result = app.run("orders", "show", "111-0000000-0000000")

    assert isinstance(result.exception, Stop)
    assert "explain order 111-0000000-0000000" in str(result.exception)


def test_an_order_id_of_two_accounts_asks_which_one() -> None:
    both = [an_order(account="east"), an_order(account="west")]
    app = FakeApp(views=FakeViews(orders=both), env=TWO_ACCOUNTS)

    asked = app.run("orders", "show", ORDER_ID)
    told = app.run("orders", "show", ORDER_ID, "--account", "west", "--json")

    assert asked.exit_code == 2
    assert "--account east | west" in asked.output
    assert json.loads(told.stdout)["account"] == "west"


def test_an_export_goes_on_after_the_cursor_of_any_line() -> None:
    many = [an_order(order_id=f"111-1234567-{n:07}") for n in range(450)]
    app = FakeApp(views=FakeViews(orders=many))

    whole = lines(app.run("orders", "export"))
    rest = lines(app.run("orders", "export", "--since", str(whole[399]["cursor"])))
    few = lines(app.run("orders", "export", "--limit", "3"))

    assert len(whole) == 450
    assert [each["order_id"] for each in rest] == [each["order_id"] for each in whole[400:]]
    assert len(few) == 3
    assert whole[0]["buyer_data"] == "hidden"
    assert app.views.disclosed == []


def test_an_export_that_reveals_records_every_order_before_it_is_written() -> None:
    many = [an_order(order_id=f"111-1234567-{n:07}") for n in range(250)]
    app = FakeApp(views=FakeViews(orders=many))

    told = lines(app.run("orders", "export", "--reveal", "--reason", "labels"))

    assert [each["buyer_data"] for each in told] == ["given"] * 250
    assert told[0]["ship_to"] == {
        "name": "Recipient 17",
        "company_name": "",
        "address_line_1": "17 Nowhere Street",
        "address_line_2": "",
        "address_line_3": "",
        "city": "Nowhere",
        "state": "",
        "postal_code": "ZIP-17",
        "country_code": "US",
        "address_type": "",
    }
    disclosed = [order_id for orders, _, _ in app.views.disclosed for order_id in orders]
    assert disclosed == [order.order_id for order in many]
    assert {reason for _, _, reason in app.views.disclosed} == {"labels"}


@pytest.mark.parametrize("command", [("orders", "list"), ("orders", "export"), ("report", "list")])
def test_a_limit_beyond_what_the_store_can_count_is_wrong_usage(command: tuple[str, str]) -> None:
    told = FakeApp().run(*command, "--limit", "99999999999999999999")

    assert told.exit_code == 2
    assert "not in the range" in told.output


@pytest.mark.parametrize("order_id", ["", "../../x", "bogus"])
def test_what_is_no_order_id_is_not_asked_of_amazon(order_id: str) -> None:
    told = FakeApp().run("orders", "fetch", order_id)

    assert "is not how Amazon writes an order id" in str(told.exception)
