"""Everything the simulated Amazon knows, behind one lock and one clock."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulator.clock import Clock
from simulator.documents import Documents
from simulator.faults import Faults
from simulator.generate import Generator
from simulator.marketplaces import DEFAULT_MARKETPLACES
from simulator.orders import Order
from simulator.throttle import Buckets
from simulator.tokens import Tokens

if TYPE_CHECKING:
    from simulator.feeds import Feed
    from simulator.report_content import Content
    from simulator.reports import Report

TOKEN_PREFIX = "Atzr|sim-"  # noqa: S105 -- how a simulated refresh token begins, no secret
"""Every refresh token that begins so is valid; what follows names the seller."""


@dataclass(slots=True)
class Settings:
    """What a test or a demo may choose.  Times are simulated seconds."""

    throttle: bool = True
    gzip_reports: bool = True
    gzip_results: bool = False
    report_columns: int = 32
    report_queue_s: float = 10
    report_progress_s: float = 20
    orders_lag_s: float = 120
    """How long an order takes to show in searchOrders.  Source: Orders API, *Before parameters."""
    feed_queue_s: float = 15
    feed_progress_s: float = 45
    feed_list_s: float = 0
    """How long a new feed takes to show in getFeeds; getFeed knows it at once."""
    visibility_s: float = 90
    """From the end of a feed until orders show its packages."""


@dataclass(slots=True, eq=False)
class Seller:
    """One selling partner's account."""

    seller_id: str
    orders: dict[str, Order] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)


def seller_id_of(account: str) -> str:
    """Return the seller id behind a refresh token (or behind the name after its prefix)."""
    name = account.removeprefix(TOKEN_PREFIX)
    return "A" + hashlib.sha256(name.encode()).hexdigest()[:13].upper()


class World:
    """The state.  Hold ``lock`` while reading or changing it, and ``settle`` first."""

    def __init__(
        self,
        *,
        seed: int,
        orders: int,
        clock: Clock,
        marketplaces: Sequence[str] = DEFAULT_MARKETPLACES,
        arrivals_per_hour: float = 0.0,
        settings: Settings | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.started_at = clock.now()
        self.seed = seed
        self.orders_per_seller = orders
        self.marketplaces = tuple(marketplaces)
        self.arrivals_per_hour = arrivals_per_hour
        self.settings = settings or Settings()
        self.sellers: dict[str, Seller] = {}
        self.names: dict[str, str] = {}
        self.faults = Faults()
        self.tokens = Tokens()
        self.documents = Documents()
        self.buckets = Buckets()
        self.canned: deque[Content] = deque()
        """What the next reports hold instead of orders, first come first served."""
        self.calls: Counter[tuple[str, str, int]] = Counter()
        """(operation, seller id, HTTP status) -> how often."""
        self.unknown_parameters: Counter[tuple[str, str]] = Counter()
        """(operation, name) -> how often somebody sent a parameter the API does not have."""
        self._agenda: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._sequence = itertools.count()
        self._ids = itertools.count(1)

    def now(self) -> datetime:
        """Return the simulated time."""
        return self.clock.now()

    def next_id(self) -> int:
        """Return a number nobody got before."""
        return next(self._ids)

    def take_content(self) -> Content | None:
        """Return what the next report shall hold; None = what the orders say."""
        return self.canned.popleft() if self.canned else None

    def schedule(self, at: datetime, move: Callable[[datetime], None]) -> None:
        """Let ``move`` happen at ``at`` (which it is given); a past time happens at once."""
        heapq.heappush(self._agenda, (at, next(self._sequence), move))

    def schedule_in(self, seconds: float, move: Callable[[datetime], None], now: datetime) -> None:
        """Let ``move`` happen ``seconds`` of simulated time after ``now``."""
        self.schedule(now + timedelta(seconds=seconds), move)

    def settle(self) -> datetime:
        """Let everything happen that is due, in its order, and return the time it is."""
        now = self.clock.now()
        while self._agenda and self._agenda[0][0] <= now:
            at, _, move = heapq.heappop(self._agenda)
            move(at)
        return now

    def seller(self, account: str) -> Seller:
        """Return the seller of a refresh token or name, made with its orders when first met."""
        seller_id = seller_id_of(account)
        if seller_id not in self.sellers:
            self.names[seller_id] = account.removeprefix(TOKEN_PREFIX)
            self.sellers[seller_id] = Seller(seller_id)
            self._populate(self.sellers[seller_id])
            self.settle()
        return self.sellers[seller_id]

    def _populate(self, seller: Seller) -> None:
        generator = Generator(self.seed, seller.seller_id, self.started_at, self.marketplaces)
        for number in range(self.orders_per_seller):
            generated = generator.order(number)
            seller.orders[generated.order.order_id] = generated.order
            for at, move in generated.events:
                self.schedule(at, move)
        if self.arrivals_per_hour > 0:
            self._next_arrival(seller, generator, self.orders_per_seller, self.started_at)

    def _next_arrival(
        self, seller: Seller, generator: Generator, number: int, after: datetime
    ) -> None:
        """Plan one order to come; its coming plans the next."""

        def arrive(at: datetime) -> None:
            generated = generator.order(number, placed_at=at)
            seller.orders[generated.order.order_id] = generated.order
            for when, move in generated.events:
                self.schedule(when, move)
            self._next_arrival(seller, generator, number + 1, at)

        self.schedule_in(3600 / self.arrivals_per_hour, arrive, after)
