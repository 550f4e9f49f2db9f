from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.server import CLIENT_ID, CLIENT_SECRET, Simulator
from tests.fakes.cli_process import CommandLine
from tests.fakes.tracking_system import NUMBER

ORDER_ID, OTHER_ID = "111-0000000-0000001", "111-0000000-0000002"
WRITES_OFF = {
    "ACCOUNTS__DEMO__MARKETPLACES": "US",
    "ACCOUNTS__DEMO__CLIENT_ID": CLIENT_ID,
    "ACCOUNTS__DEMO__CLIENT_SECRET": CLIENT_SECRET,
    "ACCOUNTS__DEMO__REFRESH_TOKEN": "Atzr|sim-demo",
}
"""An account as it is configured first: nothing is written for it."""
PACKAGE = ("--carrier", "fedex", "--tracking-number", NUMBER, "--shipped-at", "2026-11-20T09:00Z")


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    """A command line over an empty store, and an Amazon with one order to ship."""
    with Simulator(orders=0, throttle=False) as amazon:
        items = [{"sku": "BP-100", "quantity": 2, "order_item_id": "00000000000101"}]
        amazon.put_order(order_id=ORDER_ID, items=items, status="UNSHIPPED", age_s=7200)
        with CommandLine(
            tmp_path, {"AMAZON_ENDPOINT": amazon.url, **WRITES_OFF}
        ).store_kept_up() as cli:
            yield cli


def test_a_package_is_entered_previewed_and_prepared_by_hand(cli: CommandLine) -> None:
    assert cli("orders", "fetch", ORDER_ID).code == 0
    entered = cli("shipments", "enter", ORDER_ID, *PACKAGE, "--item", "BP-100:2", "--json")
    [shipment] = entered.json["shipments"]

    preview = cli("fulfillment", "preview", "--json").json
    prepared = cli("schedule", "run", "fulfillment")
    [feed] = cli("feeds", "list", "--json").json["feeds"]
    content = cli("feeds", "content", feed["feed_id"])
    explained = cli("explain", "order", ORDER_ID, "--json").json["explanations"][0]

    assert (entered.code, shipment["state"], shipment["carrier_code"]) == (0, "due", "FedEx")
    assert preview["file"]["shipments"] == [shipment["shipment_id"]]
    assert "Writing to Amazon is off" in preview["remarks"][0]
    assert prepared.code == 0
    assert (feed["dry"], feed["rows"]) == (True, 1)
    assert content.out == preview["file"]["content"]
    assert explained["packages"] == 1
    assert f"feed {feed['feed_id']}" in [fact["source"] for fact in explained["facts"]]
    assert "never sent" in cli("explain", "feed", feed["feed_id"]).out


def test_what_is_refused_waits_or_is_unknown_says_so_in_one_line(cli: CommandLine) -> None:
    cli("orders", "fetch", ORDER_ID)
    over = cli("shipments", "enter", ORDER_ID, *PACKAGE, "--item", "BP-100:3", "--ref", "P")
    early = cli("shipments", "enter", OTHER_ID, *PACKAGE, "--item", "BP-100:1")
    [refused] = cli("shipments", "list", "--state", "refused", "--json").json["shipments"]
    again = cli("shipments", "retry", refused["shipment_id"], "--reason", "a test")

    assert (over.code, early.code, again.code) == (1, 0, 1)
    assert "has 2 units left to ship, 3 were entered" in over.out
    assert "is waiting: the order is not imported yet" in early.out
    assert "to be tried again" in cli("shipments", "show", refused["shipment_id"]).out
    assert "Package" in cli("explain", "order", OTHER_ID).out
    assert cli("shipments", "show", "nothing").error.startswith("error: no shipment 'nothing'")
    assert cli("feeds", "release", "nothing", "--reason", "x").error.startswith("error: no feed")
    assert cli("shipments", "retry", "--reason", "x").code == 2
