"""The gateway against Amazon's own models: what it sends, how often it may, what is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.errors import Refused
from domain.messages import ReportKind
from domain.reports import Report, ReportState
from spapi.feeds import AmazonFeedsGateway
from spapi.operations import OrderOperations
from spapi.orders import AmazonOrdersGateway
from spapi.plans import usage_plans
from spapi.reports import AmazonReportsGateway
from tests.contract.models import (
    FEEDS,
    ORDERS,
    REPORTS,
    Model,
    body_schema,
    good_answer,
    operations,
    static_sandbox_cases,
    usage_plan,
    violations,
)
from tests.fakes.amazon_http import ENDPOINT, ScriptedAmazon, answer, seller, stream

MODEL_OF = {
    "createReport": REPORTS,
    "getReport": REPORTS,
    "getReports": REPORTS,
    "getReportDocument": REPORTS,
    "searchOrders": ORDERS,
    "getOrder": ORDERS,
    "createFeedDocument": FEEDS,
    "createFeed": FEEDS,
    "getFeed": FEEDS,
    "getFeeds": FEEDS,
    "getFeedDocument": FEEDS,
}
"""Every operation the gateway calls."""

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
GERMANY = "A1PA6795UKMFR9"


def report(kind: ReportKind = ReportKind.ORDERS) -> Report:
    return Report(
        report_id="r-1",
        account="garage",
        kind=kind,
        marketplace=GERMANY,
        state=ReportState.INTENDED,
        source="amazon",
        data_start=NOW - timedelta(days=3),
        data_end=NOW,
        flow_id="f-1",
        flow_started_at=NOW,
        chunk_rows=200,
    )


def call_everything(amazon: ScriptedAmazon, models: dict[str, Model]) -> None:
    """Call each method of the gateways; Amazon answers as its sandbox does."""
    accounts = {"garage": seller(amazon_writes=True)}
    reports = AmazonReportsGateway(accounts, amazon.calls)
    orders = AmazonOrdersGateway(accounts, amazon.calls)
    feeds = AmazonFeedsGateway(accounts, amazon.calls)

    def will(*names: str) -> None:
        amazon.will(*(answer(good_answer(models[MODEL_OF[name]], name)) for name in names))

    will("createReport", "createReport")
    reports.request(report(), asked_before=False)
    reports.request(report(ReportKind.OPEN_LISTINGS), asked_before=False)
    will("getReports")
    amazon.will(answer({"reports": []}))
    will("createReport")
    reports.request(report(), asked_before=True)
    will("getReport")
    reports.status("garage", "ID323")
    will("getReportDocument")
    amazon.will(stream([b"header\n"]))
    with reports.open_document("garage", "0356cf79") as document:
        assert list(document) == ["header"]
    will("searchOrders", "searchOrders", "getOrder")
    first = orders.search("garage", updated_after=NOW, page_token=None)
    orders.search("garage", updated_after=NOW, page_token=first.next_token)
    orders.get("garage", "171-9876543-2109876")
    will("createFeedDocument")
    made = feeds.create_document("garage", "text/tab-separated-values; charset=UTF-8")
    will("createFeed", "getFeed", "getFeeds")
    feeds.create_feed("garage", "POST_FLAT_FILE_FULFILLMENT_DATA", [GERMANY], made.document_id)
    feeds.feed("garage", "feedId1")
    amazon.will(answer({"feeds": []}))
    feeds.feeds("garage", "POST_FLAT_FILE_FULFILLMENT_DATA", NOW, [GERMANY])
    will("getFeedDocument")
    amazon.will(stream([b"result"]))
    feeds.result("garage", "0356cf79")


def complaints(models: dict[str, Model], operation: str, request: httpx.Request) -> list[str]:
    """Return what of a request is not in the model."""
    model = models[MODEL_OF[operation]]
    path, method, told = operations(model)[operation]
    found = []
    template = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
    if not re.fullmatch(template, request.url.path) or request.method.lower() != method:
        found.append(f"{request.method} {request.url.path} is not {method} {path}")
    known = {p["name"]: p for p in told["parameters"] if p["in"] == "query"}
    sent = dict(request.url.params)
    required = {name for name, parameter in known.items() if parameter.get("required")}
    found += [f"{name} is missing" for name in required - sent.keys()]
    for name, value in sent.items():
        found += _wrong(known.get(name), name, value)
    if request.content:
        found += violations(body_schema(model, operation), _json(request))
    elif any(p["in"] == "body" for p in told["parameters"]):
        found.append("no body")
    return found


def _wrong(parameter: dict[str, Any] | None, name: str, value: str) -> list[str]:
    if parameter is None:
        return [f"{name} is no parameter"]
    values = value.split(",") if parameter["type"] == "array" else [value]
    allowed = parameter.get("items", parameter).get("enum")
    found = [f"{name} cannot be {each}" for each in values if allowed and each not in allowed]
    if len(values) > parameter.get("maxItems", len(values)):
        found.append(f"{name} has too many values")
    if parameter["type"] == "integer" and not 1 <= int(value) <= parameter.get("maximum", 100):
        found.append(f"{name} is out of range")
    if parameter.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        found.append(f"{name} has no zone")
    return found


def _json(request: httpx.Request) -> Any:
    return httpx.Response(200, content=request.content).json()


def test_every_request_of_the_gateway_is_one_amazon_knows(
    amazon: ScriptedAmazon, models: dict[str, Model]
) -> None:
    call_everything(amazon, models)

    api = [request for request in amazon.requests if str(request.url).startswith(ENDPOINT)]
    taken = [str(entry[1]) for entry in amazon.quotas.of("take")]
    called = [operation for operation in taken if operation in MODEL_OF]
    assert len(api) == len(called)
    assert set(called) == set(MODEL_OF)
    for operation, request in zip(called, api, strict=True):
        assert complaints(models, operation, request) == [], operation


def test_the_judge_notices_what_amazon_does_not_know(models: dict[str, Model]) -> None:
    def judged(path: str, method: str = "GET", **more: Any) -> list[str]:
        request = httpx.Request(method, ENDPOINT + path, **more)
        return complaints(models, "searchOrders" if method == "GET" else "createReport", request)

    search = "/orders/2026-01-01/orders"
    assert judged(f"{search}?lastUpdatedAfter=2026-11-23T10:00:00Z") == []
    assert judged("/orders/v0/orders") == ["GET /orders/v0/orders is not get " + search]
    assert judged(f"{search}?MarketplaceIds=X") == ["MarketplaceIds is no parameter"]
    assert judged(f"{search}?includedData=BUYER,SHOE_SIZE") == ["includedData cannot be SHOE_SIZE"]
    assert judged(f"{search}?maxResultsPerPage=101") == ["maxResultsPerPage is out of range"]
    body = {"reportType": "X", "marketplaceIds": [GERMANY]}
    create = "/reports/2021-06-30/reports"
    assert judged(create, "POST", json=body) == []
    assert judged(create, "POST") == ["no body"]
    assert judged(create, "POST", json=body | {"path": "x"}) != []


def test_the_usage_plans_are_those_of_the_models(models: dict[str, Model]) -> None:
    ours = {
        name: (plan.rate, plan.burst) for name, plan in usage_plans().items() if name in MODEL_OF
    }

    assert ours == {name: usage_plan(models[model], name) for name, model in MODEL_OF.items()}


@pytest.mark.parametrize("operation", MODEL_OF)
def test_what_amazons_sandbox_refuses_is_refused_with_its_code(
    operation: str, amazon: ScriptedAmazon, models: dict[str, Model]
) -> None:
    model = models[MODEL_OF[operation]]
    refused = [case for case in static_sandbox_cases(model, operation) if case.status >= 400]
    assert refused

    for case in refused:
        amazon.will(answer(case.response, case.status))
        with pytest.raises(Refused) as caught:
            amazon.calls.send(seller(), operation, OrderOperations(ENDPOINT).get_order("1"))
        assert caught.value.code == case.response["errors"][0]["code"]
        assert caught.value.status == case.status
