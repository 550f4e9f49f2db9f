"""Amazon's quotas, shared by all workers, and the health of operations and accounts.

One document per (account, operation) holds the bucket as one time, ``tat`` (``domain.quota``),
moved by one update on the server's time.  The account's own health is the document of the
operation ``*``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from pymongo.errors import DuplicateKeyError

from domain.errors import Suspended, Throttled
from domain.quota import Plan
from store.failures import translated
from store.moments import seconds_until, store_now
from store.quota_updates import (
    ACCOUNT_PAUSE_S,
    HEALTHY,
    UNHEALTHY,
    account_probe,
    account_suspended,
    failure,
    grant,
    learned,
    pushed_back,
)
from store.state_documents import QuotaDocument
from store.tables import Database, Raw, collection_of

WHOLE_ACCOUNT = "*"
REASON_LIMIT = 300
MOST_JITTER_S = 5.0


@dataclass(frozen=True, slots=True)
class QuotaState:
    """How an operation of an account stands; ``operation`` is ``*`` for the account as a whole."""

    account: str
    operation: str
    rate: float | None
    """Calls per second in use: Amazon's own word, or the plan's."""
    burst: int | None
    free_at: datetime | None
    """When the next call is free; in the past: now."""
    failures: int
    suspended_until: datetime | None
    reason: str


class Quotas:
    """The buckets of all accounts (collection ``quotas``).  Index of every query: ``_id``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._quotas = collection_of(database, QuotaDocument)

    @translated
    def take(self, account: str, operation: str, plan: Plan) -> None:
        """Spend one call.

        Raises:
            Throttled: the bucket is empty; come back after ``retry_after_s``.
            Suspended: the account or the operation is suspended, and another caller probes.
        """
        suspended = self._suspended_account(account)
        self._spend(account, operation, plan)
        if suspended is not None:
            self._probe(suspended)

    @translated
    def push_back(self, account: str, operation: str, seconds: float) -> None:
        """Amazon answered 429 although we thought a call was free: nothing for ``seconds``."""
        self._update(account, operation, pushed_back(seconds))

    @translated
    def learn_rate(self, account: str, operation: str, rate: float) -> None:
        """Amazon told its rate in ``x-amzn-RateLimit-Limit``; used from now on."""
        if rate <= 0:
            return
        # The bucket exists: a call was taken from it before Amazon could tell its rate.
        self._quotas.update_one({"_id": _key(account, operation)}, learned(_interval_ms(rate)))

    @translated
    def succeeded(self, account: str, operation: str) -> None:
        """A call worked: a suspended operation (and its account) works again."""
        keys = [_key(account, operation), _key(account, WHOLE_ACCOUNT)]
        self._quotas.update_many({"_id": {"$in": keys}, **UNHEALTHY}, HEALTHY)

    @translated
    def failed(self, account: str, operation: str, reason: str) -> float | None:
        """The operation answered 5xx or not at all; after five in a row it is suspended.

        It is probed after a minute, then after ever longer pauses, at most a quarter of an hour.
        Returns the seconds until then when it is suspended, else None.
        """
        self._update(account, operation, failure(reason[:REASON_LIMIT]))
        raw = self._quotas.find_one({"_id": _key(account, operation)}) or {}
        until = raw.get("suspended_until")
        return None if until is None else seconds_until(until, store_now(self._database))

    @translated
    def suspend_account(self, account: str, reason: str) -> None:
        """The account's credentials were refused; every operation waits for a probe."""
        self._update(account, WHOLE_ACCOUNT, account_suspended(reason[:REASON_LIMIT]))

    @translated
    def states(self) -> list[QuotaState]:
        """Return every bucket and account that was ever used, by name."""
        return [_state(raw) for raw in self._quotas.find().sort("_id", 1)]

    def _suspended_account(self, account: str) -> Raw | None:
        """Return the account's document when it is suspended and due for a probe.

        Raises:
            Suspended: it is suspended and not yet due.
        """
        key = {"_id": _key(account, WHOLE_ACCOUNT), "suspended_until": {"$exists": True}}
        raw = self._quotas.find_one(key)
        if raw is not None:
            now = store_now(self._database)
            if raw["suspended_until"] > now:
                wait = seconds_until(raw["suspended_until"], now)
                raise Suspended(f"account {account}", raw["reason"], retry_after_s=_spread(wait))
        return raw

    def _probe(self, suspended: Raw) -> None:
        """Be the one caller who may try this suspended account, until its next period.

        Raises:
            Suspended: another caller is.
        """
        same = {"_id": suspended["_id"], "suspended_until": suspended["suspended_until"]}
        if not self._quotas.update_one(same, account_probe()).matched_count:
            scope = f"account {suspended['account']}"
            raise Suspended(scope, suspended["reason"], retry_after_s=_spread(ACCOUNT_PAUSE_S))

    def _spend(self, account: str, operation: str, plan: Plan) -> None:
        """Take a call from the bucket; the one who probes a suspended operation, too."""
        if self._update(account, operation, grant(_interval_ms(plan.rate), plan.burst)):
            return
        raw = self._quotas.find_one({"_id": _key(account, operation)}) or {}
        now = store_now(self._database)
        until = raw.get("suspended_until")
        if until is not None and until > now:
            wait = _spread(seconds_until(until, now))
            raise Suspended(f"{operation} of {account}", raw["reason"], retry_after_s=wait)
        interval_ms = raw.get("learned_ms") or _interval_ms(plan.rate)
        free_at = raw["tat"] - timedelta(milliseconds=(plan.burst - 1) * interval_ms)
        # An appointment, spread over one interval: all who are refused now come back one by one.
        spread = random.uniform(0, min(interval_ms / 1000, MOST_JITTER_S))  # noqa: S311  no secret
        raise Throttled(operation, retry_after_s=seconds_until(free_at, now) + spread)

    def _update(self, account: str, operation: str, pipeline: list[dict[str, Any]]) -> bool:
        """Run an update on a bucket, which is made if need be; return whether it changed."""
        names = {"$set": {"account": {"$literal": account}, "operation": {"$literal": operation}}}
        key, whole = {"_id": _key(account, operation)}, [names, *pipeline]
        try:
            result = self._quotas.update_one(key, whole, upsert=True)
        except DuplicateKeyError:  # Another worker made the bucket in this very moment.
            result = self._quotas.update_one(key, whole)
        return bool(result.modified_count or result.upserted_id is not None)


def _key(account: str, operation: str) -> str:
    return f"{account}/{operation}"


def _interval_ms(rate: float) -> int:
    """Return what a call costs in time; never less than it does."""
    return ceil(1000 / rate)


def _spread(wait_s: float) -> float:
    return wait_s + random.uniform(0, min(wait_s * 0.1, MOST_JITTER_S))  # noqa: S311  no secret


def _state(raw: Raw) -> QuotaState:
    interval_ms = raw.get("learned_ms") or raw.get("interval_ms")
    burst, tat = raw.get("burst"), raw.get("tat")
    ahead = timedelta(milliseconds=((burst or 1) - 1) * (interval_ms or 0))
    return QuotaState(
        account=raw["account"],
        operation=raw["operation"],
        rate=1000 / interval_ms if interval_ms else None,
        burst=burst,
        free_at=tat - ahead if tat else None,
        failures=raw.get("failures", 0),
        suspended_until=raw.get("suspended_until"),
        reason=raw.get("reason", ""),
    )
