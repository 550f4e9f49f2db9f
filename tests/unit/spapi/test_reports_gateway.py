from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.errors import Malformed, Unavailable, UnknownAccount
from domain.messages import ReportKind
from domain.reports import AmazonReport, Report, ReportState
from spapi.reports import AmazonReportsGateway
from tests.fakes.amazon_http import ScriptedAmazon, answer, seller

START = datetime(2026, 11, 20, 10, 0, 0, 125_000, tzinfo=UTC)
END = datetime(2026, 11, 23, 10, 0, 0, 125_000, tzinfo=UTC)
ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
GERMANY = "A1PA6795UKMFR9"
OURS = Report(
    report_id="r-1",
    account="garage",
    kind=ReportKind.ORDERS,
    marketplace=GERMANY,
    state=ReportState.INTENDED,
    source="amazon",
    data_start=START,
    data_end=END,
    flow_id="f-1",
    flow_started_at=END,
    chunk_rows=200,
    asked_at=END + timedelta(seconds=5),
)


@pytest.fixture
def gateway(amazon: ScriptedAmazon) -> AmazonReportsGateway:
    return AmazonReportsGateway({"garage": seller()}, amazon.calls)


def amazons(report_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "reportId": report_id,
        "reportType": ORDERS,
        "marketplaceIds": [GERMANY],
        "dataStartTime": "2026-11-20T10:00:00.125Z",
        "dataEndTime": "2026-11-23T11:00:00.125+01:00",
        "createdTime": "2026-11-23T10:00:06Z",
        "processingStatus": "IN_QUEUE",
        **changes,
    }


def test_a_report_is_asked_for_with_both_ends_of_its_window(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(answer({"reportId": "50001"}, 202))

    assert gateway.request(OURS, asked_before=False) == "50001"

    (request,) = amazon.requests
    assert (request.method, request.url.path) == ("POST", "/reports/2021-06-30/reports")
    assert request.headers["content-type"] == "application/json"
    assert amazon.body() == {
        "reportType": ORDERS,
        "marketplaceIds": [GERMANY],
        "dataStartTime": "2026-11-20T10:00:00.125Z",
        "dataEndTime": "2026-11-23T10:00:00.125Z",
    }


def test_the_listings_report_is_asked_for_in_english(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(answer({"reportId": "50002"}, 202))

    gateway.request(replace(OURS, kind=ReportKind.OPEN_LISTINGS), asked_before=False)

    assert amazon.body()["reportType"] == "GET_FLAT_FILE_OPEN_LISTINGS_DATA"
    assert amazon.body()["reportOptions"] == {"preferredReportDocumentLocale": "en_US"}


def test_a_request_that_got_no_answer_is_unavailable_and_not_repeated(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(httpx.ReadTimeout("slow"))

    with pytest.raises(Unavailable):
        gateway.request(OURS, asked_before=False)

    assert len(amazon.requests) == 1


def test_a_report_asked_for_before_is_adopted(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(answer({"reports": [amazons("50003")]}))

    assert gateway.request(OURS, asked_before=True) == "50003"

    (request,) = amazon.requests
    assert (request.method, request.url.path) == ("GET", "/reports/2021-06-30/reports")
    assert amazon.params() == {
        "reportTypes": ORDERS,
        "marketplaceIds": GERMANY,
        "createdSince": "2026-11-23T09:45:05.125Z",
        "pageSize": "100",
    }


@pytest.mark.parametrize(
    ("_case", "other"),
    [
        ("another start", {"dataStartTime": "2026-11-20T10:30:00Z"}),
        ("another end", {"dataEndTime": "2026-11-23T10:30:00Z"}),
        ("another type", {"reportType": "GET_FLAT_FILE_OPEN_LISTINGS_DATA"}),
        ("another marketplace", {"marketplaceIds": ["A13V1IB3VIYZZH"]}),
        ("no window", {"dataStartTime": None, "dataEndTime": None}),
    ],
)
def test_a_report_that_is_not_ours_is_not_adopted(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway, _case: str, other: dict[str, Any]
) -> None:
    amazon.will(answer({"reports": [amazons("50004", **other)]}), answer({"reportId": "new"}, 202))

    assert gateway.request(OURS, asked_before=True) == "new"


def test_all_pages_are_searched_and_a_token_goes_alone(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    other = amazons("50005", dataEndTime="2026-11-23T10:30:00Z")
    amazon.will(
        answer({"reports": [other], "nextToken": "more=="}),
        answer({"reports": [amazons("50006")]}),
    )

    assert gateway.request(OURS, asked_before=True) == "50006"
    assert amazon.params() == {"nextToken": "more=="}


def test_of_several_the_newest_that_made_something_is_adopted(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(
        answer(
            {
                "reports": [
                    amazons("old", createdTime="2026-11-23T10:00:06Z"),
                    amazons("new", createdTime="2026-11-23T10:00:09Z"),
                    amazons(
                        "cancelled",
                        createdTime="2026-11-23T10:00:12Z",
                        processingStatus="CANCELLED",
                    ),
                ]
            }
        )
    )

    assert gateway.request(OURS, asked_before=True) == "new"


def test_status_is_amazons_word_in_our_types(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(answer(amazons("50007", processingStatus="DONE", reportDocumentId="d-1")))

    assert gateway.status("garage", "50007") == AmazonReport(
        amazon_report_id="50007",
        processing_status="DONE",
        document_id="d-1",
        report_type=ORDERS,
        marketplaces=(GERMANY,),
        data_start=START,
        data_end=END,
        created_at=datetime(2026, 11, 23, 10, 0, 6, tzinfo=UTC),
    )
    assert amazon.requests[0].url.path == "/reports/2021-06-30/reports/50007"
    assert amazon.params() == {}


def test_a_status_without_its_fields_is_malformed_and_names_them(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(answer({"reportId": "50008", "dataEndTime": "yesterday"}))

    with pytest.raises(Malformed) as caught:
        gateway.status("garage", "50008")

    assert str(caught.value) == (
        "getReport: unreadable dataEndTime (datetime_from_date_parsing), processingStatus (missing)"
    )


def test_an_unknown_account_is_told_before_anything_is_sent(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    with pytest.raises(UnknownAccount):
        gateway.status("nobody", "1")

    assert amazon.requests == amazon.token_requests == []
