from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.messages import ReportKind
from domain.reports import Report, ReportState
from spapi.reports import AmazonReportsGateway
from tests.fakes.amazon_http import ScriptedAmazon, answer, seller

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_report_asked_for_is_all_orders_by_order_date(amazon: ScriptedAmazon) -> None:
    gateway = AmazonReportsGateway({"garage": seller()}, amazon.calls)
    report = Report(
        report_id="r-1",
        account="garage",
        kind=ReportKind.ORDERS,
        marketplace="A1PA6795UKMFR9",
        state=ReportState.INTENDED,
        source="amazon",
        data_start=NOW - timedelta(days=3),
        data_end=NOW,
        flow_id="f-1",
        flow_started_at=NOW,
        chunk_rows=200,
    )
    amazon.will(answer({"reportId": "50001"}, 202))

    gateway.request(report, asked_before=False)

    asked = amazon.body()["reportType"]
    assert asked == "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
