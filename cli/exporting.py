"""Writing orders as JSON lines, page by page: what was read is recorded before it is written."""

from __future__ import annotations

import click

from actors.app import App
from cli.export_format import exported
from cli.revealing import Why

PAGE = 200


def write_lines(
    app: App, *, since: str, account: str | None, limit: int | None, why: Why | None
) -> None:
    """Write the orders changed since a cursor, oldest change first, at most ``limit``.

    With ``why`` buyers are revealed.

    Raises:
        Malformed: the cursor is none of ours.
        Unavailable: the store cannot be reached; the last line's cursor goes on from there.
    """
    cursor, left = since, limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = app.store.views.export(since=cursor, account=account, limit=size)
        if why is not None:
            orders = [order for _, order in page]
            app.store.views.record_disclosure(orders, who=why.who, reason=why.reason)
        for cursor, order in page:
            line = exported(order, cursor=cursor, reveal=why is not None)
            click.echo(line.model_dump_json())
        if len(page) < size:
            return
        left = None if left is None else left - len(page)
