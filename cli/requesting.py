"""Asking for reports out of turn, and seeing them through where no worker is around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from actors.app import App
from cli.inline import in_this_process, is_in_memory
from config.accounts import Account, marketplaces
from domain.messages import ReportDue, ReportKind
from domain.reports import Report

LOOK_AT = 100
"""Newest reports looked through for the ones just asked for."""
MANY = 5
"""More reports than Amazon's quota lets one ask for in a row comfortably."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A report that was asked for.  ``report`` is None while workers elsewhere are on it."""

    marketplace: str
    flow_id: str
    report: Report | None = None


def marketplace_ids(account: Account, given: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the marketplaces named by id or country code; all when none is.

    Raises:
        UsageError: the account does not sell there, or it sells in too many to ask for all here.
    """
    by_name = {
        name: each.id for each in marketplaces().values() for name in (each.id, each.country)
    }
    ids = tuple(dict.fromkeys(by_name.get(name.upper(), name) for name in given))
    for each in ids:
        if each not in account.marketplaces:
            known = ", ".join(marketplaces()[one].country for one in account.marketplaces)
            raise click.UsageError(f"account {account.name} does not sell in {each}: use {known}")
    if not ids and len(account.marketplaces) > MANY:
        raise click.UsageError(
            f"account {account.name} sells in {len(account.marketplaces)} marketplaces:"
            " say which with --marketplace US (can be repeated)"
        )
    return ids or account.marketplaces


def request_reports(
    app: App, account: str, marketplaces_ids: Sequence[str], *, days: int | None
) -> list[Asked]:
    """Say that reports are due; with the broker in memory, run the whole flow until all is quiet.

    Raises:
        Stop: in memory, it takes too long.
    """
    ticks = [_due(account, each, days) for each in marketplaces_ids]
    with in_this_process(app.broker):
        for tick in ticks:
            app.publish(tick)
    if is_in_memory(app.broker):
        return [Asked(tick.marketplace, tick.flow_id, _report_of(app, tick)) for tick in ticks]
    return [Asked(tick.marketplace, tick.flow_id) for tick in ticks]


def _due(account: str, marketplace: str, days: int | None) -> ReportDue:
    now = datetime.now(UTC)
    return ReportDue.first(
        key=f"by hand/{marketplace}/{now.isoformat()}",
        account=account,
        at=now,
        kind=ReportKind.ORDERS,
        marketplace=marketplace,
        days=days,
    )


def _report_of(app: App, tick: ReportDue) -> Report | None:
    """Return the report the tick opened, or the newest of its lane: one that was open already."""
    lane = [
        report
        for report in app.store.views.list_reports(account=tick.account, limit=LOOK_AT)
        if (report.kind, report.marketplace) == (tick.kind, tick.marketplace)
    ]
    opened = [report for report in lane if report.flow_id == tick.flow_id]
    return next(iter(opened or lane), None)
