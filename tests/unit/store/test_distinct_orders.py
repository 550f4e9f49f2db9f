"""Counting distinct orders: the packed count says what a plain one would."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import RowOutcome
from store.distinct_orders import DistinctOrders

order_ids = st.sampled_from(
    [
        "000-0000000-0000000",
        "999-9999999-9999999",
        "701-1234567-0000001",
        "701-12345670-000001",
        "333-3333333-3333333",
        "٣٣٣-٣٣٣٣٣٣٣-٣٣٣٣٣٣٣",
        "S01-1",
        "",
    ]
)
outcomes = st.sampled_from(RowOutcome).map(str)


@given(st.lists(st.tuples(order_ids, outcomes, st.booleans()), max_size=30))
def test_the_packed_count_is_the_plain_count(rows: list[tuple[str, str, bool]]) -> None:
    orders = DistinctOrders()
    for order_id, outcome, recovered in rows:
        orders.add(order_id, outcome, recovered=recovered)

    ranks = ["unchanged", "updated", "created"]
    plain = {"created": 0, "recovered": 0, "updated": 0, "unchanged": 0}
    kept = [row for row in rows if row[1] in ranks]
    for order_id in {row[0] for row in kept}:
        own = [row for row in kept if row[0] == order_id]
        plain[ranks[max(ranks.index(outcome) for _, outcome, _ in own)]] += 1
        plain["recovered"] += any(recovered for *_, recovered in own)
    assert orders.counts() == plain


def test_rows_of_an_order_may_come_far_apart() -> None:
    rows = [(f"701-{n:07d}-0000000", str(RowOutcome.CREATED)) for n in range(500)] * 2
    random.Random(7).shuffle(rows)
    orders = DistinctOrders()

    for order_id, outcome in rows:
        orders.add(order_id, outcome, recovered=False)

    assert orders.counts() == {"created": 500, "recovered": 0, "updated": 0, "unchanged": 0}
