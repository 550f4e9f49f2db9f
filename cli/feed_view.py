"""A feed as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.table import Table

from cli.output import plain, short, table
from domain.feed_results import FeedVerdict
from domain.feeds import FULFILLMENT, LISTINGS, Feed, FeedMember

TYPES = {FULFILLMENT: "fulfillment", LISTINGS: "listings"}
COLUMNS = ("feed", "account", "type", "state", "rows", "made (UTC)", "Amazon's id", "")
MEMBER_COLUMNS = ("row", "order", "order item", "units", "shipment")
ROWS_SHOWN = 50


def feed_row(feed: Feed) -> dict[str, Any]:
    """Return a feed as one line of a list, or all of it: there is not much."""
    return {**plain(feed), "type": TYPES.get(feed.feed_type, feed.feed_type), "open": is_open(feed)}


def is_open(feed: Feed) -> bool:
    """Whether it has its lane: nothing newer of its kind is sent meanwhile."""
    return feed.closed_at is None


def feed_table(title: str, feeds: Iterable[Feed]) -> Table:
    """Return a table of feeds."""
    return table(title, COLUMNS, (_cells(each) for each in feeds))


def notes(feed: Feed) -> str:
    """Return what a person should know about a feed, or nothing."""
    told = ["writing is off: shown, not sent"] if feed.dry else []
    told += [f"HELD: {feed.held}"] if feed.held else []
    told += ["stuck at Amazon"] if feed.stuck_at and feed.processed_at is None else []
    told += [f"released by {feed.released_by}: {feed.released_why}"] if feed.released_by else []
    told += [feed.reason] if feed.reason else []
    told += [f"owed to its members: {feed.owed.value}"] if feed.owed else []
    return "; ".join(told)


def feed_screen(feed: Feed, members: Sequence[FeedMember]) -> Iterator[Table | str]:
    """Yield what ``feeds show`` prints."""
    yield table(f"Feed {feed.feed_id}", ("", ""), _facts(feed))
    if members:
        more = f" (the first {ROWS_SHOWN}; --json has all)" if len(members) > ROWS_SHOWN else ""
        rows = (
            (m.record, m.order_id or "-", m.order_item_id or m.sku, m.quantity, m.shipment_id)
            for m in members[:ROWS_SHOWN]
        )
        yield table(f"Its rows{more}", MEMBER_COLUMNS, rows)
    yield f"What it says: feeds content {feed.feed_id} · what Amazon says: feeds result …"
    yield f"Its whole story: explain feed {feed.feed_id}"


def verdict_rows(verdict: FeedVerdict, members: Sequence[FeedMember]) -> list[dict[str, Any]]:
    """Return Amazon's verdict on each row, and what the row stands for."""
    by_record = {member.record: member for member in members}
    rows = []
    for row in verdict.rows:
        member = by_record.get(row.record)
        rows.append(
            {
                "row": row.record,
                "order_id": member.order_id if member else "",
                "order_item_id": member.order_item_id if member else "",
                "shipment_id": member.shipment_id if member else "",
                "outcome": row.outcome.value,
                "issues": plain(row.issues),
            }
        )
    return rows


def verdict_table(rows: Iterable[dict[str, Any]]) -> Table:
    """Return a table of what Amazon said about each row."""
    columns = ("row", "order", "order item", "verdict", "what Amazon said")
    return table("Amazon's verdict, row by row", columns, (_verdict_cells(each) for each in rows))


def _verdict_cells(row: dict[str, Any]) -> tuple[object, ...]:
    said = "; ".join(f"{each['code']} {each['message']}".strip() for each in row["issues"])
    return row["row"], row["order_id"], row["order_item_id"], row["outcome"], said


def _cells(feed: Feed) -> tuple[object, ...]:
    return (
        feed.feed_id,
        feed.account,
        TYPES.get(feed.feed_type, feed.feed_type),
        feed.state.value,
        feed.rows,
        short(feed.created_at),
        feed.amazon_feed_id or "-",
        notes(feed),
    )


def _facts(feed: Feed) -> Iterator[tuple[str, object]]:
    yield "account", feed.account
    yield "type", feed.feed_type
    yield "state", f"{feed.state.value}{' (open)' if is_open(feed) else ''}"
    if notes(feed):
        yield "", notes(feed)
    yield "content", f"{feed.rows} rows, {feed.content_bytes} bytes, SHA-256 {feed.content_hash}"
    yield "made", short(feed.created_at)
    yield "attempts of createFeed", feed.attempts
    yield "Amazon's id", feed.amazon_feed_id or "-"
    yield "submitted", short(feed.submitted_at)
    yield "polls", feed.poll_attempt
    yield "Amazon's last word", feed.processing_status or "-"
    yield "processed", short(feed.processed_at)
    yield "left its lane", short(feed.closed_at)
