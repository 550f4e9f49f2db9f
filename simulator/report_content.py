"""What a report's document holds, faults included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulator import order_report
from simulator.documents import compressed
from simulator.generate import asin, sku
from simulator.marketplaces import MARKETPLACES, PYTHON_CODECS

if TYPE_CHECKING:
    from simulator.orders import Order
    from simulator.reports import Report
    from simulator.world import Seller, World

ALL_ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
ALL_ORDERS_BY_UPDATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
OPEN_LISTINGS = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"
ALL_LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
REPORT_TYPES = (ALL_ORDERS, ALL_ORDERS_BY_UPDATE, OPEN_LISTINGS, ALL_LISTINGS)

LONGEST_WINDOW = timedelta(days=30)
TOO_LONG = "Date range exceeded. Report can be requested only upto 30 days"
"""Word for word.  Source: amzn/selling-partner-api-models 2591."""
_HTML = "<!DOCTYPE html><html><head><title>Sorry</title></head><body>Service busy</body></html>"
_FATAL = "We could not generate the report. Please try again later.\n"
_LISTED_SKUS = 40


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes as they are served; ``gzipped`` is what getReportDocument declares of them."""

    body: bytes
    content_type: str = "text/plain; charset=UTF-8"
    gzipped: bool = False


def content_of(world: World, seller: Seller, report: Report) -> Content | None:
    """Return what the document holds; None when there is no data."""
    if report.content:
        return report.content
    text = _text(world, seller, report)
    if text is None:
        return None
    charset = _charset(report)
    content_type = f"text/plain; charset={charset}"
    if "wrong_charset" in report.faults:
        charset, content_type = _wrong_charset(charset)
    body = text.encode(PYTHON_CODECS[charset], errors="replace")
    if "truncated_gzip" in report.faults:
        whole = compressed(body)
        return Content(whole[: len(whole) * 3 // 5], content_type, gzipped=True)
    gzipped = world.settings.gzip_reports
    return Content(compressed(body) if gzipped else body, content_type, gzipped=gzipped)


def _charset(report: Report) -> str:
    charsets = {MARKETPLACES[id_].charset for id_ in report.marketplaces}
    return charsets.pop() if len(charsets) == 1 else "UTF-8"


def _wrong_charset(charset: str) -> tuple[str, str]:
    """Say UTF-8 of bytes that are not."""
    return ("Cp1252" if charset == "UTF-8" else charset), "text/plain; charset=UTF-8"


def _text(world: World, seller: Seller, report: Report) -> str | None:
    if "report_fatal" in report.faults:
        return _FATAL
    if fault := report.faults.get("not_a_report"):
        return _HTML if fault.options.get("variant") == "html" else TOO_LONG
    if report.report_type in (OPEN_LISTINGS, ALL_LISTINGS):
        return _listings(report)
    if report.data_end - report.data_start > LONGEST_WINDOW:
        return TOO_LONG
    orders = _orders(seller, report)
    if not orders:
        return None
    fields = order_report.columns(world.settings.report_columns)
    headings = fields
    if fault := report.faults.get("changed_columns"):
        fields, headings = order_report.changed(fields, fault.options.get("variant", "missing"))
    broken = report.faults.get("broken_rows")
    rows = int(broken.options.get("rows", 4)) if broken else 0
    return order_report.render(orders, fields, headings, broken_rows=rows)


def _orders(seller: Seller, report: Report) -> list[Order]:
    """Return the orders of the window; every other report has them the other way round."""
    by_update = report.report_type == ALL_ORDERS_BY_UPDATE

    def when(order: Order) -> datetime:
        return order.last_updated_at if by_update else order.placed_at

    found = [
        order
        for order in seller.orders.values()
        if order.marketplace_id in report.marketplaces
        and report.data_start <= when(order) <= report.data_end
    ]
    backwards = int(report.report_id) % 2 == 0
    return sorted(found, key=lambda order: (when(order), order.order_id), reverse=backwards)


def _listings(report: Report) -> str:
    """Return a minimal listings report: the seller's SKUs, each with a price and a quantity."""
    if report.report_type == OPEN_LISTINGS:
        rows = ["sku\tasin\tprice\tquantity"]
        rows += [f"{sku(n)}\t{asin(n)}\t{10 + n}.99\t{n % 7}" for n in range(_LISTED_SKUS)]
    else:
        rows = ["item-name\tseller-sku\tprice\tquantity\tasin1\tstatus"]
        rows += [
            f"Item {n}\t{sku(n)}\t{10 + n}.99\t{n % 7}\t{asin(n)}\tActive"
            for n in range(_LISTED_SKUS)
        ]
    return "\n".join(rows) + "\n"
