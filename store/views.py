"""What people look at.  Nothing here is on a worker's hot path."""

from __future__ import annotations

from store.encryption import FieldCipher
from store.order_views import OrderViews
from store.report_views import ReportViews
from store.tables import Database


class Views(OrderViews, ReportViews):
    """The read side: orders, reports and the ledger."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        OrderViews.__init__(self, database, cipher)
        ReportViews.__init__(self, database)
