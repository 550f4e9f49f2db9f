"""The store: one MongoDB database and the repositories over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from domain.feeds import FeedTiming
from domain.import_window import LOOKBACK
from domain.privacy import KEPT_AT_MOST
from domain.schedule import Job
from store import migrations
from store.encryption import FieldCipher
from store.failures import as_ours, translated
from store.feed_contents import FeedContents
from store.feed_views import FeedViews
from store.feeds import Feeds
from store.kept_buyers import KeptBuyers
from store.ledger import Ledger
from store.moments import store_now
from store.orders import Orders
from store.outbox import Outbox
from store.passes import Passes
from store.quarantine import Quarantine
from store.quotas import Quotas
from store.rejected_events import RejectedEvents
from store.reports import LEASE, Reports
from store.shipment_sweeps import ShipmentSweeps
from store.shipment_views import ShipmentViews
from store.shipments import Shipments
from store.slots import Slots
from store.state_gauges import StateGauges
from store.state_questions import QUESTIONS
from store.sweeps import Sweeps
from store.tables import Database, Raw
from store.tracking_inbox import TrackingInbox
from store.views import Views

APP_NAME = "amazon-orders-fulfillment"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for the store before it counts as unavailable."""

    select_s: float = 10.0
    """Until a server answers at all; a restart or an election takes some seconds."""
    connect_s: float = 5.0
    answer_s: float = 60.0
    """Until a command answers."""


class Store:
    """A database and its repositories.  Close it at the end, or use it as a context."""

    def __init__(  # noqa: PLR0913  each is a choice of its own
        self,
        client: MongoClient[Raw],
        database: Database,
        cipher: FieldCipher,
        *,
        chunk_rows: int,
        lookback: timedelta,
        lease: timedelta = LEASE,
        feed_timing: FeedTiming | None = None,
    ) -> None:
        self._client, self.database = client, database
        self.orders = Orders(database, cipher)
        self.reports = Reports(database, chunk_rows=chunk_rows, lookback=lookback, lease=lease)
        self.ledger = Ledger(database)
        self.shipments = Shipments(database)
        self.shipment_views = ShipmentViews(database)
        self.shipment_sweeps = ShipmentSweeps(database)
        self.feeds = Feeds(database, timing=feed_timing, lease=lease)
        self.feed_contents = FeedContents(database)
        self.feed_views = FeedViews(database)
        self.passes = Passes(database, lease=lease)
        self.quotas = Quotas(database)
        self.views = Views(database, cipher)
        self.slots = Slots(database)
        self.outbox = Outbox(database)
        self.sweeps = Sweeps(database)
        self.kept_buyers = KeptBuyers(database)
        self.tracking_inbox = TrackingInbox(database)
        self.rejected_events = RejectedEvents(database)
        self.quarantine = Quarantine(database)

    def state_gauges(
        self,
        *,
        jobs: Iterable[Job],
        accounts: Iterable[str],
        stages: Iterable[str],
        buyers_kept: timedelta = KEPT_AT_MOST,
    ) -> StateGauges:
        """Return the gauges of the state of these accounts, jobs and stages."""
        return StateGauges(
            self.database,
            QUESTIONS,
            jobs=jobs,
            accounts=accounts,
            stages=stages,
            buyers_kept=buyers_kept,
        )

    def ensure_indexes(self) -> None:
        """Create the declared indexes that are missing; harmless to repeat.

        Raises:
            Permanent: an index exists with another definition.
            Unavailable: the store cannot be reached.
        """
        migrations.ensure_indexes(self.database)
        self.quarantine.ensure_indexes()

    def migrate(self) -> list[str]:
        """Make the data changes that are missing; return what was done.

        Raises:
            Permanent: the data does not allow it; the text says why.
            Unavailable: the store cannot be reached.
        """
        return migrations.migrate(self.database)

    def schema_version(self) -> int:
        """Return the last data change that was made; 0: none."""
        return migrations.schema_version(self.database)

    @translated
    def ping(self) -> None:
        """Make sure the store answers.

        Raises:
            Unavailable: it does not.
        """
        self.database.command("ping")

    @translated
    def now(self) -> datetime:
        """Return the store's own time, aware UTC."""
        return store_now(self.database)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def connect(  # noqa: PLR0913  each is a choice of its own
    url: str,
    database: str,
    *,
    cipher: FieldCipher,
    timeouts: Timeouts = Timeouts(),
    chunk_rows: int = 400,
    lookback: timedelta = LOOKBACK,
    lease: timedelta = LEASE,
    feed_timing: FeedTiming | None = None,
) -> Store:
    """Return the store at ``url``.  Nothing is sent yet; call it after a process has forked.

    ``chunk_rows`` and ``lookback`` are what new reports are opened with; ``lease`` is how long a
    claim around a call to Amazon is held, and must outlive the call's own time limit.
    ``feed_timing`` are the waits of the feed machine.

    Raises:
        Permanent: the URL or the database's name cannot be used.
    """
    options: CodecOptions[Raw] = CodecOptions(tz_aware=True, tzinfo=UTC)
    try:
        client = _client(url, timeouts)
        found = client.get_database(database, codec_options=options)
    except (PyMongoError, ValueError) as exc:
        raise as_ours(exc) from None
    return Store(
        client,
        found,
        cipher,
        chunk_rows=chunk_rows,
        lookback=lookback,
        lease=lease,
        feed_timing=feed_timing,
    )


def _client(url: str, timeouts: Timeouts) -> MongoClient[Raw]:
    return MongoClient(
        url,
        connect=False,
        appname=APP_NAME,
        w="majority",
        serverSelectionTimeoutMS=round(timeouts.select_s * 1000),
        connectTimeoutMS=round(timeouts.connect_s * 1000),
        socketTimeoutMS=round(timeouts.answer_s * 1000),
    )
