"""``explain``: the answer to "why is this order missing, or like this?"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click
from rich.table import Table

from cli.evidence import gather, packages, standing_of
from cli.explaining import Explanation, Fact
from cli.explaining import explain as tell
from cli.failing import FAILED
from cli.feeds import get_feed, verdict_of
from cli.output import json_option, print_json, short, show, table
from cli.session import Session, account_option, pass_session
from cli.shipping_story import FeedStory, feed_story, with_shipping


@click.group
def explain() -> None:
    """Say why something is, or is not, as expected."""


@explain.command("order")
@click.argument("order_id", metavar="ID")
@account_option
@click.option(
    "--placed",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="When it was placed (UTC), to compare with what the reports cover.",
)
@json_option
@click.pass_context
@pass_session
def explain_order(
    session: Session,
    ctx: click.Context,
    *,
    order_id: str,
    account: str | None,
    placed: datetime | None,
    as_json: bool,
) -> None:
    """Tell everything recorded about an order, in order, and what to do.

    Packages entered for it, and the feeds that carried them, are part of it.

    Also for orders that were skipped or never seen.  Exit code 1 if it is not here.
    """
    placed_at = placed and placed.replace(tzinfo=UTC)
    names = [session.account(account)] if account else sorted(session.settings.resolved_accounts())
    with session.app() as app:
        told = [
            with_shipping(
                tell(gather(app, name, order_id), placed_at=placed_at),
                *packages(app, name, order_id),
            )
            for name in names
        ]
    # Packages may be entered before their order is seen.
    known = [each for each in told if each.standing != "never_seen" or each.packages] or told
    if as_json:
        print_json({"order_id": order_id, "explanations": known})
    else:
        for each in known:
            show(*_screen(each))
    if not any(each.standing == "imported" for each in known):
        ctx.exit(FAILED)


def _screen(answer: Explanation) -> Iterator[Table | str]:
    yield f"Order {answer.order_id} (account {answer.account})"
    yield f"  {answer.verdict}"
    for advice in answer.what_to_do:
        yield f"  -> {advice}"
    yield from _recorded(answer.facts)
    yield ""


@explain.command("feed")
@click.argument("feed_id", metavar="ID")
@json_option
@pass_session
def explain_feed(session: Session, *, feed_id: str, as_json: bool) -> None:
    """Tell how far a feed is, what became of its rows, and what to do."""
    with session.app() as app:
        feed = get_feed(app, feed_id)
        members = app.store.feeds.members(feed_id)
        said = app.store.feeds.result(feed_id)
        standing = standing_of(app, feed.account, members)
    verdict = said and verdict_of(feed, members, said.text, truncated=said.truncated)
    story = feed_story(feed, verdict or None, standing)
    if as_json:
        print_json(story)
    else:
        show(*_feed_screen(story))


def _feed_screen(story: FeedStory) -> Iterator[Table | str]:
    yield f"Feed {story.feed_id} (account {story.account})"
    yield f"  {story.verdict}"
    for advice in story.what_to_do:
        yield f"  -> {advice}"
    yield from _recorded(story.facts)


def _recorded(facts: Sequence[Fact]) -> Iterator[Table | str]:
    if facts:
        yield ""
        yield table(
            "What was recorded, in order",
            ("when (UTC)", "what", "source"),
            ((short(fact.at), fact.what, fact.source) for fact in facts),
        )
