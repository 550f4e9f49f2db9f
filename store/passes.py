"""The one enrichment pass per account: one document each, written under its revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from domain.enrichment_pass import Turn
from domain.errors import Contended
from store.failures import translated
from store.mapping import encode_field, from_document, in_ms
from store.moments import store_now
from store.pass_turns import (
    LEASE,
    PassState,
    finished,
    page_kept,
    put_off,
    renewed,
    search_restarted,
    taken,
)
from store.state_documents import PassDocument
from store.tables import Database, collection_of

ROUNDS = 12
Change = Callable[[PassState], PassState]


class Passes:
    """The passes of all accounts (collection ``passes``).  Index of every query: ``_id``."""

    def __init__(self, database: Database, *, lease: timedelta = LEASE) -> None:
        self._database, self._lease = database, lease
        self._passes = collection_of(database, PassDocument)

    @translated
    def take(
        self,
        account: str,
        *,
        holder: str,
        wanted_at: datetime,
        reach_back_to: datetime | None = None,
    ) -> Turn:
        """Ask for a pass that started after ``wanted_at`` and try to be the one who runs it.

        The wish is noted before the state is looked at, and a holder asks again after its pass,
        so no wish is missed between the two.

        Raises:
            Contended: the pass changed hands all the time.
        """
        wish = {"$max": {"wanted_at": in_ms(wanted_at)}}
        self._passes.update_one({"_id": account}, wish, upsert=True)
        for _ in range(ROUNDS):
            state, now = self._state(account), store_now(self._database)
            turn, after = taken(state, holder, now, self._lease, reach_back_to=reach_back_to)
            if after is None or self._write(account, state, after):
                return turn
        raise Contended(f"the enrichment pass of {account} changed hands all the time")

    @translated
    def page_stored(
        self,
        account: str,
        *,
        holder: str,
        next_token: str | None,
        last_updated_before: datetime | None,
    ) -> bool:
        """Remember the next page of the running pass and renew the lease; False: lease lost."""
        before = in_ms(last_updated_before) if last_updated_before else None
        now = store_now(self._database)
        return self._change(
            account,
            holder,
            lambda state: page_kept(state, next_token, before, now, self._lease),
        )

    @translated
    def restart_search(self, account: str, *, holder: str) -> None:
        """The page token is no longer good: search again from where the pass began."""
        self._change(account, holder, search_restarted)

    @translated
    def renew(self, account: str, *, holder: str) -> bool:
        """Keep the lease a while longer; False: it is lost to another worker."""
        now = store_now(self._database)
        return self._change(account, holder, partial(renewed, now=now, lease=self._lease))

    @translated
    def is_wanted_after(self, account: str, started_at: datetime) -> bool:
        """Say whether somebody wants a pass that starts later than this."""
        wanted_at = self._state(account).wanted_at
        return wanted_at is not None and wanted_at > started_at

    @translated
    def put_off(self, account: str, *, holder: str, seconds: float) -> None:
        """Keep the pass for ``holder``, who will be back in ``seconds``."""
        now = store_now(self._database)
        self._change(account, holder, lambda state: put_off(state, seconds, now, self._lease))

    @translated
    def finish(self, account: str, *, holder: str) -> None:
        """The pass is through: its start time counts as covered, the watermark moves."""
        self._change(account, holder, finished)

    @translated
    def state(self, account: str) -> PassState:
        """Return how the account's pass stands."""
        return self._state(account)

    def _state(self, account: str) -> PassState:
        return from_document(PassState, self._passes.find_one({"_id": account}) or {})

    def _change(self, account: str, holder: str, change: Change) -> bool:
        """Change the pass its holder is running; False when it is not theirs (any more)."""
        for _ in range(ROUNDS):
            state = self._state(account)
            if state.holder != holder or state.started_at is None:
                return False
            if self._write(account, state, change(state)):
                return True
        raise Contended(f"the enrichment pass of {account} changed hands all the time")

    def _write(self, account: str, before: PassState, after: PassState) -> bool:
        """Write what changed, unless somebody else did first.  The wish has its own way."""
        after = replace(after, revision=before.revision + 1)
        changes = {
            each.name: encode_field(PassState, each.name, getattr(after, each.name))
            for each in fields(PassState)
            if each.name != "wanted_at"
        }
        update: dict[str, Any] = {"$set": {k: v for k, v in changes.items() if v is not None}}
        absent = {name: "" for name, value in changes.items() if value is None}
        if absent:
            update["$unset"] = absent
        revision = before.revision or {"$exists": False}
        guard = {"_id": account, "revision": revision}
        return self._passes.update_one(guard, update).matched_count == 1
