"""Which rows may become an order here, and what to tell staff about the others.  Pure."""

from __future__ import annotations

from enum import StrEnum

from domain.ledger import SkipReason
from domain.messages import ParsedLine
from domain.order_status import Lifecycle


class FirstSeen(StrEnum):
    """Which orders a report may create (setting ``order_import.first_seen``)."""

    OPEN_ORDERS = "open_orders"
    """Pending ones, and open ones whose Pending stage fell between two cycles (*recovered*)."""
    PENDING_ONLY = "pending_only"
    """Only those first seen Pending."""


SELLER_FULFILLED = frozenset({"merchant", "mfn"})
"""Spellings of the fulfillment channel.  Source: order report help says MFN, files Merchant."""
EXPLANATIONS = {
    SkipReason.FULFILLED_BY_AMAZON: (
        "Amazon packs and ships this order itself (FBA).",
        "Nothing: there is nothing to ship from here.",
    ),
    SkipReason.NOT_AN_AMAZON_ORDER: (
        "It was not placed on Amazon: Amazon lists orders of other shops it ships for, too.",
        "Look for the order in the shop where it was placed.",
    ),
    SkipReason.FIRST_SEEN_SHIPPED: (
        "It was already shipped when it first appeared in a report.",
        "Nothing, if it was shipped by other means; else read it with `orders fetch`.",
    ),
    SkipReason.FIRST_SEEN_CANCELLED: (
        "It was already cancelled when it first appeared in a report.",
        "Nothing: a cancelled order needs no fulfillment.",
    ),
    SkipReason.NOT_PENDING: (
        (
            "It was past Pending when it first appeared, and only Pending orders are imported "
            "(order_import.first_seen = pending_only)."
        ),
        "Read it with `orders fetch`, or set order_import.first_seen to open_orders.",
    ),
    SkipReason.UNKNOWN_STATUS: (
        "Amazon gave it a status that is not known here, so nothing was assumed about it.",
        "Look it up in Seller Central, read it with `orders fetch`, and tell your administrator.",
    ),
}


def not_ours(row: ParsedLine) -> SkipReason | None:
    """Return why the row is not ours to fulfill, whatever its status; None if it is ours.

    Source: field reports (``Non-Amazon US`` and ``S01-…`` rows sit in the same file);
    fulfillment channels ``Amazon`` and ``AFN`` are Amazon's own.
    """
    channel = row.fulfillment_channel.strip().lower()
    if row.order_id.startswith("S") or row.sales_channel.strip().lower().startswith("non-amazon"):
        return SkipReason.NOT_AN_AMAZON_ORDER
    if channel.startswith(("amazon", "afn")):
        return SkipReason.FULFILLED_BY_AMAZON
    return None


def refused_at_first(stage: Lifecycle, policy: FirstSeen) -> SkipReason | None:
    """Return why an order first seen at this stage is not created; None if it is."""
    match stage:
        case Lifecycle.UNKNOWN:
            return SkipReason.UNKNOWN_STATUS
        case Lifecycle.CANCELLED:
            return SkipReason.FIRST_SEEN_CANCELLED
        case Lifecycle.SHIPPED:
            return SkipReason.FIRST_SEEN_SHIPPED
        case Lifecycle.UNFULFILLABLE:  # Only orders that Amazon fulfills for other shops.
            return SkipReason.FULFILLED_BY_AMAZON
        case Lifecycle.UNSHIPPED | Lifecycle.PARTIALLY_SHIPPED:
            return SkipReason.NOT_PENDING if policy is FirstSeen.PENDING_ONLY else None
        case Lifecycle.PENDING | Lifecycle.PENDING_AVAILABILITY:
            return None
