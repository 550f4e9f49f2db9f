r"""The fulfillment file: which shipments of which orders go to Amazon, row by row.  Pure.

One header row of column names, then a row per order item and package; tabs between, ``\n`` after
each row, UTF-8 without a byte order mark, no quoting.
Source: Seller Central, shipping confirmation template; SP-API feed type
POST_FLAT_FILE_FULFILLMENT_DATA; best practice of at most 10 MiB a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.carriers import OTHER
from domain.orders import Order
from domain.report_cells import clean
from domain.shipments import Outbound, Shipment

COLUMNS = (
    "order-id",
    "order-item-id",
    "quantity",
    "ship-date",
    "carrier-code",
    "carrier-name",
    "tracking-number",
    "ship-method",
)
MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
"""What each row stands for is kept beside the content, in one document of at most 16 MiB."""
HEADER = ("\t".join(COLUMNS) + "\n").encode()


class CarrierName(StrEnum):
    """When the file names the carrier (setting ``fulfillment.carrier_name``)."""

    OTHER_ONLY = "other_only"
    """Only beside the code Other, as Amazon says."""
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class FulfillmentRecord:
    """What Amazon is told of one order item in one package: the eight fields, in file order.

    ``ship_date`` is ``yyyy-mm-dd``; ids are text, leading zeros count.
    """

    order_id: str
    order_item_id: str
    quantity: int
    ship_date: str
    carrier_code: str
    carrier_name: str
    tracking_number: str
    ship_method: str


@dataclass(frozen=True, slots=True)
class PackageRecords:
    """The rows of one shipment; ``digest`` is the hash of the content they say."""

    shipment_id: str
    digest: str
    ship_by: datetime | None
    records: tuple[FulfillmentRecord, ...]


@dataclass(frozen=True, slots=True)
class FulfillmentFile:
    """A file and the packages it holds; rows are numbered from 1 in their order."""

    content: bytes
    packages: tuple[PackageRecords, ...]

    @property
    def rows(self) -> tuple[tuple[PackageRecords, FulfillmentRecord], ...]:
        """The rows in file order: row n of Amazon's verdict is the n-th of these."""
        return tuple((package, record) for package in self.packages for record in package.records)


def package_records(
    shipment: Shipment, order: Order, *, zone: ZoneInfo, now: datetime
) -> PackageRecords | None:
    """Return the rows of a due shipment, or None if it is not due with what is wanted now."""
    if shipment.outbound is not Outbound.DUE or shipment.stands_for != shipment.wanted:
        return None
    day = ship_date(
        shipment.content.shipped_at, purchased_at=order.purchased_at, now=now, zone=zone
    )
    records = tuple(
        FulfillmentRecord(
            order_id=order.order_id,
            order_item_id=line.order_item_id,
            quantity=line.quantity,
            ship_date=day.isoformat(),
            carrier_code=shipment.carrier_code,
            carrier_name=shipment.carrier_name,
            tracking_number=shipment.content.tracking_number,
            ship_method=shipment.content.ship_method,
        )
        for line in shipment.lines
    )
    return PackageRecords(shipment.shipment_id, shipment.wanted, order.ship_by, records)


def ship_date(
    shipped_at: datetime, *, purchased_at: datetime, now: datetime, zone: ZoneInfo
) -> date:
    """Return the day in the account's zone: never after now, never before the purchase."""
    return max(min(shipped_at, now), purchased_at).astimezone(zone).date()


def fulfillment_files(
    packages: Iterable[PackageRecords],
    *,
    carrier_name: CarrierName = CarrierName.OTHER_ONLY,
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
) -> Iterator[FulfillmentFile]:
    """Yield the files, most urgent packages first; a package is never split over two files.

    Nothing is left out: a package larger than a file may be gets a file of its own.
    """
    rows: list[bytes] = []
    held: list[PackageRecords] = []
    size = len(HEADER)
    for package in sorted(packages, key=_urgency):
        texts = [_row(record, carrier_name) for record in package.records]
        longer = sum(map(len, texts))
        is_full = size + longer > max_bytes or len(rows) + len(texts) > max_rows
        if held and is_full:
            yield FulfillmentFile(HEADER + b"".join(rows), tuple(held))
            rows, held, size = [], [], len(HEADER)
        rows += texts
        held.append(package)
        size += longer
    if held:
        yield FulfillmentFile(HEADER + b"".join(rows), tuple(held))


def _urgency(package: PackageRecords) -> tuple[bool, float, str, str]:
    """Nearest ship-by first, unknown ones last; else by ids, so that a replay gives the same."""
    ship_by = 0.0 if package.ship_by is None else package.ship_by.timestamp()
    order_id = package.records[0].order_id if package.records else ""
    return package.ship_by is None, ship_by, order_id, package.shipment_id


def _row(record: FulfillmentRecord, carrier_name: CarrierName) -> bytes:
    is_named = carrier_name is CarrierName.ALWAYS or record.carrier_code == OTHER
    values = [clean(str(value)) for value in astuple(record)]
    if not is_named:
        values[COLUMNS.index("carrier-name")] = ""
    return ("\t".join(values) + "\n").encode()
