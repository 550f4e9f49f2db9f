import base64
import gzip
import zlib

import pytest

from simulator.server import Simulator
from tests.unit.simulator.driver import DE, US, Caller, frozen, text_of


def with_order(**settings: bool) -> Simulator:
    sim = frozen(**settings)
    sim.put_order(marketplace_id=US, items=[{"sku": "A", "title": "Café"}])
    sim.put_order(marketplace_id=DE, items=[{"sku": "B", "title": "Bremsbeläge"}])
    return sim


def test_a_stuck_report_stays_in_progress_until_it_is_let_go() -> None:
    sim = with_order()
    sim.add_fault("report_stuck")
    caller = Caller(sim)
    report_id = caller.create_report().json()["reportId"]
    sim.advance(3000)
    assert caller.report(report_id)["processingStatus"] == "IN_PROGRESS"

    sim.clear_faults()
    sim.advance(30)

    assert caller.report(report_id)["processingStatus"] == "DONE"


def test_a_report_fault_strikes_the_next_report_only() -> None:
    sim = with_order()
    sim.add_fault("report_cancelled")
    caller = Caller(sim)

    seen = [caller.finished_report()["processingStatus"] for _ in range(2)]

    assert seen == ["CANCELLED", "DONE"]


def test_a_fatal_report_may_explain_itself() -> None:
    sim = with_order()
    sim.add_fault("report_fatal")
    caller = Caller(sim)

    report = caller.finished_report()

    assert report["processingStatus"] == "FATAL"
    assert "could not generate" in text_of(caller.document(report["reportDocumentId"]))


@pytest.mark.parametrize(("marketplace", "codec"), [(US, "cp1252"), (DE, "cp1252")])
def test_a_wrong_charset_says_utf8_of_bytes_that_are_not(marketplace: str, codec: str) -> None:
    sim = with_order(gzip_reports=False)
    sim.add_fault("wrong_charset")
    caller = Caller(sim)
    report = caller.finished_report(marketplaceIds=[marketplace])

    response = caller.document(report["reportDocumentId"])

    assert response.headers["Content-Type"] == "text/plain; charset=UTF-8"
    with pytest.raises(UnicodeDecodeError):
        response.body.decode("utf-8")
    assert any(title in response.body.decode(codec) for title in ("Café", "Bremsbeläge"))


def test_a_truncated_gzip_breaks_off_in_the_middle() -> None:
    sim = with_order(gzip_reports=False)
    sim.add_fault("truncated_gzip")
    caller = Caller(sim)
    body = caller.document(caller.finished_report()["reportDocumentId"]).body

    with pytest.raises(EOFError):
        gzip.decompress(body)
    assert b"amazon-order-id" in zlib.decompressobj(31).decompress(body)


@pytest.mark.parametrize(
    ("variant", "heading", "there"),
    [
        ("missing", "quantity", False),
        ("localized", "amazon-bestellnummer", True),
        ("extra", "is-something-new", True),
    ],
)
def test_columns_can_change_without_notice(variant: str, heading: str, *, there: bool) -> None:
    sim = with_order()
    sim.add_fault("changed_columns", variant=variant)

    (row,) = Caller(sim).rows()

    assert (heading in row) is there


def test_reordered_columns_keep_their_values() -> None:
    sim = with_order()
    (plain,) = Caller(sim).rows()
    sim.add_fault("changed_columns", variant="reordered")

    (row,) = Caller(sim).rows()

    assert row == plain
    assert list(row) == list(plain)[::-1]


def test_a_document_may_be_no_report_at_all() -> None:
    sim = with_order()
    sim.add_fault("not_a_report")
    sim.add_fault("not_a_report", variant="html")
    caller = Caller(sim)

    texts = [
        text_of(caller.document(caller.finished_report()["reportDocumentId"])) for _ in range(2)
    ]

    assert texts[0].startswith("Date range exceeded")
    assert texts[1].startswith("<!DOCTYPE html>")


def test_broken_rows_are_broken_in_four_ways() -> None:
    sim = frozen(orders=0)
    for _ in range(6):
        sim.put_order()
    sim.add_fault("broken_rows", rows=4)
    caller = Caller(sim)

    response = caller.document(caller.finished_report()["reportDocumentId"])
    header, *lines = text_of(response).splitlines()

    names = header.split("\t")
    rows = [line.split("\t") for line in lines]
    assert [len(row) for row in rows] == [10, 32, 32, 32, 32, 32]
    assert rows[1][names.index("amazon-order-id")] == ""
    assert rows[2][names.index("purchase-date")] == "yesterday"
    assert rows[3][names.index("quantity")] == "two"
    assert rows[4][names.index("quantity")] == "1"


def test_the_next_report_can_hold_exactly_these_bytes() -> None:
    sim = with_order()
    sim.serve_report_document(b"\xff\x00exact", "text/plain; charset=Cp1252", gzipped=True)
    caller = Caller(sim)
    report = caller.finished_report()
    told = caller.call("GET", f"/reports/2021-06-30/documents/{report['reportDocumentId']}").json()

    response = caller.download(told["url"])

    assert told["compressionAlgorithm"] == "GZIP"
    assert response.body == b"\xff\x00exact"
    assert response.headers["Content-Type"] == "text/plain; charset=Cp1252"
    assert len(caller.rows()) == 1


def test_bytes_for_the_next_report_can_be_posted() -> None:
    sim = frozen()
    caller = Caller(sim)
    body = {"content_base64": base64.b64encode(b"by post").decode(), "compression": "GZIP"}

    assert caller.admin("POST", "report_document", body).json() == {"waiting": 1}

    path = f"/reports/2021-06-30/documents/{caller.finished_report()['reportDocumentId']}"
    told = caller.call("GET", path).json()
    assert told["compressionAlgorithm"] == "GZIP"
    assert caller.download(told["url"]).body == b"by post"
