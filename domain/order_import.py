"""Placeholder of the interface; the domain's builder fills it."""

from __future__ import annotations

from enum import StrEnum


class FirstSeen(StrEnum):
    """Which orders a report may create (setting ``order_import.first_seen``)."""

    OPEN_ORDERS = "open_orders"
    PENDING_ONLY = "pending_only"
