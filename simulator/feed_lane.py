"""Feeds of one type wait in line: one is processed at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulator.feed_processing import RETIRED, fulfill, result_of
from simulator.marketplaces import PYTHON_CODECS

if TYPE_CHECKING:
    from simulator.documents import Document
    from simulator.feeds import Feed
    from simulator.world import Seller, World

IN_QUEUE, IN_PROGRESS = "IN_QUEUE", "IN_PROGRESS"
DONE, CANCELLED, FATAL = "DONE", "CANCELLED", "FATAL"
STATUSES = (CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE)


def enqueue(world: World, seller: Seller, feed: Feed, now: datetime) -> None:
    """Put a feed at the end of its line."""
    seller.feeds[feed.feed_id] = feed
    feed.due_at = now + timedelta(seconds=world.settings.feed_queue_s)
    world.schedule(feed.due_at, lambda at: settle_lane(world, seller, feed.feed_type, at))
    stuck = feed.faults.get("feed_stuck")
    if stuck and "for_s" in stuck.options:
        world.schedule_in(
            float(stuck.options["for_s"]), lambda at: let_go(world, seller, feed, at), now
        )


def settle_lane(world: World, seller: Seller, feed_type: str, at: datetime) -> None:
    """Begin with the first feed in line, if none is being processed."""
    line = [f for f in seller.feeds.values() if f.feed_type == feed_type]
    if any(feed.status == IN_PROGRESS for feed in line):
        return
    first = next((feed for feed in line if feed.status == IN_QUEUE), None)
    if first is None or _held(first, IN_QUEUE):
        return
    if first.due_at is not None and at < first.due_at:
        return  # Its own turn comes by itself.
    if "feed_cancelled" in first.faults:
        first.status, first.ended_at = CANCELLED, at
        settle_lane(world, seller, feed_type, at)
        return
    first.status, first.started_at = IN_PROGRESS, at
    if not _held(first, IN_PROGRESS):
        _finish_later(world, seller, first, at)


def let_go(world: World, seller: Seller, feed: Feed, at: datetime) -> None:
    """Let a stuck feed go on where it is, with the usual time ahead of it."""
    if feed.faults.pop("feed_stuck", None) is None:
        return
    if feed.status == IN_PROGRESS:
        _finish_later(world, seller, feed, at)
    else:
        settle_lane(world, seller, feed.feed_type, at)


def _held(feed: Feed, where: str) -> bool:
    stuck = feed.faults.get("feed_stuck")
    return stuck is not None and stuck.options.get("in", IN_PROGRESS) == where


def _finish_later(world: World, seller: Seller, feed: Feed, now: datetime) -> None:
    world.schedule_in(
        world.settings.feed_progress_s, lambda at: _finish(world, seller, feed, at), now
    )


def _finish(world: World, seller: Seller, feed: Feed, at: datetime) -> None:
    if feed.status != IN_PROGRESS:
        return
    feed.ended_at = at
    document = feed.document
    if document is None or document.body is None or feed.feed_type in RETIRED:
        feed.status = FATAL
    else:
        _process(world, seller, feed, document, at)
    settle_lane(world, seller, feed.feed_type, at)


def _process(world: World, seller: Seller, feed: Feed, document: Document, at: datetime) -> None:
    feed.status = FATAL if "feed_fatal" in feed.faults else DONE
    verdict = fulfill(world, seller, feed, _text(document), at)
    result = result_of(world, feed, verdict)
    if result is not None:
        body, content_type, gzipped = result
        kept = world.documents.create(seller.seller_id, content_type, body, at, gzipped=gzipped)
        feed.result_document_id = kept.document_id


def _text(document: Document) -> str:
    """Decode what was uploaded by the charset it was announced with; UTF-8 if none."""
    charset = document.content_type.partition("charset=")[2].strip() or "UTF-8"
    codecs = {name.lower(): codec for name, codec in PYTHON_CODECS.items()}
    codec = codecs.get(charset.lower(), "utf-8")
    return (document.body or b"").decode(codec, errors="replace")
