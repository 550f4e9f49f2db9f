"""``feeds``: what was sent to Amazon in bulk, what it answered; free a stuck lane."""

from __future__ import annotations

from collections.abc import Sequence

import click

from actors.app import App
from cli.failing import Stop
from cli.feed_view import feed_row, feed_screen, feed_table, is_open, verdict_rows, verdict_table
from cli.inline import in_this_process
from cli.output import json_option, plain, print_json, show
from cli.retrying import given_reason
from cli.revealing import who
from cli.session import Session, account_option, pass_session
from domain.feed_results import FeedVerdict, read_result
from domain.feeds import FULFILLMENT, Feed, FeedMember, FeedState
from domain.fulfillment_members import sent_rows
from domain.messages import FeedProcessed

STATES = [each.value for each in FeedState]


@click.group
def feeds() -> None:
    """Look at feeds, their rows, Amazon's verdict; release a stuck one."""


@feeds.command("list")
@account_option
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES, case_sensitive=False),
    help="Only these; can be repeated.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@pass_session
def list_feeds(
    session: Session, *, account: str | None, states: Sequence[str], limit: int, as_json: bool
) -> None:
    """Show feeds, the newest first."""
    only = session.account_filter(account)
    wanted = tuple(FeedState(each) for each in states)
    with session.app() as app:
        found = app.store.feed_views.list_feeds(account=only, states=wanted, limit=limit)
    if as_json:
        print_json({"feeds": [feed_row(each) for each in found]})
    elif found:
        more = f" (the newest {limit}; --limit shows more)" if len(found) == limit else ""
        show(feed_table(f"Feeds, newest first{more}", found), "", "One of them: feeds show ID")
    else:
        show("No such feed. What the next one would send: fulfillment preview")


@feeds.command("show")
@click.argument("feed_id", metavar="ID")
@json_option
@pass_session
def show_feed(session: Session, *, feed_id: str, as_json: bool) -> None:
    """Show one feed: how far it is, and what each of its rows stands for."""
    with session.app() as app:
        feed = get_feed(app, feed_id)
        members = app.store.feeds.members(feed_id)
    if as_json:
        print_json({**feed_row(feed), "members": plain(members)})
    else:
        show(*feed_screen(feed, members))


@feeds.command("content")
@click.argument("feed_id", metavar="ID")
@json_option
@pass_session
def content(session: Session, *, feed_id: str, as_json: bool) -> None:
    """Write the exact bytes of a feed to stdout."""
    with session.app() as app:
        feed = get_feed(app, feed_id)
        found = app.store.feeds.content(feed_id)
    if as_json:
        told = {"content_type": feed.content_type, "sha256": feed.content_hash}
        print_json({"feed_id": feed_id, **told, "content": found.decode(errors="replace")})
    else:
        click.echo(found, nl=False)


@feeds.command("result")
@click.argument("feed_id", metavar="ID")
@click.option("--raw", is_flag=True, help="Amazon's own text only, as it came.")
@json_option
@pass_session
def result(session: Session, *, feed_id: str, raw: bool, as_json: bool) -> None:
    """Show what Amazon said of each row, and its own text."""
    with session.app() as app:
        feed = get_feed(app, feed_id)
        members = app.store.feeds.members(feed_id)
        found = app.store.feeds.result(feed_id)
    if found is None:
        raise Stop(f"Amazon has said nothing of the rows of {feed_id}; it is {feed.state.value}")
    if raw:
        click.echo(found.text, nl=False)
        return
    verdict = verdict_of(feed, members, found.text, truncated=found.truncated)
    rows = verdict_rows(verdict, members) if verdict else []
    if as_json:
        doubt = verdict.unverified if verdict else ""
        told = {"charset": found.charset, "truncated": found.truncated, "text": found.text}
        print_json({"feed_id": feed_id, "rows": rows, "unverified": doubt, **told})
        return
    if rows:
        show(verdict_table(rows), "")
    if verdict and verdict.unverified:
        show(f"Not trusted: {verdict.unverified}", "")
    show("Amazon's own text:")
    click.echo(found.text.rstrip())


@feeds.command("release")
@click.argument("feed_id", metavar="ID")
@click.option("--reason", required=True, help="Why; recorded with your name.")
@json_option
@pass_session
def release(session: Session, *, feed_id: str, reason: str, as_json: bool) -> None:
    """Stop waiting for a feed, so that the next one can be sent.

    What Amazon may have of it goes again: the last word of a shipment is always sent.
    """
    why = given_reason(reason)
    with session.app() as app:
        before = get_feed(app, feed_id)
        if not is_open(before):
            raise Stop(f"{feed_id} has left its lane already: it is {before.state.value}")
        with in_this_process(app.broker):
            feed = app.store.feeds.release(feed_id, who=who(), why=why)
            _announce(app, feed)
    if as_json:
        print_json({"released": 1, **feed_row(feed)})
    else:
        show(f"{feed_id} is {feed.state.value}; its lane is free, its members go again if need be")


def get_feed(app: App, feed_id: str) -> Feed:
    """Return a feed.

    Raises:
        Stop: there is none of this id (ours, not Amazon's).
    """
    feed = app.store.feeds.get(feed_id)
    if feed is None:
        raise Stop(f"no feed {feed_id!r}; `feeds list` shows what there is (our ids)")
    return feed


def verdict_of(
    feed: Feed, members: Sequence[FeedMember], text: str, *, truncated: bool
) -> FeedVerdict | None:
    """Return Amazon's verdict on the rows; None: this type of feed answers in another form."""
    if feed.feed_type != FULFILLMENT:
        return None
    return read_result(text, sent_rows(members), truncated=truncated)


def _announce(app: App, feed: Feed) -> None:
    """Tell the members at once what the sweeper would tell them a little later."""
    if feed.owed is None:
        return
    app.publish(
        FeedProcessed.again(
            key=f"release/{feed.feed_id}",
            account=feed.account,
            flow_id=feed.flow_id,
            flow_started_at=feed.flow_started_at,
            feed=feed.feed_id,
            feed_type=feed.feed_type,
            outcome=feed.owed.value,
        )
    )
