from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from domain.order_report import Chunk, OrderReport, open_report
from tests.fakes.report_lines import HEADER, line, order_id


def read(lines: list[str], chunk_rows: int) -> tuple[list[Chunk], OrderReport]:
    report = open_report([HEADER, *lines], chunk_rows=chunk_rows)
    assert isinstance(report, OrderReport)
    return list(report), report


def rows_of(*orders: int) -> list[str]:
    return [line(amazon_order_id=order_id(n)) for n in orders]


def test_rows_of_one_order_stay_in_one_chunk() -> None:
    chunks, _ = read(rows_of(1, 2, 2, 2, 3), chunk_rows=2)

    assert [[each.order_id for each in chunk.lines] for chunk in chunks] == [
        [order_id(1), order_id(2), order_id(2), order_id(2)],
        [order_id(3)],
    ]


def test_an_endless_order_is_cut_at_twice_the_chunk_size() -> None:
    chunks, _ = read(rows_of(*[5] * 9), chunk_rows=2)

    assert [len(chunk.lines) for chunk in chunks] == [4, 4, 1]


def test_chunks_are_numbered_from_one_and_name_their_lines() -> None:
    chunks, report = read(rows_of(1, 2, 3), chunk_rows=2)

    assert [(c.number, c.first_row, c.last_row) for c in chunks] == [(1, 2, 3), (2, 4, 4)]
    assert (report.rows, report.chunks) == (3, 2)


def test_blank_lines_are_no_rows_but_are_counted_as_lines() -> None:
    chunks, report = read(["", *rows_of(1), " \t ", *rows_of(2)], chunk_rows=10)

    assert [row.row for row in chunks[0].lines] == [3, 5]
    assert report.rows == 2


def test_one_bad_row_does_not_cost_the_others() -> None:
    chunks, report = read([*rows_of(1), "broken", *rows_of(2)], chunk_rows=10)

    assert [row.row for row in chunks[0].lines] == [2, 4]
    assert [(bad.row, bad.column) for bad in chunks[0].rejected] == [(3, "(row)")]
    assert report.rows == 3


def test_rows_without_a_readable_order_do_not_count_as_one_order() -> None:
    chunks, _ = read(["broken"] * 3, chunk_rows=2)

    assert [len(chunk.rejected) for chunk in chunks] == [2, 1]


def test_a_report_without_rows_has_no_chunks() -> None:
    chunks, report = read([], chunk_rows=10)

    assert chunks == []
    assert (report.rows, report.chunks) == (0, 0)


def test_lines_are_read_only_as_far_as_chunks_are_asked_for() -> None:
    seen: list[int] = []

    def endless() -> Iterator[str]:
        yield HEADER
        for number in range(10_000_000):
            seen.append(number)
            yield line(amazon_order_id=order_id(number))

    report = open_report(endless(), chunk_rows=100)
    assert isinstance(report, OrderReport)
    first = next(iter(report))

    assert len(first.lines) == 100
    assert len(seen) == 101


ROWS = st.lists(
    st.one_of(
        st.integers(1, 4).map(lambda n: line(amazon_order_id=order_id(n))),
        st.integers(1, 4).map(lambda n: line(amazon_order_id=order_id(n), sku="")),
        st.sampled_from(["", "broken", "\t\t\t"]),
    ),
    max_size=60,
)


@given(ROWS, st.integers(1, 70))
def test_every_row_is_in_exactly_one_chunk_whatever_the_chunk_size(
    lines: list[str], chunk_rows: int
) -> None:
    chunks, report = read(lines, chunk_rows)

    expected = [n for n, text in enumerate(lines, start=2) if text.strip()]
    told = [sorted([*(r.row for r in c.lines), *(r.row for r in c.rejected)]) for c in chunks]
    assert [row for rows in told for row in rows] == expected
    assert (report.rows, report.chunks) == (len(expected), len(chunks))
    assert all(len(rows) >= chunk_rows for rows in told[:-1])
    assert all(len(rows) <= 2 * chunk_rows for rows in told)
    assert [(c.first_row, c.last_row) for c in chunks] == [(r[0], r[-1]) for r in told]


@given(ROWS, st.integers(1, 10))
def test_a_second_reading_cuts_the_same_chunks(lines: list[str], chunk_rows: int) -> None:
    assert read(lines, chunk_rows)[0] == read(lines, chunk_rows)[0]
