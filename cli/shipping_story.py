"""What became of an order's packages, and why a feed is as it is.  Evidence in, a story out.  Pure.

Every sentence rests on something that was recorded; nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cli.explaining import Explanation, Fact
from cli.output import short
from cli.shipment_view import notes
from domain.feed_results import FeedVerdict
from domain.feeds import Feed, FeedState
from domain.shipment_outcomes import RowOutcome
from domain.shipment_visibility import is_missed
from domain.shipments import Outbound, Shipment


@dataclass(frozen=True, slots=True)
class FeedStory:
    """The answer to ``explain feed``."""

    feed_id: str
    account: str
    state: str
    verdict: str
    what_to_do: tuple[str, ...]
    facts: tuple[Fact, ...]


def with_shipping(
    answer: Explanation, shipments: Sequence[Shipment], feeds: Sequence[Feed]
) -> Explanation:
    """Return the story of an order with its packages and the feeds that carried them."""
    if not shipments:
        return answer
    advice = (line for each in shipments for line in _package(each))
    facts = [*answer.facts, *(fact for each in shipments for fact in _history(each))]
    facts += [fact for each in feeds for fact in _feed_facts(each)]
    return replace(
        answer,
        what_to_do=(*answer.what_to_do, *advice),
        facts=in_order(facts),
        packages=len(shipments),
    )


def feed_story(feed: Feed, verdict: FeedVerdict | None, standing: Iterable[Outbound]) -> FeedStory:
    """Tell the story of a feed.  ``standing`` is where its shipments stand by now."""
    return FeedStory(
        feed_id=feed.feed_id,
        account=feed.account,
        state=feed.state.value,
        verdict=f"{_what(feed)} {_contents(feed, verdict)}".strip(),
        what_to_do=tuple(_advice(feed, Counter(standing))),
        facts=in_order(_feed_facts(feed)),
    )


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return the facts by time, those without one at the end."""
    return tuple(sorted(facts, key=lambda fact: (fact.at is None, str(fact.at or ""))))


def _package(shipment: Shipment) -> Iterator[str]:
    name = shipment.shipment_ref or shipment.content.tracking_number
    why = f": {notes(shipment)}" if notes(shipment) else ""
    feed = f" {shipment.feed}" if shipment.outbound is Outbound.IN_FEED else ""
    yield f"Package {name} is {shipment.outbound.value}{feed} since {short(shipment.since)}{why}."
    match shipment.outbound:
        case Outbound.REFUSED:
            yield (
                f"Enter it again corrected, with a later time; or as it is:"
                f" shipments retry {shipment.shipment_id} --reason '…'"
            )
        case Outbound.MANUAL:
            yield (
                "Do it in Seller Central, then say so:"
                f" shipments done {shipment.shipment_id} --reason '…'"
            )
    if is_missed(shipment):
        yield (
            "Look the order up in Seller Central; if the package is missing there:"
            f" shipments retry {shipment.shipment_id} --reason '…'"
        )


def _history(shipment: Shipment) -> Iterator[Fact]:
    name = shipment.shipment_ref or shipment.content.tracking_number
    for entry in shipment.history:
        yield Fact(entry.at, f"package {name}: {entry.what}", entry.cause)


def _feed_facts(feed: Feed) -> Iterator[Fact]:
    steps = (
        (feed.created_at, f"prepared with {feed.rows} rows"),
        (feed.documented_at, "Amazon gave a place for its content"),
        (feed.attempt_at, f"createFeed sent (attempt {feed.attempts})"),
        (feed.submitted_at, f"Amazon took it as {feed.amazon_feed_id}{_found(feed)}"),
        (feed.slow_at, "Amazon takes longer than usual"),
        (feed.stuck_at, "Amazon takes so long that somebody should look"),
        (feed.processed_at, f"Amazon's verdict: {feed.processing_status}"),
        (feed.released_at, f"released by {feed.released_by}: {feed.released_why}"),
        (feed.closed_at, f"left its lane as {feed.state.value}"),
    )
    for at, what in steps:
        if at is not None:
            yield Fact(at, what, f"feed {feed.feed_id}")


def _found(feed: Feed) -> str:
    return ", found in its list after an attempt without answer" if feed.adopted else ""


WHAT = {
    FeedState.PREPARED: "It is written and not on its way yet.",
    FeedState.DOCUMENTED: "It is on its way: Amazon gave a place for its content.",
    FeedState.UPLOADED: "It is on its way: its content is uploaded.",
    FeedState.CREATING: "createFeed may have been sent; Amazon's list of feeds decides.",
    FeedState.SUBMITTED: "Amazon has it and has not given its verdict yet.",
    FeedState.DONE: "Amazon processed it; its shipments are being told.",
    FeedState.CANCELLED: "Amazon cancelled it unprocessed; its shipments go again.",
    FeedState.FATAL: "Amazon gave it up; nobody knows which rows took effect, so they go again.",
    FeedState.LATE: "Amazon processed it after it was released; its rows go once more.",
    FeedState.UNVERIFIED: "Amazon's verdict says nothing sure; the orders' packages decide.",
    FeedState.APPLIED: "It is finished: its shipments know what became of them.",
    FeedState.WITHDRAWN: "It was never sent; its shipments are as before.",
    FeedState.RELEASED: "A person gave up waiting for it; its shipments go again.",
}


def _what(feed: Feed) -> str:
    if feed.dry and feed.state is FeedState.PREPARED:
        return "Writing to Amazon is off for this account: it is shown, and never sent."
    return WHAT[feed.state]


def _contents(feed: Feed, verdict: FeedVerdict | None) -> str:
    if verdict is None:
        return f"({feed.reason})" if feed.reason else ""
    outcomes = Counter(row.outcome for row in verdict.rows)
    told = ", ".join(f"{outcomes[each]} {each.value}" for each in RowOutcome if outcomes[each])
    doubt = f" Not trusted: {verdict.unverified}." if verdict.unverified else ""
    return f"Amazon's verdict on its rows: {told or 'none'}.{doubt}"


def _advice(feed: Feed, standing: Counter[Outbound]) -> Iterator[str]:
    release = f"feeds release {feed.feed_id} --reason '…'"
    if feed.held:
        yield f"It is held: {feed.held}. When you know what is the matter: {release}"
    elif feed.stuck_at is not None and feed.processed_at is None and feed.released_at is None:
        yield f"It blocks its lane; the next feed goes after {release}"
    if feed.dry and feed.state is FeedState.PREPARED:
        yield f"See it: feeds content {feed.feed_id}"
    if standing:
        told = ", ".join(f"{standing[each]} {each.value}" for each in Outbound if standing[each])
        yield f"Its shipments stand by now: {told}."
    if standing[Outbound.REFUSED]:
        yield f"What Amazon said of each row: feeds result {feed.feed_id}"
