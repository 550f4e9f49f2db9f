"""Between the rows of a fulfillment feed and the shipments they are of.  Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.feed_results import FeedVerdict, SentRow
from domain.feeds import FeedMember
from domain.fulfillment_file import FulfillmentFile
from domain.shipment_outcomes import ItemVerdict, Verdicts


def feed_members(file: FulfillmentFile) -> tuple[FeedMember, ...]:
    """Return what each row of the file stands for, numbered as Amazon's verdict will."""
    return tuple(
        FeedMember(
            record=number,
            order_id=row.order_id,
            shipment_id=package.shipment_id,
            order_item_id=row.order_item_id,
            quantity=row.quantity,
            content_hash=package.digest,
        )
        for number, (package, row) in enumerate(file.rows, start=1)
    )


def sent_rows(members: Sequence[FeedMember]) -> tuple[SentRow, ...]:
    """Return the rows as the result names them, in file order."""
    ordered = sorted(members, key=lambda member: member.record)
    return tuple(SentRow(member.order_id, member.order_item_id) for member in ordered)


def verdicts_by_order(
    members: Sequence[FeedMember], verdict: FeedVerdict
) -> Mapping[str, Verdicts]:
    """Return Amazon's verdict on the rows by order id and shipment id.

    Feed to ``domain.shipment_outcomes.with_verdicts`` of each order's book.
    """
    said = {row.record: row for row in verdict.rows}
    orders: defaultdict[str, defaultdict[str, list[ItemVerdict]]]
    orders = defaultdict(lambda: defaultdict(list))
    for member in members:
        row = said.get(member.record)
        if row is not None:
            item = ItemVerdict(member.order_item_id, row.outcome, row.issues)
            orders[member.order_id][member.shipment_id].append(item)
    return {order_id: dict(shipments) for order_id, shipments in orders.items()}
