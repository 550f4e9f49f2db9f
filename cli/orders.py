"""``orders``: look at them, read one from Amazon now, hand them to systems that ship."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.table import Table

from actors.app import App
from cli.exporting import write_lines
from cli.failing import Stop
from cli.fetching import fetch_order
from cli.forgetting import forget_buyer
from cli.order_view import order_document, order_row, order_screen, order_table, to_ship_table
from cli.output import COUNT, json_option, print_json, show
from cli.revealing import reveal_options, told_why
from cli.session import Session, account_option, pass_session
from domain.orders import Order, OrderStatus

STATUSES = [status.value for status in OrderStatus]


@click.group
def orders() -> None:
    """Look at orders, fetch one, export them, forget a buyer."""


@orders.command("list")
@account_option
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES, case_sensitive=False),
    help="Only these; can be repeated.",
)
@click.option("--ready", is_flag=True, help="Only what can be packed now, the most urgent first.")
@click.option("--limit", type=COUNT, default=50, show_default=True)
@json_option
@pass_session
def list_orders(
    session: Session,
    *,
    account: str | None,
    statuses: Sequence[str],
    ready: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show orders, the newest first; or what is there to ship, the most urgent first."""
    if ready and statuses:
        raise click.UsageError("--ready goes without --status: what is ready is ORDER_NEW")
    only = session.account_filter(account)
    wanted = tuple(OrderStatus(status) for status in statuses)
    with session.app() as app:
        if ready:
            found = app.store.views.list_to_ship(account=only, limit=limit)
        else:
            found = app.store.views.list_orders(account=only, statuses=wanted, limit=limit)
    if as_json:
        print_json({"orders": [order_row(each) for each in found]})
    elif found:
        show(_listed(found, ready=ready, limit=limit), "", "One of them: orders show ID")
    elif ready:
        show("Nothing is ready to ship. `orders list --status ORDER_NEW` shows what is open.")
    else:
        show("No such order. `report list` shows what was imported, `demo` makes some.")


def _listed(found: Sequence[Order], *, ready: bool, limit: int) -> Table:
    first = "most urgent" if ready else "newest"
    more = f" (the {first} {limit}; --limit shows more)" if len(found) == limit else ""
    if ready:
        return to_ship_table(f"Ready to ship, most urgent first{more}", found)
    return order_table(f"Orders, newest first{more}", found)


@orders.command("show")
@click.argument("order_id", metavar="ID")
@account_option
@reveal_options
@json_option
@pass_session
def show_order(
    session: Session,
    *,
    order_id: str,
    account: str | None,
    reveal: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Show one order; the buyer stays hidden unless revealed, which is recorded."""
    why = told_why(reveal=reveal, reason=reason)
    with session.app() as app:
        order = find_order(session, app, order_id, account)
        if why:
            app.store.views.record_disclosure([order], who=why.who, reason=why.reason)
    if as_json:
        print_json(order_document(order, reveal=reveal))
    else:
        show(*order_screen(order, reveal=reveal))


def find_order(session: Session, app: App, order_id: str, account: str | None) -> Order:
    """Return the order, looked for in the account given or in all of them.

    Raises:
        Stop: it is not here; the text says how to find out why.
        UsageError: several accounts have an order of this id.
    """
    names = [session.account(account)] if account else sorted(app.accounts)
    found = [order for name in names if (order := app.ports.orders.get(name, order_id))]
    if len(found) > 1:
        raise click.UsageError(
            f"say which account: --account {' | '.join(o.account for o in found)}"
        )
    if not found:
        raise Stop(f"no order {order_id} here; why: python -m cli explain order {order_id}")
    return found[0]


@orders.command("fetch")
@click.argument("order_id", metavar="ID")
@account_option
@json_option
@pass_session
def fetch(session: Session, *, order_id: str, account: str | None, as_json: bool) -> None:
    """Read one order from Amazon now; create or update it."""
    name = session.account(account)
    with session.app() as app:
        done = fetch_order(app, name, order_id)
    if as_json:
        print_json({"outcome": done.outcome, "order": order_document(done.order, reveal=False)})
    else:
        show(f"{order_id} is {done.outcome}.", "", *order_screen(done.order, reveal=False))


@orders.command("forget")
@click.argument("order_id", metavar="ID")
@click.option("--reason", required=True, help="Why, without naming the buyer; kept with the order.")
@account_option
@json_option
@pass_session
def forget(
    session: Session, *, order_id: str, reason: str, account: str | None, as_json: bool
) -> None:
    """Remove the buyer's data of one order now, for ever; recorded.

    For when the buyer or Amazon asks for it.  All else of the order stays.
    """
    if not reason.strip():
        raise click.UsageError("--reason needs a text: it is kept with the order")
    with session.app() as app:
        name = find_order(session, app, order_id, account).account
        done = forget_buyer(app, name, order_id, reason=reason.strip())
    if as_json:
        print_json({"outcome": done.outcome, "order": order_document(done.order, reveal=False)})
    else:
        show(*done.told())


@orders.command("export")
@click.option("--since", default="", help="The cursor of the last line you have; empty: all.")
@account_option
@click.option("--limit", type=COUNT, help="At most so many lines.")
@reveal_options
@pass_session
def export(
    session: Session,
    *,
    since: str,
    account: str | None,
    limit: int | None,
    reveal: bool,
    reason: str,
) -> None:
    """Write orders changed since a cursor as JSON lines, oldest change first.

    Schema: docs/messages/order-export.schema.json.  Each line's cursor goes on after it.
    """
    why = told_why(reveal=reveal, reason=reason)
    only = session.account_filter(account)
    with session.app() as app:
        write_lines(app, since=since, account=only, limit=limit, why=why)
