"""Gathering what is recorded about an order or a feed, for ``explain``."""

from __future__ import annotations

from collections.abc import Sequence

from actors.app import App
from cli.explaining import Evidence, SeenRow
from domain.feeds import Feed, FeedMember
from domain.ledger import RowOutcome
from domain.messages import ReportKind
from domain.reports import Report
from domain.shipments import Outbound, Shipment

NEWEST_REPORTS = 500
"""Ten days of one marketplace at the default cadence."""


def gather(app: App, account: str, order_id: str) -> Evidence:
    """Return the order, every row about it, and the account's newest order reports.

    Raises:
        Unavailable: the store cannot be reached.
    """
    rows = ledger_rows(app, account, order_id) or skipped_long_ago(app, account, order_id)
    return Evidence(
        account=account,
        order_id=order_id,
        order=app.ports.orders.get(account, order_id),
        rows=rows,
        reports=_reports(app, account),
    )


def packages(
    app: App, account: str, order_id: str
) -> tuple[tuple[Shipment, ...], tuple[Feed, ...]]:
    """Return the packages entered for an order, and the feeds that carried any of them."""
    book = app.store.shipment_views.book(account, order_id)
    if book is None:
        return (), ()
    ids = app.store.feed_contents.feed_ids_of(account, order_id)
    return book.shipments, tuple(app.store.feed_views.feeds(ids))


def standing_of(app: App, account: str, members: Sequence[FeedMember]) -> list[Outbound]:
    """Return where each of the feed's shipments stands by now."""
    books = app.store.shipments.books(account, {member.order_id for member in members})
    wanted = {member.shipment_id for member in members}
    return [
        shipment.outbound
        for book in books.values()
        for shipment in book.shipments
        if shipment.shipment_id in wanted
    ]


def ledger_rows(app: App, account: str, order_id: str) -> tuple[SeenRow, ...]:
    """Return what became of each row about the order, the oldest first."""
    return tuple(
        SeenRow(
            account=account,
            report_id=row.report_id,
            row=row.row,
            outcome=row.outcome,
            at=row.imported_at,
            reason=row.reason,
            detail=row.detail,
        )
        for row in app.store.views.ledger_rows(account, order_id)
    )


def skipped_long_ago(app: App, account: str, order_id: str) -> tuple[SeenRow, ...]:
    """Return the last sighting for each reason: it is kept longer than the ledger."""
    skipped = app.store.views.skipped(account=account, order_id=order_id)
    return tuple(
        SeenRow(
            account=account,
            report_id=each.last_report_id,
            row=each.last_row,
            outcome=RowOutcome.SKIPPED,
            at=each.last_seen_at,
            reason=each.reason,
        )
        for each in sorted(skipped, key=lambda each: each.last_seen_at)
    )


def _reports(app: App, account: str) -> tuple[Report, ...]:
    found = app.store.views.list_reports(
        account=account, kind=ReportKind.ORDERS, limit=NEWEST_REPORTS
    )
    return tuple(found)
