from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cli.explaining import Evidence, Explanation, SeenRow, explain
from domain.ledger import RowOutcome, SkipReason
from domain.orders import EnrichmentState, Provenance
from domain.reports import ReportState
from tests.fakes.cli_values import IMPORTED, ORDER_ID, a_report, an_order

SKIPPED = SeenRow(
    account="demo",
    report_id="R1",
    row=9,
    outcome=RowOutcome.SKIPPED,
    at=IMPORTED,
    reason=SkipReason.FULFILLED_BY_AMAZON,
)
REJECTED = SeenRow(
    account="demo",
    report_id="R1",
    row=12,
    outcome=RowOutcome.REJECTED,
    at=IMPORTED,
    detail="quantity: not a whole number",
)


def told(placed_at: datetime | None = None, **evidence: Any) -> Explanation:
    nothing: dict[str, Any] = {
        "account": "demo",
        "order_id": ORDER_ID,
        "order": None,
        "rows": (),
        "reports": (),
    }
    return explain(Evidence(**{**nothing, **evidence}), placed_at=placed_at)


def test_an_imported_order_tells_how_it_came_and_what_amazon_says() -> None:
    answer = told(order=an_order())

    assert answer.standing == "imported"
    assert answer.verdict == (
        "It is here as ORDER_NEW (Amazon says Unshipped since 2026-11-20 10:30:00 UTC);"
        " created from report R1, when first seen Pending."
    )
    assert answer.what_to_do == ("Ready to ship.",)


def test_a_recovered_order_says_why_it_was_created_after_pending() -> None:
    answer = told(order=an_order(provenance=Provenance.RECOVERED))

    assert "its Pending stage fell between two reports" in answer.verdict


def test_an_order_cancelled_after_shipping_says_that_the_return_is_to_be_handled() -> None:
    order = an_order(amazon_status="Cancelled", flags=("cancelled_after_shipping",))

    assert told(order=order).what_to_do[:2] == (
        "Not ready to ship: it is cancelled.",
        "It was cancelled after a package went out: the return is to be handled as usual.",
    )


def test_an_order_that_lacks_a_role_names_the_missing_fields() -> None:
    order = an_order(
        buyer=None, enrichment=EnrichmentState.INCOMPLETE_ROLE, missing=("buyer.email",)
    )

    answer = told(order=order)

    assert answer.what_to_do[0].startswith("Not ready to ship: ")
    assert "Amazon left out buyer.email" in answer.what_to_do[1]


def test_an_order_not_read_yet_says_that_buyer_data_is_on_its_way() -> None:
    order = an_order(buyer=None, items=(), enrichment=EnrichmentState.DUE)

    assert told(order=order).what_to_do[1].startswith("Buyer and item ids come with the next")


def test_an_explanation_never_tells_buyer_data() -> None:
    assert "Nowhere" not in repr(told(order=an_order()))
    assert "buyer-17" not in repr(told(order=an_order()))


def test_facts_come_in_the_order_they_happened() -> None:
    later = replace(SKIPPED, outcome=RowOutcome.UNCHANGED, reason=None, report_id="R2")
    row = replace(later, at=datetime(2026, 11, 21, tzinfo=UTC))

    answer = told(order=an_order(read_at=datetime(2026, 11, 20, 11, 0, tzinfo=UTC)), rows=(row,))

    assert [(fact.what, fact.source) for fact in answer.facts] == [
        ("placed on Amazon", "Amazon.com"),
        ("created as Pending", "report R1"),
        ("last read from the Orders API", "Orders API"),
        ("row unchanged", "report R2, line 9"),
    ]


def test_a_skipped_order_says_which_report_why_and_what_to_do() -> None:
    answer = told(rows=(SKIPPED,))

    assert answer.standing == "skipped"
    assert answer.verdict == (
        "It was seen in report R1 and skipped: Amazon packs and ships this order itself (FBA)."
    )
    assert answer.what_to_do == ("Nothing: there is nothing to ship from here.",)
    assert [fact.what for fact in answer.facts] == ["row skipped (fulfilled_by_amazon)"]


def test_the_newest_skip_is_the_one_that_counts() -> None:
    earlier = replace(SKIPPED, report_id="R0", reason=SkipReason.UNKNOWN_STATUS)

    answer = told(rows=(earlier, REJECTED, SKIPPED))

    assert answer.standing == "skipped"
    assert answer.verdict.startswith("It was seen in report R1 and skipped: Amazon packs")


def test_an_order_whose_line_was_rejected_names_the_line_and_the_column() -> None:
    answer = told(rows=(REJECTED,))

    assert answer.standing == "rejected"
    assert "Line 12 of report R1" in answer.verdict
    assert "quantity: not a whole number" in answer.verdict
    assert answer.what_to_do[0] == f"Read it now: orders fetch {ORDER_ID} --account demo"


def test_without_any_complete_report_nothing_could_have_brought_the_order() -> None:
    failed = a_report(state=ReportState.FATAL, reason="Amazon could not make it")

    answer = told(reports=(failed,))

    assert answer.standing == "never_seen"
    assert answer.verdict.startswith("No order report of this account has been complete yet")
    (fact,) = answer.facts
    assert fact.what == (
        "report is fatal: Amazon could not make it"
        " (orders placed 2026-11-19 00:00:00 to 2026-11-22 00:00:00)"
    )


def test_a_never_seen_order_is_compared_with_the_windows_of_complete_reports() -> None:
    later = a_report(
        report_id="R2",
        data_start=datetime(2026, 11, 21, tzinfo=UTC),
        data_end=datetime(2026, 11, 23, tzinfo=UTC),
    )

    answer = told(reports=(a_report(), later))

    assert answer.verdict == (
        "No report has carried it. Complete reports cover orders placed in US"
        " from 2026-11-19 00:00:00 to 2026-11-23 00:00:00."
        " If it was placed at another time, no report covering its date has been complete yet."
    )
    assert answer.what_to_do[0] == f"Read it now: orders fetch {ORDER_ID} --account demo"


def test_a_hole_between_complete_reports_shows() -> None:
    later = a_report(
        data_start=datetime(2026, 11, 25, tzinfo=UTC), data_end=datetime(2026, 11, 28, tzinfo=UTC)
    )

    hole = told(datetime(2026, 11, 23, tzinfo=UTC), reports=(a_report(), later))
    inside = told(datetime(2026, 11, 20, tzinfo=UTC), reports=(a_report(), later))

    assert hole.verdict == (
        "No report has carried it."
        " No report covering its date (2026-11-23 00:00:00 UTC) has been complete yet."
    )
    assert inside.verdict == (
        "No report has carried it."
        " A complete report covers orders placed 2026-11-20 00:00:00 UTC,"
        " and Amazon did not list it."
    )


def test_a_file_import_proves_no_window() -> None:
    answer = told(reports=(a_report(source="file"),))

    assert answer.verdict.startswith("No order report of this account has been complete yet")


def test_something_that_is_no_order_id_is_said_to_be_none() -> None:
    answer = told(order_id="111-12345", reports=(a_report(),))

    assert answer.verdict == (
        "'111-12345' is not how Amazon writes an order id (like 111-1234567-1234567)."
    )
