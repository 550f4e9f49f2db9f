"""Made-up orders, the same ones for the same seed.

Every kind of order comes round within ``len(KINDS)`` orders, so that a few hundred hold all of
them.  Names, addresses and e-mails are plainly not anybody's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.marketplaces import MARKETPLACES, Marketplace
from simulator.orders import Item, Order
from simulator.people import TITLES, made_up_person

Event = tuple[datetime, Callable[[datetime], None]]

KINDS = (
    "unshipped",
    "pending",
    "shipped",
    "multi_item",
    "unshipped",
    "fba_shipped",
    "same_sku_twice",
    "pending",
    "unshipped",
    "cancelled_item",
    "delivered",
    "business",
    "unshipped",
    "non_amazon",
    "pending_then_cancelled",
    "multi_item",
    "pending",
    "cancel_requested",
    "unshipped",
    "fba_pending",
    "partially_shipped",
    "cancelled",
    "unknown_channel",
    "shipped_later",
    "pending",
)
"""What an order is like, by its number."""

_WEIGHTS = (8, 4, 3, 3, 2)


@dataclass(slots=True)
class Generated:
    """An order as it was placed, and what happens to it later."""

    order: Order
    events: list[Event] = field(default_factory=list)

    def then(self, at: datetime, move: Callable[[datetime], None]) -> datetime:
        """Add a move at a time."""
        self.events.append((at, move))
        return at


@dataclass(frozen=True, slots=True)
class Generator:
    """Makes the orders of one seller, from a seed, relative to ``start``."""

    seed: int
    seller_id: str
    start: datetime
    marketplaces: Sequence[str]

    def order(self, number: int, *, placed_at: datetime | None = None) -> Generated:
        """Make order ``number``; without ``placed_at`` it lies in the 71 hours before the start.

        An order with ``placed_at`` (one that arrives while the simulator runs) is seller-fulfilled,
        is paid after half an hour and then waits to be shipped.
        """
        rng = random.Random(f"{self.seed}/{self.seller_id}/{number}")
        kind = KINDS[number % len(KINDS)] if placed_at is None else "pending"
        market = self._marketplace(rng, kind)
        placed = placed_at or self._placed_at(rng, kind)
        order = _new_order(rng, number, kind, market, placed)
        generated = Generated(order)
        _give_it_a_life(rng, kind, generated, self.start)
        return generated

    def _marketplace(self, rng: random.Random, kind: str) -> Marketplace:
        ids = self.marketplaces
        weights = (_WEIGHTS + (1,) * len(ids))[: len(ids)]
        chosen = rng.choices(list(ids), weights)[0]
        return MARKETPLACES[ids[0] if kind == "non_amazon" else chosen]

    def _placed_at(self, rng: random.Random, kind: str) -> datetime:
        if kind in ("pending", "fba_pending", "pending_then_cancelled"):
            minutes = rng.uniform(3, 14)
        else:
            minutes = rng.uniform(2 * 60, 71 * 60)
        return _ms(self.start - timedelta(minutes=minutes))


def _new_order(
    rng: random.Random, number: int, kind: str, market: Marketplace, placed: datetime
) -> Order:
    business = kind == "business"
    return Order(
        order_id=_order_id(rng, market, kind),
        marketplace_id=market.id,
        sales_channel=_sales_channel(kind, market),
        currency=market.currency,
        placed_at=placed,
        person=made_up_person(number, market.country, business=business),
        items=_items(rng, kind, market),
        fulfilled_by="AMAZON" if kind.startswith(("fba", "non_amazon")) else "MERCHANT",
        merchant_order_id=f"M-{number}" if number % 11 == 3 else "",  # noqa: PLR2004 -- now and then
        service_level=rng.choice(("Standard", "Standard", "Expedited", "SecondDay")),
        is_business=business,
        purchase_order_number=f"PO-{number}" if business else "",
        programs=("AMAZON_BUSINESS",) if business else (),
    )


def _order_id(rng: random.Random, market: Marketplace, kind: str) -> str:
    prefix = "S01" if kind == "non_amazon" else rng.choice(market.order_prefixes)
    return f"{prefix}-{rng.randrange(10**7):07d}-{rng.randrange(10**7):07d}"


def _sales_channel(kind: str, market: Marketplace) -> str:
    if kind == "non_amazon":
        return f"Non-Amazon {market.country}"
    return "Amazon.example" if kind == "unknown_channel" else market.channel


def _items(rng: random.Random, kind: str, market: Marketplace) -> list[Item]:
    if kind == "same_sku_twice":
        first = make_item(rng, market)
        second = make_item(rng, market, like=first)
        return [first, second]
    count = (
        rng.randint(2, 4) if kind in ("multi_item", "partially_shipped", "cancelled_item") else 1
    )
    items = [make_item(rng, market) for _ in range(count)]
    if kind == "cancelled_item":
        items[-1].quantity, items[-1].cancelled = 0, True
    return items


def make_item(rng: random.Random, market: Marketplace, like: Item | None = None) -> Item:
    """Make an item; ``like`` gives the SKU, the quantity is then another one."""
    number = rng.randrange(40)
    titles = TITLES.get(market.language, TITLES["en"])
    highest = rng.choice((10**14, 10**14, 10**14, 10**14, 10**12))  # Some begin with zeros.
    return Item(
        order_item_id=f"{rng.randrange(highest):014d}",
        sku=like.sku if like else sku(number),
        asin=like.asin if like else asin(number),
        title=like.title if like else titles[number % len(titles)],
        quantity=like.quantity + 1 if like else rng.choice((1, 1, 1, 2, 3)),
        unit_price_minor=rng.randrange(500, 20000),
    )


def sku(number: int) -> str:
    """Return a SKU; some have leading zeros, spaces, quotes or a hash in them."""
    patterns = ("BP-{:04d}", "{:06d}", "OF {:d} A", 'WB-{:d}"', "#R-{:d}", "KIT-{:d}=A")
    return patterns[number % len(patterns)].format(number)


def asin(number: int) -> str:
    """Return an ASIN that is nobody's."""
    return f"B0TEST{number:04d}"


def _give_it_a_life(rng: random.Random, kind: str, generated: Generated, start: datetime) -> None:
    order, placed = generated.order, generated.order.placed_at
    if kind == "pending_then_cancelled":
        generated.then(_later(placed, 40), order.cancel)
        return
    paid = generated.then(_later(placed, rng.uniform(20, 45)), order.pay)
    if kind == "cancelled":
        generated.then(_later(paid, rng.uniform(5, 60)), order.cancel)
    elif kind in ("shipped", "delivered", "fba_shipped", "non_amazon", "shipped_later"):
        _ship_it(rng, kind, generated, max(paid, start) if kind == "shipped_later" else paid)
    elif kind == "partially_shipped":
        generated.then(_later(paid, 50), lambda at: _ship_first_item(order, at))
    elif kind == "cancel_requested":
        reason = "Ordered by mistake"
        generated.then(_later(paid, 20), lambda at: order.request_cancel(at, reason))


def _ship_it(rng: random.Random, kind: str, generated: Generated, ready: datetime) -> None:
    order = generated.order
    number = f"1Z999AA1{rng.randrange(10**10):010d}"
    wait_min = rng.uniform(60, 300) if kind == "shipped_later" else rng.uniform(10, 60)
    shipped = generated.then(_later(ready, wait_min), lambda at: order.ship_rest(at, "UPS", number))
    if kind == "delivered":
        generated.then(_later(shipped, 10), order.deliver)


def _ship_first_item(order: Order, at: datetime) -> None:
    item = order.items[0]
    order.ship(at, "UPS", "1Z999AA10000000001", {item.order_item_id: item.quantity})


def _later(moment: datetime, minutes: float) -> datetime:
    return _ms(moment + timedelta(minutes=minutes))


def _ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
