from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_report import Header, NotTheReport, open_report, read_header, read_row
from tests.fakes.report_lines import HEADER, line

COLUMNS = HEADER.split("\t")
NEWER_COLUMNS = ["number-of-items", "tax-collection-model", "address-type", "signature"]
SHORT_LAYOUT = [c for c in COLUMNS if c not in {"cpf", "purchase-order-number", "promotion-ids"}]


def read_first_row(columns: list[str], **cells: str) -> object:
    named = dict(zip(COLUMNS, line(**cells).split("\t"), strict=True))
    header = read_header("\t".join(columns))
    assert isinstance(header, Header)
    return read_row(header, 2, "\t".join(named.get(column, "x-unknown") for column in columns))


@pytest.mark.parametrize(
    ("_case", "columns"),
    [
        ("32 columns", COLUMNS),
        ("29 columns", SHORT_LAYOUT),
        ("33 columns with url", [*COLUMNS[:8], "url", *COLUMNS[8:]]),
        ("36 columns", COLUMNS + NEWER_COLUMNS),
        ("any order of columns", sorted(COLUMNS)),
        ("only the required ones", ["sku", "quantity", *COLUMNS[:5]]),
    ],
)
def test_cells_are_found_by_column_name_in_every_layout(_case: str, columns: list[str]) -> None:
    row = read_first_row(columns, sku="OF-7", quantity="2", order_status="Unshipped")

    assert getattr(row, "sku", row) == "OF-7"
    assert getattr(row, "quantity", row) == 2
    assert getattr(row, "status", row) == "Unshipped"


def test_a_byte_order_mark_spaces_and_capitals_in_the_header_do_not_matter() -> None:
    header = read_header("\ufeff" + HEADER.upper().replace("\t", " \t "))

    assert header == read_header(HEADER)


def test_a_tab_at_the_end_of_the_header_is_not_a_column() -> None:
    assert read_header(HEADER + "\t") == read_header(HEADER)


@pytest.mark.parametrize("column", ["amazon-order-id", "purchase-date", "order-status", "sku"])
def test_a_missing_required_column_is_named(column: str) -> None:
    answer = read_header("\t".join(c for c in COLUMNS if c != column))

    assert isinstance(answer, NotTheReport)
    assert f"has no column {column};" in answer.reason


def test_a_required_column_twice_is_refused() -> None:
    answer = read_header(HEADER + "\tsku")

    assert answer == NotTheReport("the header row has the column sku more than once")


def test_an_optional_column_twice_is_not_read_because_nobody_knows_which_counts() -> None:
    header = read_header(HEADER + "\tasin")
    assert isinstance(header, Header)

    row = read_row(header, 2, line(asin="B1") + "\tB2")

    assert getattr(row, "asin", row) == ""


def test_a_localized_header_is_refused_with_a_hint() -> None:
    answer = read_header("Bestellnummer\tKaufdatum\tStatus")

    assert isinstance(answer, NotTheReport)
    assert "its first column is “bestellnummer”" in answer.reason
    assert "another language" in answer.reason


def test_a_text_instead_of_a_report_is_quoted() -> None:
    text = "Date range exceeded. Report can be requested only upto 30 days"

    answer = open_report([text], chunk_rows=10)

    assert isinstance(answer, NotTheReport)
    assert text[:60].rstrip() in answer.reason
    assert text not in answer.reason


def test_a_web_page_is_named_as_such() -> None:
    answer = open_report(["<!DOCTYPE html>", "<html>"], chunk_rows=10)

    assert isinstance(answer, NotTheReport)
    assert "web page" in answer.reason


@pytest.mark.parametrize("lines", [[], [""], ["\ufeff"], ["", " \t "]])
def test_an_empty_file_is_not_the_report(lines: list[str]) -> None:
    answer = open_report(lines, chunk_rows=10)

    assert answer == NotTheReport("the file is empty, it has not even a header row")


def test_a_reason_shows_no_control_characters() -> None:
    answer = read_header("\x1b[31mred\x00 alert\u2028x")

    assert isinstance(answer, NotTheReport)
    assert answer.reason.endswith("“[31mred  alert x”")


@given(st.text(max_size=400).filter(lambda text: text.strip() != ""))
def test_whatever_the_first_line_is_at_most_sixty_characters_of_it_are_told(text: str) -> None:
    marked = text.replace("q", "").replace("Q", "") or "x"
    answer = read_header(marked + "Q" * 300)

    assert isinstance(answer, NotTheReport)
    assert len(answer.reason) < 260
    assert answer.reason.lower().count("q") <= 60
    assert answer.reason.isprintable() or "“" in answer.reason
