"""The questions behind the gauges: how much waits and since when, what went well, what did not.

Each names the index it uses.  A flow that adds a state adds a question to ``QUESTIONS``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.ledger import RowOutcome, SkipReason
from domain.messages import ReportKind
from domain.orders import EnrichmentState, OrderStatus
from domain.reports import OPEN_STATES, ReportState
from domain.schedule import ONCE, JobKind
from store.feed_questions import feeds
from store.order_documents import OrderDocument
from store.outbox import DOCUMENTS as WITH_OUTBOX
from store.quarantine import KEPT
from store.quotas import WHOLE_ACCOUNT, Quotas
from store.rejected_events import RejectedEventDocument
from store.report_documents import ChunkDocument, ReportDocument, SkippedRowDocument
from store.shipment_questions import shipments
from store.slots import SlotDocument
from store.state_documents import PassDocument
from store.state_gauges import Look, Question, Reading
from store.sweeps import WatchDocument
from store.tables import Collection, Raw, collection_of
from store.tracking_inbox import TrackingEntryDocument

HEALTHY = (ReportState.COMPLETE, ReportState.CANCELLED)
"""Cancelled: there was nothing to tell."""
SHIP_BY_SOON = timedelta(hours=12)
STOOD_STILL = 2
"""Announced so often without effect, something stands still."""
WATCHED = ("report", "pass", "readings", "feed", "shipments", "fulfillment")
"""The kinds of things the sweepers watch: how their watches' names begin."""
INSTALLATION = ""
"""The account of what is there once for all."""


def jobs(look: Look) -> Iterator[Reading]:
    """When each job was announced; of several marketplaces the one furthest behind counts.

    Index: ``newest_of_job``.
    """
    slots = collection_of(look.database, SlotDocument)
    for (kind, account), jobs in look.jobs_by_account().items():
        labels = (kind.value, account)
        cadence = jobs[0].cadence.total_seconds()
        yield Reading("job_cadence_seconds", cadence, labels)
        first = [slots.find_one({"job_key": job.key}, sort=[("slot", 1)]) for job in jobs]
        begun = [raw["claimed_at"] for raw in first if raw is not None]
        if begun:
            yield Reading("job_first_slot_timestamp_seconds", _epoch(min(begun)), labels)
        told = [_last_announced(slots, job.key) for job in jobs]
        if None not in told:
            last = min(at for at in told if at is not None)
            yield Reading("job_last_slot_timestamp_seconds", _epoch(last), labels)
            if kind in ONCE:
                # A chore is announced when it is done; the others when they are to begin.
                yield Reading("job_last_success_timestamp_seconds", _epoch(last), labels)


def _last_announced(slots: Collection, key: str) -> datetime | None:
    """Return when a slot of the job was last announced; one or two newer ones may not be yet."""
    for raw in slots.find({"job_key": key}).sort("slot", -1).limit(3):
        if raw.get("announced_at") is not None:
            at: datetime = raw["announced_at"]
            return at
    return None


def reports(look: Look) -> Iterator[Reading]:
    """What became of reports.  Indexes: ``one_open_per_lane``, ``kept``."""
    table = collection_of(look.database, ReportDocument)
    asked = {"source": {"$ne": "file"}}
    begun = list(table.find({"lane": {"$exists": True}}))
    open_ones = [raw for raw in begun if raw["source"] != "file"]
    files = [raw for raw in begun if raw["source"] == "file"]
    closed = list(table.find({"closed_at": {"$gte": look.recently}, **asked}))
    states = Counter((raw["account"], raw["kind"], raw["state"]) for raw in open_ones + closed)
    for account in look.accounts:
        for state in ReportState:
            labels = (account, ReportKind.ORDERS.value, state.value)
            yield Reading("reports", states[labels], labels)
        mine = [raw for raw in open_ones if raw["account"] == account]
        for state in sorted(OPEN_STATES):
            there = [raw for raw in mine if raw["state"] == state.value]
            since = [raw.get("requested_at") or raw["created_at"] for raw in there]
            yield from _pending(look, f"report_{state.value}", account, since)
        left = [raw["created_at"] for raw in files if raw["account"] == account]
        yield from _pending(look, "file_import", account, left)
        yield from _ends(account, closed)


def _ends(account: str, closed: list[Raw]) -> Iterator[Reading]:
    """How the newest reports of an account ended."""
    kind = ReportKind.ORDERS.value
    newest: dict[str, Raw] = {}
    for raw in sorted(closed, key=lambda raw: raw["closed_at"]):
        if raw["account"] == account and raw["kind"] == kind:
            newest[raw.get("marketplace", "")] = raw
    unhealthy = sum(raw["state"] not in HEALTHY for raw in newest.values())
    yield Reading("last_report_incomplete", unhealthy, (account, kind))
    if newest:
        last = max(newest.values(), key=lambda raw: raw["closed_at"])
        took = last["closed_at"] - last["created_at"]
        yield Reading("last_report_seconds", took.total_seconds(), (account, kind))


def imports(look: Look) -> Iterator[Reading]:
    """When orders were last imported whole; the marketplace furthest behind counts.

    Index: ``proven``.
    """
    table = collection_of(look.database, ReportDocument)
    for (kind, account), jobs in look.jobs_by_account().items():
        if kind is JobKind.ORDER_REPORT:
            ends = [_last_import(table, account, job.marketplace) for job in jobs]
            if None not in ends:
                last = min(at for at in ends if at is not None)
                labels = (kind.value, account)
                yield Reading("job_last_success_timestamp_seconds", _epoch(last), labels)


def _last_import(table: Collection, account: str, marketplace: str) -> datetime | None:
    lane = {"account": account, "kind": ReportKind.ORDERS.value, "marketplace": marketplace}
    newest = [
        table.find_one({**lane, "state": state.value}, sort=[("data_end", -1)]) for state in HEALTHY
    ]
    return max((raw["closed_at"] for raw in newest if raw is not None), default=None)


def rows(look: Look) -> Iterator[Reading]:
    """What became of rows.  Indexes: ``kept`` of the ledger, ``by_reason``."""
    chunks = collection_of(look.database, ChunkDocument)
    found = chunks.find({"imported_at": {"$gte": look.recently}}, {"account": 1, "outcomes": 1})
    counts = Counter[tuple[str, str]]()
    for raw in found:
        counts.update({(raw["account"], name): n for name, n in raw["outcomes"].items()})
    skipped = collection_of(look.database, SkippedRowDocument)
    for account in look.accounts:
        for outcome in RowOutcome:
            labels = (account, outcome.value)
            yield Reading("report_rows", counts[labels], labels)
        wanted = {"account": account, "reason": SkipReason.UNKNOWN_STATUS.value}
        unknown = skipped.count_documents({**wanted, "last_seen_at": {"$gte": look.recently}})
        yield Reading("unknown_status_orders", unknown, (account,))


def orders(look: Look) -> Iterator[Reading]:
    """What orders wait for.  Indexes: ``due_for_reading``, ``unread``, ``newest_of_status``."""
    table = collection_of(look.database, OrderDocument)
    passes = collection_of(look.database, PassDocument)
    for account in look.accounts:
        due = {"account": account, "next_read_at": {"$lte": look.now}}
        yield from _counted(look, table, "order_reading", due, "next_read_at")
        unread = {"account": account, "enrichment": EnrichmentState.DUE.value}
        yield from _counted(look, table, "order_unenriched", unread, "imported_at")
        role = EnrichmentState.INCOMPLETE_ROLE.value
        withheld = {"account": account, "next_read_at": {"$exists": True}, "enrichment": role}
        yield Reading("orders_missing_role", table.count_documents(withheld), (account,))
        new = {"account": account, "status": OrderStatus.NEW.value}
        soon = {**new, "ship_by": {"$lte": look.now + SHIP_BY_SOON}}
        yield Reading("orders_ship_by_soon", table.count_documents(soon), (account,))
        covered = (passes.find_one({"_id": account}) or {}).get("covered_through")
        if covered is not None:
            labels = (JobKind.ORDER_REFRESH.value, account)
            yield Reading("job_last_success_timestamp_seconds", _epoch(covered), labels)


def buyers(look: Look) -> Iterator[Reading]:
    """Whose data is there although its time is over, and since when it is.  Index: ``over``."""
    table = collection_of(look.database, OrderDocument)
    overdue = {"over_at": {"$lte": look.now - look.buyers_kept}}
    found = list(table.find(overdue, {"account": 1, "over_at": 1}))
    for account in look.accounts:
        since = [raw["over_at"] + look.buyers_kept for raw in found if raw["account"] == account]
        yield from _pending(look, "buyer_overdue", account, since)


def tracking(look: Look) -> Iterator[Reading]:
    """What came in of tracking.

    Indexes: ``kept``, ``unrecorded``, ``untaken``; ``newest`` of rejections.
    """
    table = collection_of(look.database, TrackingEntryDocument)
    for account in look.accounts:
        came = {"received_at": {"$gte": look.recently}, "account": account}
        yield Reading("tracking_entries", table.count_documents(came), (account,))
        unrecorded = {"announce_at": {"$exists": True}, "account": account}
        yield from _counted(look, table, "tracking_unrecorded", unrecorded, "received_at")
        untaken = {"take_by": {"$exists": True}, "account": account}
        yield from _counted(look, table, "tracking_untaken", untaken, "recorded_at")
    rejected = collection_of(look.database, RejectedEventDocument)
    yield Reading("rejected_events", rejected.count_documents({"at": {"$gte": look.recently}}))


def outbox(look: Look) -> Iterator[Reading]:
    """What other systems were not told yet.  Index: ``unsent``."""
    since: list[datetime] = []
    for document in WITH_OUTBOX:
        table = collection_of(look.database, document)
        found = table.find({"outbox.at": {"$gt": datetime(1970, 1, 1, tzinfo=look.now.tzinfo)}})
        since += [part["at"] for raw in found for part in raw["outbox"]]
    yield from _pending(look, "outbox", INSTALLATION, since)


def standing_still(look: Look) -> Iterator[Reading]:
    """What the sweepers could not set going.  Index: ``often_announced``."""
    watches = collection_of(look.database, WatchDocument)
    recent = {"times": {"$gte": STOOD_STILL}, "next_at": {"$gte": look.recently}}
    found = Counter(raw["_id"].partition("/")[0] for raw in watches.find(recent, {"_id": 1}))
    for kind in WATCHED:
        yield Reading("overdue_items", found[kind], (kind,))


def quotas(look: Look) -> Iterator[Reading]:
    """What may be called.  The whole collection: one document per account and operation.

    An account that is not set up any more is nobody's concern, though its documents stay.
    """
    suspended = dict.fromkeys(((account, WHOLE_ACCOUNT) for account in look.accounts), 0.0)
    for state in Quotas(look.database).states():
        if state.account not in look.accounts:
            continue
        labels = (state.account, state.operation)
        suspended[labels] = float(state.suspended_until is not None)
        if state.rate and state.burst and state.free_at:
            # A call is free from then on, one more with every interval.
            free = (look.now - state.free_at).total_seconds() * state.rate + 1
            yield Reading("quota_tokens", min(max(free, 0.0), state.burst), labels)
            yield Reading("quota_burst_tokens", state.burst, labels)
    for labels, value in suspended.items():
        yield Reading("suspended", value, labels)


def quarantine(look: Look) -> Iterator[Reading]:
    """What no retry could save.  Index: ``group``."""
    table = look.database["quarantine"]
    since: list[datetime] = []
    for stage in look.stages:
        kept = {"state": KEPT, "stage": stage}
        yield Reading("quarantined_messages", table.count_documents(kept), (stage,))
        since += [raw["kept_at"] for raw in table.find(kept).sort("kept_at", 1).limit(1)]
    count = table.count_documents({"state": KEPT})
    yield Reading("pending_items", count, ("quarantine", INSTALLATION))
    age = look.age_s(min(since, default=None))
    yield Reading("oldest_pending_age_seconds", age, ("quarantine", INSTALLATION))


def _counted(
    look: Look, table: Collection, kind: str, wanted: dict[str, Any], since: str
) -> Iterator[Reading]:
    """Read how many documents wait and since when, without fetching them all."""
    labels = (kind, wanted["account"])
    first = next(iter(table.find(wanted, {since: 1}).sort(since, 1).limit(1)), None)
    yield Reading("pending_items", table.count_documents(wanted), labels)
    age = look.age_s(first[since]) if first else 0.0
    yield Reading("oldest_pending_age_seconds", age, labels)


def _pending(look: Look, kind: str, account: str, since: list[datetime]) -> Iterator[Reading]:
    yield Reading("pending_items", len(since), (kind, account))
    age = look.age_s(min(since, default=None))
    yield Reading("oldest_pending_age_seconds", age, (kind, account))


def _epoch(at: datetime) -> float:
    return at.timestamp()


QUESTIONS: tuple[Question, ...] = (
    jobs,
    reports,
    imports,
    rows,
    orders,
    buyers,
    tracking,
    shipments,
    feeds,
    outbox,
    standing_still,
    quotas,
    quarantine,
)
