from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.item_matching import match
from domain.orders import OrderItem, ReportLine


def item(
    number: int, sku: str, quantity: int = 1, unit_price_minor: int | None = None
) -> OrderItem:
    return OrderItem(
        order_item_id=f"00{number}",
        sku=sku,
        asin="",
        title="",
        quantity_ordered=quantity,
        quantity_fulfilled=0,
        quantity_unfulfilled=quantity,
        unit_price_minor=unit_price_minor,
    )


def row(number: int, sku: str, quantity: int = 1, price_minor: int | None = None) -> ReportLine:
    return ReportLine("R1", number, sku, "", "", quantity, "", "USD", price_minor, None)


def rows_of(items: list[OrderItem], lines: list[ReportLine]) -> dict[str, tuple[int, ...]]:
    return {each.order_item_id: each.report_rows for each in match(items, lines)}


def ambiguous(items: list[OrderItem], lines: list[ReportLine]) -> list[str]:
    return [each.order_item_id for each in match(items, lines) if each.ambiguous]


def test_rows_find_their_item_by_sku_whatever_their_order() -> None:
    items = [item(1, "A"), item(2, "B")]

    assert rows_of(items, [row(7, "B"), row(8, "A")]) == {"001": (8,), "002": (7,)}
    assert ambiguous(items, [row(7, "B"), row(8, "A")]) == []


def test_the_same_sku_twice_is_told_apart_by_quantity() -> None:
    items = [item(1, "A", 1), item(2, "A", 3)]

    assert rows_of(items, [row(7, "A", 3), row(8, "A", 1)]) == {"001": (8,), "002": (7,)}
    assert ambiguous(items, [row(7, "A", 3), row(8, "A", 1)]) == []


def test_the_same_sku_and_quantity_is_told_apart_by_the_price_of_the_row() -> None:
    items = [item(1, "A", 2, unit_price_minor=500), item(2, "A", 2, unit_price_minor=700)]

    assert rows_of(items, [row(7, "A", 2, 1400), row(8, "A", 2, 1000)]) == {
        "001": (8,),
        "002": (7,),
    }
    assert ambiguous(items, [row(7, "A", 2, 1400), row(8, "A", 2, 1000)]) == []


def test_alike_rows_are_matched_somehow_and_shown_as_ambiguous() -> None:
    items = [item(1, "A"), item(2, "A"), item(3, "B")]

    lines = [row(8, "A"), row(7, "A"), row(9, "B")]
    assert rows_of(items, lines) == {"001": (7,), "002": (8,), "003": (9,)}
    assert ambiguous(items, lines) == ["001", "002"]


def test_rows_without_price_are_matched_by_quantity_but_ambiguous() -> None:
    items = [item(1, "A", 1, unit_price_minor=500), item(2, "A", 1, unit_price_minor=700)]

    assert ambiguous(items, [row(7, "A"), row(8, "A")]) == ["001", "002"]


def test_a_changed_quantity_still_finds_the_only_item_of_its_sku() -> None:
    assert rows_of([item(1, "A", 2)], [row(7, "A", 0)]) == {"001": (7,)}


def test_an_item_split_over_rows_takes_them_all() -> None:
    items = [item(1, "A", 3)]

    assert rows_of(items, [row(7, "A", 1), row(8, "A", 2)]) == {"001": (7, 8)}
    assert ambiguous(items, [row(7, "A", 1), row(8, "A", 2)]) == []


def test_a_row_of_no_item_and_an_item_of_no_row_stay_alone() -> None:
    assert rows_of([item(1, "A")], [row(7, "B")]) == {"001": ()}


def test_a_new_match_forgets_the_old_one() -> None:
    [first] = match([item(1, "A")], [row(7, "A")])
    [second] = match([first], [])

    assert (second.report_rows, second.ambiguous) == ((), False)


CONTENTS = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 2), st.sampled_from([None, 500, 700])),
    max_size=6,
)


@given(CONTENTS, st.randoms(use_true_random=False))
def test_equal_multisets_are_matched_one_to_one_with_equal_contents(
    contents: list[tuple[str, int, int | None]], random: Random
) -> None:
    items = [item(n, *content) for n, content in enumerate(contents)]
    shuffled = list(contents)
    random.shuffle(shuffled)
    lines = [
        row(n, sku, quantity, None if price is None else price * quantity)
        for n, (sku, quantity, price) in enumerate(shuffled, start=2)
    ]

    matched = match(items, lines)

    assert sorted(r for each in matched for r in each.report_rows) == [x.row for x in lines]
    by_row = {each.row: each for each in lines}
    for each in matched:
        [number] = each.report_rows
        assert (by_row[number].sku, by_row[number].quantity) == (each.sku, each.quantity_ordered)


@given(CONTENTS, CONTENTS)
def test_no_row_ever_belongs_to_two_items_and_every_pair_has_one_sku(
    ordered: list[tuple[str, int, int | None]], reported: list[tuple[str, int, int | None]]
) -> None:
    items = [item(n, *content) for n, content in enumerate(ordered)]
    lines = [row(n, *content) for n, content in enumerate(reported)]

    matched = match(items, lines)

    taken = [number for each in matched for number in each.report_rows]
    assert len(taken) == len(set(taken))
    for each in matched:
        assert {lines[number].sku for number in each.report_rows} <= {each.sku}
    assert [each.order_item_id for each in matched] == [each.order_item_id for each in items]
