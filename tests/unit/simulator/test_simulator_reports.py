from datetime import timedelta
from typing import Any

import pytest

from simulator.clock import iso
from simulator.order_report import columns
from simulator.report_content import ALL_ORDERS, OPEN_LISTINGS
from tests.unit.simulator.driver import DE, GB, JP, START, US, Caller, frozen, text_of


def test_a_report_lives_from_the_queue_to_its_document() -> None:
    sim = frozen()
    sim.put_order(age_s=3600)
    caller = Caller(sim)
    report_id = caller.create_report().json()["reportId"]

    seen = [caller.report(report_id)["processingStatus"]]
    for _ in range(3):
        sim.advance(10)
        seen.append(caller.report(report_id)["processingStatus"])

    assert seen == ["IN_QUEUE", "IN_PROGRESS", "IN_PROGRESS", "DONE"]
    done = caller.report(report_id)
    assert done["reportDocumentId"]
    assert done["processingEndTime"] == iso(START + timedelta(seconds=30))
    assert done["dataStartTime"] == iso(START - timedelta(days=3))


def test_a_report_without_data_is_cancelled() -> None:
    report = Caller(frozen()).finished_report()

    assert report["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in report


def test_only_orders_placed_in_the_window_are_in_it() -> None:
    sim = frozen()
    for number, age_s in enumerate((7201, 7200, 3600, 0), 1):
        sim.put_order(order_id=f"111-0000000-000000{number}", age_s=age_s)
    window = {
        "dataStartTime": iso(START - timedelta(hours=2)),
        "dataEndTime": iso(START - timedelta(hours=1)),
    }

    ids = {row["amazon-order-id"] for row in Caller(sim).rows(**window)}

    assert ids == {"111-0000000-0000002", "111-0000000-0000003"}


def test_a_window_over_thirty_days_gives_one_line_of_text() -> None:
    sim = frozen()
    sim.put_order(age_s=60)
    caller = Caller(sim)

    long = caller.finished_report(dataStartTime=iso(START - timedelta(days=30, seconds=1)))
    assert long["processingStatus"] == "DONE"
    text = text_of(caller.document(long["reportDocumentId"]))
    assert text == "Date range exceeded. Report can be requested only upto 30 days"

    whole = {"dataStartTime": iso(START - timedelta(days=30)), "dataEndTime": iso(START)}
    assert len(caller.rows(**whole)) == 1


def test_a_document_url_is_good_for_five_minutes() -> None:
    sim = frozen()
    sim.put_order()
    caller = Caller(sim)
    document_id = caller.finished_report()["reportDocumentId"]
    url = caller.call("GET", f"/reports/2021-06-30/documents/{document_id}").json()["url"]

    sim.advance(299)
    assert caller.download(url).status == 200
    sim.advance(1)

    assert caller.download(url).status == 403
    assert b"Request has expired" in caller.download(url).body
    assert caller.document(document_id).status == 200


@pytest.mark.parametrize(
    ("marketplace", "charset", "title"),
    [
        (US, "UTF-8", "Oil Filter – Café"),  # noqa: RUF001 -- not in Latin-1
        (GB, "UTF-8", "Ölfilter"),
        (DE, "Cp1252", "Bremsbeläge – groß"),  # noqa: RUF001 -- not in Latin-1
        (JP, "Windows-31J", "ブレーキパッド"),
    ],
)
@pytest.mark.parametrize("gzipped", [True, False])
def test_each_marketplace_has_its_charset(
    marketplace: str, charset: str, title: str, *, gzipped: bool
) -> None:
    sim = frozen(gzip_reports=gzipped)
    item = {"sku": "A", "title": title}
    sim.put_order(marketplace_id=marketplace, age_s=3600, items=[item])
    caller = Caller(sim)
    report = caller.finished_report(marketplaceIds=[marketplace])

    told = caller.call("GET", f"/reports/2021-06-30/documents/{report['reportDocumentId']}").json()
    response = caller.download(told["url"])

    assert response.headers["Content-Type"] == f"text/plain; charset={charset}"
    assert (told.get("compressionAlgorithm") == "GZIP") is gzipped
    assert (response.body[:2] == b"\x1f\x8b") is gzipped
    assert f"\t{title}\t" in text_of(response)


@pytest.mark.parametrize("count", range(29, 37))
def test_the_layout_has_as_many_columns_as_wanted(count: int) -> None:
    sim = frozen(report_columns=count)
    sim.put_order()

    (row,) = Caller(sim).rows()

    assert len(row) == count
    assert {"amazon-order-id", "purchase-date", "order-status", "sku", "quantity"} <= row.keys()


def test_the_documented_layout_has_no_url_and_the_oldest_has_no_business_columns() -> None:
    from_oldest = [set(columns(count)) for count in (29, 32, 36)]

    assert ["url" in names for names in from_oldest] == [True, False, False]
    assert ["price-designation" in names for names in from_oldest] == [False, True, True]
    assert ["address-type" in names for names in from_oldest] == [False, False, True]
    assert columns(32)[0] == "amazon-order-id"
    assert columns(32)[-1] == "price-designation"


def test_each_item_of_a_partly_shipped_order_has_its_own_status() -> None:
    sim = frozen()
    items = [{"sku": sku, "order_item_id": sku, "quantity": 2} for sku in ("A", "B", "C")]
    items.append({"sku": "D", "quantity": 0, "cancelled": True})
    packages = [{"tracking_number": "1", "contents": {"A": 2, "B": 1}}]
    sim.put_order(items=items, packages=packages)

    rows = {row["sku"]: row for row in Caller(sim).rows()}

    statuses = [rows[sku]["item-status"] for sku in "ABCD"]
    assert statuses == ["Shipped", "Unshipped", "Unshipped", "Cancelled"]
    assert {row["order-status"] for row in rows.values()} == {"PartiallyShipped"}


def test_rows_tell_what_amazon_tells_of_an_order() -> None:
    sim = frozen()
    items: list[dict[str, Any]] = [
        {"sku": "00042", "quantity": 2, "unit_price_minor": 999},
        {"sku": "00042", "quantity": 3, "unit_price_minor": 999},
    ]
    sim.put_order(order_id="111-0000000-0000001", status="UNSHIPPED", items=items, placed_at=START)
    sim.put_order(order_id="111-0000000-0000002", status="PENDING", placed_at=START)

    rows = {(row["amazon-order-id"][-1], row["quantity"]): row for row in Caller(sim).rows()}

    assert len(rows) == 3
    assert rows["1", "2"]["sku"] == rows["1", "3"]["sku"] == "00042"
    assert rows["1", "3"]["item-price"] == "29.97"
    assert rows["1", "2"]["order-status"] == "Unshipped"
    assert rows["1", "2"]["purchase-date"] == "2026-11-23T12:00:00+00:00"
    assert rows["1", "2"]["ship-city"] == "PORTLAND"
    assert "order-item-id" not in rows["1", "2"]
    pending = next(row for (order, _), row in rows.items() if order == "2")
    assert pending["order-status"] == "Pending"
    assert (pending["item-price"], pending["item-status"], pending["ship-city"]) == ("", "", "")


def test_the_report_tells_the_state_at_its_end_however_late_it_is_read() -> None:
    sim = frozen()
    sim.put_order(status="PENDING", then=[{"after_s": 45, "status": "UNSHIPPED"}])
    caller = Caller(sim)
    report_id = caller.create_report().json()["reportId"]

    sim.advance(3600)

    caller.token = ""
    response = caller.document(caller.report(report_id)["reportDocumentId"])
    assert "\tPending\t" in text_of(response)


def test_reports_differ_in_the_order_of_their_orders() -> None:
    caller = Caller(frozen(orders=50))

    seen = [tuple(row["amazon-order-id"] for row in caller.rows()) for _ in range(5)]

    assert len(set(seen)) == 2
    assert len({frozenset(ids) for ids in seen}) == 1


def test_only_a_queued_report_can_be_cancelled() -> None:
    sim = frozen()
    caller = Caller(sim)
    report_id = caller.create_report().json()["reportId"]
    path = f"/reports/2021-06-30/reports/{report_id}"

    assert caller.call("DELETE", path).status == 200
    assert caller.report(report_id)["processingStatus"] == "CANCELLED"
    assert caller.call("DELETE", path).status == 400
    sim.advance(60)
    assert caller.report(report_id)["processingStatus"] == "CANCELLED"


def test_reports_are_listed_newest_first_in_pages() -> None:
    sim = frozen()
    caller = Caller(sim)
    ids = []
    for _ in range(5):
        ids.append(caller.create_report().json()["reportId"])
        sim.advance(1)
    path = "/reports/2021-06-30/reports"

    first = caller.call("GET", path, {"reportTypes": [ALL_ORDERS], "pageSize": 3}).json()
    rest = caller.call("GET", path, {"nextToken": first["nextToken"]}).json()

    listed = [report["reportId"] for report in first["reports"] + rest["reports"]]
    assert listed == ids[::-1]
    assert "nextToken" not in rest


def test_the_list_is_filtered_by_type_status_marketplace_and_time() -> None:
    sim = frozen()
    caller = Caller(sim)
    old = caller.create_report().json()["reportId"]
    sim.advance(60)
    new = caller.create_report(marketplaceIds=[DE]).json()["reportId"]

    def listed(**query: Any) -> list[str]:
        query = {"reportTypes": [ALL_ORDERS], **query}
        answer = caller.call("GET", "/reports/2021-06-30/reports", query)
        return [report["reportId"] for report in answer.json()["reports"]]

    assert listed() == [new, old]
    assert listed(reportTypes=[OPEN_LISTINGS]) == []
    assert listed(processingStatuses=["IN_QUEUE"]) == [new]
    assert listed(marketplaceIds=[US]) == [old]
    assert listed(createdSince=iso(START + timedelta(seconds=1))) == [new]
    assert listed(createdUntil=iso(START + timedelta(seconds=1))) == [old]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"reportTypes": [ALL_ORDERS], "processingStatuses": ["BAD_VALUE"]},
        {"reportTypes": [ALL_ORDERS] * 11},
        {"reportTypes": [ALL_ORDERS], "pageSize": 101},
        {"reportTypes": [ALL_ORDERS], "nextToken": "e30="},
        {"nextToken": "nonsense"},
        {"reportTypes": [ALL_ORDERS], "createdSince": "yesterday"},
    ],
)
def test_a_list_asked_for_wrongly_is_refused(query: dict[str, Any]) -> None:
    answer = Caller(frozen()).call("GET", "/reports/2021-06-30/reports", query)

    assert (answer.status, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")


@pytest.mark.parametrize(
    "changes",
    [
        {"reportType": "BAD_FEE_DISCOUNTS_REPORT"},
        {"marketplaceIds": []},
        {"marketplaceIds": ["NOWHERE"]},
        {"dataStartTime": "yesterday"},
        {"dataStartTime": iso(START), "dataEndTime": iso(START - timedelta(days=1))},
    ],
)
def test_a_report_asked_for_wrongly_is_refused(changes: dict[str, Any]) -> None:
    answer = Caller(frozen()).create_report(**changes)

    assert (answer.status, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")


def test_a_report_of_another_account_is_not_found() -> None:
    sim = frozen()
    report_id = Caller(sim).create_report().json()["reportId"]

    path = f"/reports/2021-06-30/reports/{report_id}"
    assert Caller(sim, "other").call("GET", path).status == 404
    assert Caller(sim).call("GET", "/reports/2021-06-30/reports/badReportId1").status == 400


def test_parameters_amazon_does_not_have_are_ignored_and_noted() -> None:
    sim = frozen()

    assert Caller(sim).create_report(MarketplaceIds=[US]).status == 202

    assert sim.state()["unknown_parameters"] == ["createReport MarketplaceIds"]


def test_the_open_listings_report_holds_skus_with_price_and_quantity() -> None:
    rows = Caller(frozen()).rows(reportType=OPEN_LISTINGS)

    assert list(rows[0]) == ["sku", "asin", "price", "quantity"]
    assert len({row["sku"] for row in rows}) == len(rows) == 40
