from __future__ import annotations

from zoneinfo import ZoneInfo

from domain.feed_results import read_result
from domain.fulfillment_file import FulfillmentFile, fulfillment_files, package_records
from domain.fulfillment_members import feed_members, sent_rows, verdicts_by_order
from domain.shipment_outcomes import ItemVerdict, RowOutcome
from domain.shipments import Issue
from tests.fakes.order_values import NOW, ORDER_ID
from tests.fakes.shipping_values import FILTER, PADS, after, entry, to_ship


def made() -> FulfillmentFile:
    order = to_ship()
    book = after(entry(1, (PADS, 1), (FILTER, 1), ref="P1"), entry(2, ref="P2"), order=order)
    rows = [
        package_records(each, order, zone=ZoneInfo("America/Los_Angeles"), now=NOW)
        for each in book.shipments
    ]
    [file] = fulfillment_files(row for row in rows if row is not None)
    return file


def test_members_are_numbered_like_the_data_rows_of_the_file() -> None:
    file = made()

    members = feed_members(file)

    lines = file.content.decode().splitlines()[1:]
    told = [(m.order_id, m.order_item_id, str(m.quantity)) for m in members]
    assert told == [tuple(line.split("\t")[:3]) for line in lines]
    assert [m.record for m in members] == [1, 2, 3]
    assert {m.content_hash for m in members} == {package.digest for package in file.packages}


def test_the_verdict_on_a_row_reaches_its_item_of_its_shipment() -> None:
    file = made()
    members = feed_members(file)
    text = (
        "Summary:\n\tprocessed\t\t3\n\tsuccessful\t\t2\n\n"
        "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\n"
        f"2\t{ORDER_ID}\t{members[1].order_item_id}\t18028\tError\tBad\n"
    )

    verdicts = verdicts_by_order(members, read_result(text, sent_rows(members[::-1])))

    issue = Issue("18028", is_error=True, message="Bad")
    told = [item for package in file.packages for item in verdicts[ORDER_ID][package.shipment_id]]
    assert told == [
        ItemVerdict(members[0].order_item_id, RowOutcome.ACCEPTED),
        ItemVerdict(members[1].order_item_id, RowOutcome.REJECTED, (issue,)),
        ItemVerdict(members[2].order_item_id, RowOutcome.ACCEPTED),
    ]


def test_a_row_without_a_verdict_tells_nothing() -> None:
    members = feed_members(made())

    assert verdicts_by_order(members, read_result("", [])) == {}
