"""The sections of the settings: frozen, typed, every tunable with its unit in the name.

The docstring under a field is its documentation; the settings page is generated from it.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretBytes,
    SecretStr,
    model_validator,
)
from pydantic_settings import NoDecode

from config.accounts import Region, marketplaces
from domain.fulfillment_file import CarrierName
from domain.order_import import FirstSeen

KEY_BYTES = 32


class Section(BaseModel):
    """A group of settings.  A name that is not a setting is refused: it is a slip of the pen."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


def _account_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", value):
        raise ValueError("is no account name: use up to 40 of a-z, 0-9, - and _")
    return value


AccountName = Annotated[str, AfterValidator(_account_name)]
"""Stands in message ids, metrics and file names."""


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _marketplace_ids(value: Any) -> Any:
    words = value.split(",") if isinstance(value, str) else value
    by_country = {row.country: row.id for row in marketplaces().values()} | {"UK": "A1F83G8C2ARO7P"}
    ids = []
    for word in (str(word).strip().upper() for word in words):
        if not word:
            continue
        found = word if word in marketplaces() else by_country.get(word)
        if found is None:
            raise ValueError(
                f"{word[:20]!r} is no marketplace of Amazon's: "
                "use a country code (US, DE, JP …) or a marketplace id"
            )
        ids.append(found)
    return tuple(dict.fromkeys(ids))


def _codes(value: Any) -> Any:
    words = value.split(",") if isinstance(value, str) else value
    return frozenset(str(word).strip() for word in words if str(word).strip())


def _zone(value: str) -> str:
    try:
        ZoneInfo(value or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is no time zone: use an IANA name such as Europe/Berlin") from None
    return value


def _key(value: object) -> object:
    text = value.strip() if isinstance(value, str) else ""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            "must be 32 random bytes in base64: make one with `openssl rand -base64 32`"
        )
    return key


class AccountSettings(Section):
    """One seller's account in one of Amazon's regions: ``ACCOUNTS__<name>__…``.

    A seller with a North American and a European account configures two.
    """

    marketplaces: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_marketplace_ids)] = Field(
        min_length=1
    )
    """Where this account sells: country codes or marketplace ids, with commas, e.g. ``US,CA``."""

    client_id: str = Field(min_length=1)
    """The application's client id (Login with Amazon), ``amzn1.application-oa2-client.…``."""

    client_secret: SecretStr = Field(min_length=1)
    """The application's client secret."""

    refresh_token: SecretStr = Field(min_length=1)
    """The seller's authorization of the application, ``Atzr|…``."""

    region: Annotated[Region | None, BeforeValidator(_lower)] = None
    """``na``, ``eu`` or ``fe``.  Follows from the marketplaces when it is left out."""

    seller_id: str = ""
    """The seller's id (merchant token).  Needed by listings only."""

    timezone: Annotated[str, BeforeValidator(_zone)] = ""
    """IANA time zone of dates written for this account; the first marketplace's when left out."""

    amazon_writes: bool = False
    """Whether feeds are really sent.  Off until somebody switches it on: a new installation must
    not write to a real account by accident."""

    @model_validator(mode="after")
    def _one_region(self) -> Self:
        regions = {marketplaces()[one].region for one in self.marketplaces}
        if len(regions) > 1 or (self.region and {self.region} != regions):
            raise ValueError(
                f"MARKETPLACES lie in {' and '.join(sorted(regions))}"
                f"{f', REGION says {self.region}' if self.region else ''}: "
                "one account is one region, configure another account for the other"
            )
        return self


class OrderImport(Section):
    """How orders are imported: ``ORDER_IMPORT__…``."""

    first_seen: FirstSeen = FirstSeen.OPEN_ORDERS
    """Which orders a report may create.  ``pending_only``: only rows that are Pending, the literal
    rule.  ``open_orders``: also unshipped ones whose Pending stage fell between two reports, since
    an order stays Pending for about half an hour only."""

    lookback_days: float = Field(default=3, gt=0, le=30)
    """How far back a report reaches, by order date.  Amazon allows 30."""

    chunk_rows: int = Field(default=400, ge=1, le=2000)
    """Report rows per message: large enough for bulk writes, small enough for RabbitMQ."""

    poll_deadline_minutes: float = Field(default=120, ge=1)
    """How long Amazon may take to make a report before it is abandoned and asked for again."""

    chunk_backlog: int = Field(default=8, ge=1)
    """Chunks of one report published and not yet imported, at most; then the parser waits."""

    chunk_standstill_s: float = Field(default=900, gt=0)
    """After this long, a chunk published and not imported counts as lost and is published again."""

    chunk_patience_s: float = Field(default=30, gt=0)
    """How long the parser waits for importers before it gives its thread back."""


class Feeds(Section):
    """How feeds are sent to Amazon: ``FEEDS__…``."""

    spacing_minutes: float = Field(default=20, ge=0)
    """Between two feeds of a type.  Amazon advises against more than one in 20 minutes."""

    settle_minutes: float = Field(default=2, ge=0)
    """After an attempt without answer, until Amazon's list of feeds is asked whether it has it."""

    look_again_minutes: float = Field(default=10, ge=0)
    """After that list did not have the feed, until it is asked once more, and the feed sent again
    if it still does not."""

    first_poll_s: float = Field(default=60, ge=1, le=600)
    """After Amazon was found at a feed, until it is asked again; twice as long each time, up to ten
    minutes."""

    slow_minutes: float = Field(default=20, gt=0)
    """How long Amazon may be at a feed before it counts as slow."""

    stuck_hours: float = Field(default=8, gt=0)
    """How long Amazon may be at a feed before a person should look: it takes no longer under
    load, and a stuck feed blocks those behind it."""


class Fulfillment(Section):
    """How shipments become feeds: ``FULFILLMENT__…``."""

    carrier_name: CarrierName = CarrierName.OTHER_ONLY
    """When the file names the carrier.  ``other_only``: beside the code Other, as Amazon says.
    ``always``: on every row."""

    orders_per_feed: int = Field(default=10_000, ge=1, le=50_000)
    """Orders in one feed, at most; those with the nearest ship-by go first."""

    transient_codes: Annotated[frozenset[str], NoDecode, BeforeValidator(_codes)] = frozenset()
    """Amazon's error codes, with commas, that heal by themselves: shipments refused with nothing
    else are tried again, at first after half an hour, then ever later, up to half a day."""


class Schedule(Section):
    """How often things happen: ``SCHEDULE__…``.  Accounts are offset against each other."""

    order_report_minutes: float = Field(default=30, ge=5)
    """Between two order reports.  An order stays Pending for about 30 minutes."""

    order_refresh_minutes: float = Field(default=30, ge=5)
    """Between two readings of changed orders."""

    fulfillment_minutes: float = Field(default=20, ge=20)
    """Between two fulfillment feeds.  Amazon advises against more than one in 20 minutes."""

    inventory_sync_minutes: float = Field(default=60, ge=20)
    """Between two listing feeds."""

    open_listings_hours: float = Field(default=24, ge=1)
    """Between two reconciliations with Amazon's open listings."""

    sweepers_minutes: float = Field(default=5, gt=0)
    """Between two looks for what is overdue."""

    privacy_hours: float = Field(default=24, gt=0, le=24)
    """Between two purges of buyer data whose time is over."""


class Privacy(Section):
    """How long buyer data is kept: ``PRIVACY__…``."""

    buyer_days: float = Field(default=30, gt=0, le=30)
    """Days from delivery or cancellation until the buyer's e-mail, names, phone and address are
    removed.  Amazon allows 30 at most."""


class Encryption(Section):
    """Keys for buyer data: ``ENCRYPTION__KEYS__<id>`` and ``ENCRYPTION__ACTIVE_KEY``.

    To rotate: add a key, make it the active one, and keep the old ones as long as values
    encrypted with them exist.
    """

    keys: dict[str, Annotated[SecretBytes, BeforeValidator(_key)]] = {}
    """32 random bytes in base64 each.  The embedded store makes a key of its own under DATA_DIR."""

    active_key: Annotated[str, BeforeValidator(_lower)] = ""
    """The id of the key that new values are encrypted with; needed when there are several."""

    @model_validator(mode="after")
    def _active_key_exists(self) -> Self:
        if len(self.keys) > 1 and not self.active_key:
            raise ValueError(f"say which key is active: ACTIVE_KEY={' | '.join(sorted(self.keys))}")
        if self.active_key and self.active_key not in self.keys:
            raise ValueError(f"ACTIVE_KEY={self.active_key} names no key: set KEYS__<id> for it")
        return self


class Http(Section):
    """Time limits of calls to Amazon: ``HTTP__…``."""

    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    """Until a connection stands."""

    call_timeout_s: float = Field(default=30, gt=0, le=120)
    """Until an API call answers.  Leases around calls outlive it."""

    document_timeout_s: float = Field(default=60, gt=0, le=600)
    """Between two packets of a document; one of a million rows pauses longer than a call."""
