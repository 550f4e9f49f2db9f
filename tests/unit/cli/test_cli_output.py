from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cli.export_format import BuyerData, exported
from cli.order_view import amount, order_document, order_row, order_screen
from cli.output import iso, plain, print_json, short, show, table
from cli.report_view import counts_of
from domain.ledger import ReportTally, RowOutcome, SkipReason
from domain.orders import EnrichmentState
from tests.fakes.cli_values import BUYER, an_order


def test_times_are_written_in_utc_with_milliseconds_only_where_there_are_some() -> None:
    in_tokyo = datetime(2026, 11, 23, 9, 0, tzinfo=timezone(timedelta(hours=9)))

    assert iso(in_tokyo) == "2026-11-23T00:00:00Z"
    assert iso(in_tokyo + timedelta(milliseconds=250)) == "2026-11-23T00:00:00.250Z"
    assert short(in_tokyo) == "2026-11-23 00:00:00"
    assert short(None) == "-"


def test_a_buyer_is_masked_wherever_a_value_is_printed() -> None:
    text = json.dumps(plain({"orders": [an_order()]}))

    for secret in ("buyer-17", "Buyer 17", "Recipient 17", "Nowhere", "ZIP-17"):
        assert secret not in text


def test_an_order_shows_which_buyer_fields_are_known_without_telling_them() -> None:
    buyer = order_document(an_order(), reveal=False)["buyer"]

    assert buyer["email"] == "***"
    assert buyer["address_line_1"] == "***"
    assert buyer["address_line_2"] == ""


def test_a_revealed_order_tells_the_buyer() -> None:
    buyer = order_document(an_order(), reveal=True)["buyer"]

    assert buyer["email"] == BUYER.email
    assert buyer["recipient_name"] == "Recipient 17"


def test_an_order_is_a_line_of_a_list() -> None:
    assert order_row(an_order()) == {
        "account": "demo",
        "order_id": "111-1234567-0000001",
        "status": "ORDER_NEW",
        "amazon_status": "Unshipped",
        "amazon_confirmation": "",
        "purchased_at": "2026-11-20T10:00:00Z",
        "imported_at": "2026-11-20T10:30:00Z",
        "provenance": "report",
        "enrichment": "complete",
        "units": 2,
        "ready_to_ship": True,
        "cancel_requested": False,
        "ship_by": None,
        "flags": [],
    }


def test_units_of_an_order_not_read_yet_are_those_of_the_report() -> None:
    unread = an_order(items=(), buyer=None, enrichment=EnrichmentState.DUE)

    assert order_row(unread)["units"] == 2
    assert order_row(unread)["ready_to_ship"] is False


def test_the_screen_of_an_order_hides_the_buyer_until_revealed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(*order_screen(an_order(), reveal=False))
    hidden = capsys.readouterr().out
    show(*order_screen(an_order(), reveal=True))
    shown = capsys.readouterr().out

    assert "Recipient 17" not in hidden
    assert "--reveal" in hidden
    assert "Recipient 17" in shown


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1998, "USD", "19.98 USD"),
        (5, "EUR", "0.05 EUR"),
        (-150, "EUR", "-1.50 EUR"),
        (1500, "JPY", "1500 JPY"),
        (None, "USD", "-"),
    ],
)
def test_money_is_written_with_its_minor_units(minor: int | None, currency: str, text: str) -> None:
    assert amount(minor, currency) == text


def test_cells_are_text_and_never_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show(table("[bold]title", ("column",), [("[red]SKU[/red]",)]))

    told = capsys.readouterr().out
    assert "[bold]title" in told
    assert "[red]SKU[/red]" in told


def test_json_keeps_names_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"at": datetime(2026, 11, 23, tzinfo=UTC), "name": "Bremsbeläge ブレーキ"})

    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-11-23T00:00:00Z",
        "name": "Bremsbeläge ブレーキ",
    }


def test_an_exported_order_whose_buyer_was_removed_says_so() -> None:
    removed = an_order(buyer=None, purged_at=datetime(2026, 12, 24, tzinfo=UTC))
    unread = an_order(buyer=None)

    assert exported(removed, cursor="c", reveal=True).buyer_data is BuyerData.REMOVED
    assert exported(unread, cursor="c", reveal=True).buyer_data is BuyerData.NOT_KNOWN


def test_reasons_nobody_was_skipped_for_are_not_counted() -> None:
    tally = ReportTally(
        rows=1,
        row_outcomes={RowOutcome.SKIPPED: 1},
        orders={},
        skipped={SkipReason.FULFILLED_BY_AMAZON: 1, SkipReason.NOT_PENDING: 0},
        rejected=0,
        chunks=1,
    )

    assert counts_of(tally) == {
        "rows": 1,
        "row_outcomes": {
            "created": 0,
            "updated": 0,
            "unchanged": 0,
            "skipped": 1,
            "rejected": 0,
        },
        "orders": {"created": 0, "recovered": 0, "updated": 0, "unchanged": 0},
        "skipped": {"fulfilled_by_amazon": 1},
        "rejected": 0,
    }
