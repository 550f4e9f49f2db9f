from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.messages import ParsedLine, RejectedRow
from domain.order_report import Header, read_header, read_row
from tests.fakes.report_lines import HEADER, line

NO_DATE = "is not a date and time with an offset"
NO_COUNT = "is not a whole number from 0 to 999999"


def header() -> Header:
    read = read_header(HEADER)
    assert isinstance(read, Header)
    return read


def good(**cells: str) -> ParsedLine:
    row = read_row(header(), 7, line(**cells))
    assert isinstance(row, ParsedLine)
    return row


def bad(**cells: str) -> RejectedRow:
    row = read_row(header(), 7, line(**cells))
    assert isinstance(row, RejectedRow)
    return row


def test_a_full_row_keeps_exactly_the_allowed_columns() -> None:
    row = good(
        amazon_order_id="111-7654321-7654321",
        merchant_order_id="M-88",
        last_updated_date="2026-11-22T15:03:40.123456Z",
        order_status="Unshipped",
        ship_service_level="Expedited",
        item_status="Unshipped",
        quantity="2",
        item_price="19.98",
        shipping_price="0.00",
        ship_city="EXAMPLEVILLE",
        ship_postal_code="00017",
        item_tax="1.60",
        purchase_order_number="PO-17",
        is_business_order="TRUE",
    )

    assert row == ParsedLine(
        row=7,
        order_id="111-7654321-7654321",
        status="Unshipped",
        item_status="Unshipped",
        purchased_at=datetime(2026, 11, 22, 14, 3, 11, tzinfo=UTC),
        last_updated_at=datetime(2026, 11, 22, 15, 3, 40, 123000, tzinfo=UTC),
        fulfillment_channel="Merchant",
        sales_channel="Amazon.com",
        sku="BP-100",
        asin="B00TEST001",
        product_name="Brake Pad Set",
        quantity=2,
        currency="USD",
        item_price_minor=1998,
        shipping_price_minor=0,
        merchant_order_id="M-88",
        ship_service_level="Expedited",
        is_business_order=True,
    )
    assert "EXAMPLEVILLE" not in repr(row)
    assert "PO-17" not in repr(row)


def test_a_title_may_contain_bare_quotes() -> None:
    assert good(product_name='12" wiper, "soft').product_name == '12" wiper, "soft'


def test_a_sku_stays_text_with_leading_zeros_and_inner_spaces() -> None:
    assert good(sku=" 00 42#é ").sku == "00 42#é"


def test_control_characters_become_one_space_and_vanish_at_the_ends() -> None:
    assert good(product_name="\x00Oil\x1b\x07Filter\x85").product_name == "Oil Filter"


def test_half_characters_that_no_store_could_keep_vanish() -> None:
    assert good(product_name="Oil\ud800Filter").product_name == "Oil Filter"


def test_dates_are_told_in_utc() -> None:
    row = good(purchase_date="2026-11-22T23:30:00-08:00")

    assert row.purchased_at == datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize("order_id", ["058-3718414-0463502", "S01-3718414-0463502"])
def test_order_ids_of_amazon_and_of_elsewhere_are_readable(order_id: str) -> None:
    assert good(amazon_order_id=order_id).order_id == order_id


@pytest.mark.parametrize(
    ("_case", "column", "value", "reason"),
    [
        ("no id", "amazon-order-id", "", "is empty"),
        ("not an id", "amazon-order-id", "17", "is not an Amazon order id"),
        ("id and more", "amazon-order-id", "111-0000001-00000012", "is not an Amazon order id"),
        (
            "other digits",
            "amazon-order-id",
            "\u0661\u0661\u0661-0000001-0000001",
            "is not an Amazon order id",
        ),
        ("no date", "purchase-date", " ", "is empty"),
        ("no zone", "purchase-date", "2026-11-22T14:03:11", NO_DATE),
        ("local date", "purchase-date", "22.11.2026", NO_DATE),
        ("no such day", "purchase-date", "2026-02-30T00:00:00Z", NO_DATE),
        ("before Amazon", "purchase-date", "1970-01-01T00:00:00Z", NO_DATE),
        ("year 1", "purchase-date", "0001-01-01T00:00:00+14:00", NO_DATE),
        ("no status", "order-status", "\x00", "is empty"),
        ("no sku", "sku", "", "is empty"),
        ("endless sku", "sku", "x" * 501, "is too long"),
        ("no quantity", "quantity", "", "is empty"),
        ("fraction", "quantity", "1.0", NO_COUNT),
        ("negative", "quantity", "-1", NO_COUNT),
        ("other digits", "quantity", "٢", NO_COUNT),
        ("absurd", "quantity", "1000000", NO_COUNT),
        ("huge", "quantity", "9" * 5000, NO_COUNT),
    ],
)
def test_a_required_cell_that_cannot_be_read_rejects_the_row(
    _case: str, column: str, value: str, reason: str
) -> None:
    row = bad(**{column.replace("-", "_"): value})

    assert (row.row, row.column, row.reason) == (7, column, reason)


def test_a_rejected_row_names_its_order_when_that_is_readable() -> None:
    assert bad(sku="").order_id == "111-0000001-0000001"
    assert bad(amazon_order_id="buyer-17@example.invalid").order_id == ""


def test_zero_units_are_a_quantity_because_cancelled_rows_have_them() -> None:
    assert good(quantity="0").quantity == 0


@pytest.mark.parametrize(
    ("_case", "column", "value", "field", "kept"),
    [
        ("price", "item-price", "call us", "item_price_minor", None),
        ("comma price", "shipping-price", "1,50", "shipping_price_minor", None),
        ("update time", "last-updated-date", "yesterday", "last_updated_at", None),
        ("currency", "currency", "dollar", "currency", ""),
        ("business", "is-business-order", "maybe", "is_business_order", None),
        ("endless title", "product-name", "x" * 501, "product_name", ""),
    ],
)
def test_an_optional_cell_that_cannot_be_read_costs_only_itself(
    _case: str, column: str, value: str, field: str, kept: object
) -> None:
    row = good(**{column.replace("-", "_"): value})

    assert getattr(row, field) == kept
    assert row.quantity == 1


def test_blank_cells_beyond_the_header_are_harmless() -> None:
    row = read_row(header(), 2, line(item_price="oops") + "\t\t ")

    assert isinstance(row, ParsedLine)


def test_a_cell_too_many_rejects_the_row() -> None:
    row = read_row(header(), 9, line() + "\tx")

    assert row == RejectedRow(
        row=9,
        column="(row)",
        reason="has 33 cells, the header has 32",
        order_id="111-0000001-0000001",
    )


def test_a_tab_inside_a_title_shifts_the_cells_and_rejects_the_row() -> None:
    row = read_row(header(), 9, line(product_name="Oil\tFilter"))

    assert isinstance(row, RejectedRow)
    assert (row.column, row.reason) == ("(row)", "has 33 cells, the header has 32")


def test_a_row_whose_blank_end_was_cut_off_is_still_read() -> None:
    row = read_row(header(), 2, line(is_business_order="").rstrip("\t"))

    assert isinstance(row, ParsedLine)


@pytest.mark.parametrize("lost", ["merchant-order-id", "product-name", "item-status", "currency"])
def test_a_lost_cell_shifts_the_rest_and_rejects_the_row(lost: str) -> None:
    cells = line(item_price="5.00", ship_city="EXAMPLEVILLE").split("\t")
    del cells[HEADER.split("\t").index(lost)]

    row = read_row(header(), 2, "\t".join(cells))

    assert isinstance(row, RejectedRow)
    assert (row.column, row.reason) == ("(row)", "has 31 cells, the header has 32")


def test_a_lost_tax_cell_is_noticed_by_the_city_among_the_amounts() -> None:
    cells = line(item_price="5.00", ship_city="EXAMPLEVILLE").split("\t")
    del cells[HEADER.split("\t").index("item-tax")]

    row = read_row(header(), 2, "\t".join(cells))

    assert isinstance(row, RejectedRow)
    assert row.column == "(row)"


def test_a_row_cut_off_in_the_middle_is_rejected() -> None:
    row = read_row(header(), 2, line()[:60])

    assert isinstance(row, RejectedRow)
    assert row.column == "(row)"


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=80)


@given(st.lists(ANY_TEXT, max_size=40).map("\t".join))
@example("\ud800")
@example("\t" * 31)
def test_no_text_at_all_makes_reading_fail_and_no_reason_repeats_it(text: str) -> None:
    row = read_row(header(), 3, text)

    assert isinstance(row, RejectedRow)
    assert row.row == 3


@given(st.sampled_from(HEADER.split("\t")), ANY_TEXT.filter(lambda t: "\t" not in t))
def test_no_text_in_any_one_cell_makes_reading_fail(column: str, text: str) -> None:
    row = read_row(header(), 3, line(**{column.replace("-", "_"): text}))

    if isinstance(row, RejectedRow):
        assert row.column in {column, "(row)"}
    else:
        assert ParsedLine.model_validate_json(row.model_dump_json()) == row
