"""The real gateway against the simulator on a loopback socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from config.accounts import Account
from domain.messages import ReportKind
from domain.reports import Report, ReportState
from simulator.server import CLIENT_ID, CLIENT_SECRET, Simulator
from spapi.calls import Calls
from spapi.feeds import AmazonFeedsGateway
from spapi.orders import AmazonOrdersGateway
from spapi.reports import AmazonReportsGateway
from tests.fakes.quotas import FakeQuotas

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
US, DE, JP = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1VC38T7YXB528"


def account(simulator: Simulator, **changes: Any) -> Account:
    return Account.model_validate(
        {
            "name": "demo",
            "region": "na",
            "marketplaces": (US,),
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": "Atzr|sim-demo",
            "timezone": "UTC",
            "amazon_writes": True,
            "endpoint": simulator.url,
            "token_url": f"{simulator.url}/auth/o2/token",
            **changes,
        }
    )


def report(marketplace: str = US, *, until: datetime = START) -> Report:
    return Report(
        report_id="r-1",
        account="demo",
        kind=ReportKind.ORDERS,
        marketplace=marketplace,
        state=ReportState.INTENDED,
        source="amazon",
        data_start=until - timedelta(days=3),
        data_end=until,
        flow_id="f-1",
        flow_started_at=until,
        chunk_rows=200,
        asked_at=until,
    )


@dataclass
class Bench:
    """Gateways of one account, their simulator, and what they told the quota."""

    simulator: Simulator
    client: httpx.Client
    account: Account
    quotas: FakeQuotas = field(default_factory=FakeQuotas)

    def __post_init__(self) -> None:
        accounts = {self.account.name: self.account}
        calls = Calls(self.client, self.quotas)
        self.reports = AmazonReportsGateway(accounts, calls)
        self.orders = AmazonOrdersGateway(accounts, calls)
        self.feeds = AmazonFeedsGateway(accounts, calls)

    def finished(self, wanted: Report) -> str:
        """Ask for a report, let it be made, and return its document's id."""
        amazon_id = self.reports.request(wanted, asked_before=False)
        self.simulator.advance(60)
        return self.reports.status(self.account.name, amazon_id).document_id

    def lines(self, document_id: str) -> list[str]:
        with self.reports.open_document(self.account.name, document_id) as document:
            return list(document)
