"""The simulator against Amazon's own models."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from simulator.clock import iso
from simulator.order_view import INCLUDED_DATA
from simulator.routes import ROUTES, Route
from simulator.server import Simulator
from simulator.throttle import default_plans
from simulator.wire import Response
from tests.contract.models import (
    FEEDS,
    ORDERS,
    REPORTS,
    Model,
    SandboxCase,
    body_schema,
    operations,
    response_schema,
    static_sandbox_cases,
    usage_plan,
    violations,
)
from tests.unit.simulator.driver import DE, START, US, Caller, frozen

ROUTE = {route.operation: route for route in ROUTES}


@dataclass
class Judge:
    """Sends calls and holds every answer against the model."""

    caller: Caller
    models: dict[str, Model]
    judged: int = 0

    def model_of(self, route: Route) -> Model:
        return next(m for m in self.models.values() if route.path in m["paths"])

    def send(
        self, operation: str, query: dict[str, Any] | None = None, body: Any = None, **path: str
    ) -> Response:
        route = ROUTE[operation]
        filled = route.path.format(**{name: quote(value) for name, value in path.items()})
        response = self.caller.call(route.method, filled, query, body)
        self.check(route, response)
        return response

    def check(self, route: Route, response: Response) -> None:
        schema = response_schema(self.model_of(route), route.path, route.method, response.status)
        if schema is None:
            assert response.body == b""
        else:
            assert violations(schema, response.json()) == []
        self.judged += 1


@pytest.fixture
def judge(models: dict[str, Model]) -> Iterator[Judge]:
    sim = frozen(orders=75, throttle=False)
    judge = Judge(Caller(sim), models)
    yield judge
    assert judge.judged > 0
    assert sim.state()["unknown_parameters"] == []


def test_every_operation_and_parameter_of_the_simulator_is_amazons(
    models: dict[str, Model],
) -> None:
    theirs = {name: told for model in models.values() for name, told in operations(model).items()}
    for route in ROUTES:
        path, method, operation = theirs[route.operation]
        assert (route.path, route.method.lower()) == (path, method)
        query = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
        assert route.parameters == query


def test_the_usage_plans_are_those_of_the_models(models: dict[str, Model]) -> None:
    ours = {name: (plan.rate, plan.burst) for name, plan in default_plans().items()}
    theirs = {
        name: usage_plan(model, name)
        for model in models.values()
        for name in operations(model)
        if name in ours
    }

    assert ours.keys() == ROUTE.keys()
    assert theirs == ours


def test_the_words_of_the_simulator_are_the_models(models: dict[str, Model]) -> None:
    search = operations(models[ORDERS])["searchOrders"][2]["parameters"]
    included = next(p for p in search if p["name"] == "includedData")["items"]["enum"]

    assert list(INCLUDED_DATA) == included


def test_the_whole_life_of_a_report_fits_the_model(judge: Judge) -> None:
    body = {
        "reportType": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
        "marketplaceIds": [US, DE],
        "dataStartTime": iso(START - timedelta(days=3)),
        "dataEndTime": iso(START),
    }
    assert violations(body_schema(judge.models[REPORTS], "createReport"), body) == []
    report_id = judge.send("createReport", body=body).json()["reportId"]
    for _ in range(4):
        report = judge.send("getReport", reportId=report_id).json()
        judge.caller.sim.advance(10)
    assert report["processingStatus"] == "DONE"

    judge.send("getReportDocument", reportDocumentId=report["reportDocumentId"])
    judge.send("getReports", {"reportTypes": [body["reportType"]], "pageSize": 1})
    other = judge.send("createReport", body=body).json()["reportId"]
    page = judge.send("getReports", {"reportTypes": [body["reportType"]], "pageSize": 1}).json()
    judge.send("getReports", {"nextToken": page["nextToken"]})
    assert judge.send("cancelReport", reportId=other).status == 200


def test_the_whole_life_of_a_feed_fits_the_model(judge: Judge) -> None:
    caller = judge.caller
    caller.sim.put_order(order_id="111-0000000-0000001")
    kind = {"contentType": "text/tab-separated-values; charset=UTF-8"}
    document = judge.send("createFeedDocument", body=kind).json()
    content = (
        b"order-id\tship-date\tcarrier-code\ttracking-number\n"
        b"111-0000000-0000001\t2026-11-23\tUPS\t1\n"
    )
    assert caller.upload(document["url"], kind["contentType"], content).status == 200
    body = {
        "feedType": "POST_FLAT_FILE_FULFILLMENT_DATA",
        "marketplaceIds": [US],
        "inputFeedDocumentId": document["feedDocumentId"],
    }
    assert violations(body_schema(judge.models[FEEDS], "createFeed"), body) == []

    feed_id = judge.send("createFeed", body=body).json()["feedId"]
    for _ in range(5):
        feed = judge.send("getFeed", feedId=feed_id).json()
        caller.sim.advance(15)
    assert feed["processingStatus"] == "DONE"
    judge.send("getFeedDocument", feedDocumentId=feed["resultFeedDocumentId"])
    other = judge.send("createFeed", body=body).json()["feedId"]
    page = judge.send("getFeeds", {"feedTypes": [body["feedType"]], "pageSize": 1}).json()
    judge.send("getFeeds", {"nextToken": page["nextToken"]})
    assert judge.send("cancelFeed", feedId=other).status == 200


def test_every_kind_of_order_fits_the_model(judge: Judge) -> None:
    query = {"createdAfter": iso(START - timedelta(days=7)), "includedData": INCLUDED_DATA}
    first = judge.send("searchOrders", {**query, "maxResultsPerPage": 50}).json()
    token = first["pagination"]["nextToken"]
    rest = judge.send("searchOrders", {**query, "paginationToken": token}).json()
    updated = {"lastUpdatedAfter": query["createdAfter"], "fulfilledBy": "MERCHANT"}
    judge.send("searchOrders", updated)

    orders = first["orders"] + rest["orders"]
    assert len(orders) == 75
    for order in orders[:20]:
        judge.send("getOrder", orderId=order["orderId"])
        judge.send("getOrder", {"includedData": INCLUDED_DATA}, orderId=order["orderId"])


def test_every_refusal_fits_the_model(judge: Judge) -> None:
    sim = judge.caller.sim
    assert judge.send("getReport", reportId="999").status == 404
    assert judge.send("getOrder", orderId="999-0000000-0000000").status == 404
    assert judge.send("searchOrders").status == 400
    sim.add_fault("throttle", operation="searchOrders")
    assert judge.send("searchOrders").status == 429
    sim.add_fault("error_500", operation="createReport")
    assert judge.send("createReport", body={}).status == 500
    sim.advance(3600)
    assert judge.send("getReports").status == 403


SANDBOX = {
    "createReport": REPORTS,
    "getReport": REPORTS,
    "getReports": REPORTS,
    "getReportDocument": REPORTS,
    "cancelReport": REPORTS,
    "searchOrders": ORDERS,
    "getOrder": ORDERS,
    "createFeedDocument": FEEDS,
    "createFeed": FEEDS,
    "getFeed": FEEDS,
    "getFeeds": FEEDS,
    "getFeedDocument": FEEDS,
    "cancelFeed": FEEDS,
}
ACCEPTED = [
    *("createReport", "getReports", "searchOrders", "getOrder"),
    *("createFeedDocument", "createFeed", "getFeeds"),
]


@pytest.mark.parametrize("operation", SANDBOX)
def test_amazons_sandbox_answers_fit_the_schemas_the_simulator_is_held_to(
    operation: str, models: dict[str, Model]
) -> None:
    model = models[SANDBOX[operation]]
    path, method, _ = operations(model)[operation]
    cases = static_sandbox_cases(model, operation)
    assert {case.status for case in cases} >= {400}

    for case in cases:
        schema = response_schema(model, path, method, case.status)
        if schema is not None:
            assert violations(schema, case.response) == []


@pytest.mark.parametrize("operation", sorted(SANDBOX.keys() - {"cancelReport"}))
def test_what_amazons_sandbox_refuses_is_refused(operation: str, judge: Judge) -> None:
    refused = [
        case
        for case in static_sandbox_cases(judge.models[SANDBOX[operation]], operation)
        if case.status == 400 and _complete(case)
    ]
    assert refused

    for case in refused:
        assert replay(judge, case).status == 400


@pytest.mark.parametrize("operation", ACCEPTED)
def test_what_amazons_sandbox_accepts_is_accepted(operation: str, judge: Judge) -> None:
    accepted = [
        case
        for case in static_sandbox_cases(judge.models[SANDBOX[operation]], operation)
        if case.status < 300 and "paginationToken" not in case.parameters
    ]
    assert accepted

    for case in accepted:
        if "orderId" in case.parameters:
            judge.caller.sim.put_order(order_id=case.parameters["orderId"])
        assert replay(judge, case).status == case.status


def replay(judge: Judge, case: SandboxCase) -> Response:
    """Send a case as it stands in the model."""
    in_path = re.findall(r"\{(\w+)\}", ROUTE[case.operation].path)
    given = dict(case.parameters)
    body = given.pop("body", None)
    if case.status == 202 and case.operation == "createFeed":
        kind = {"contentType": "text/xml; charset=UTF-8"}
        document = judge.send("createFeedDocument", body=kind).json()
        body = {**body, "inputFeedDocumentId": document["feedDocumentId"]}
    path = {name: given.pop(name) for name in in_path}
    return judge.send(case.operation, given, body, **path)


def _complete(case: SandboxCase) -> bool:
    """A case that lacks the very id of its path (cancelReport's does) cannot be sent."""
    in_path = re.findall(r"\{(\w+)\}", ROUTE[case.operation].path)
    return all(name in case.parameters for name in in_path)


def test_the_judge_notices_an_answer_that_is_not_amazons(models: dict[str, Model]) -> None:
    route = ROUTE["getOrder"]
    schema = response_schema(models[ORDERS], route.path, route.method, 200)
    assert schema is not None
    sim: Simulator = frozen()
    sim.put_order(order_id="111-0000000-0000001")
    order = Caller(sim).order("111-0000000-0000001")
    assert violations(schema, {"order": order}) == []

    assert violations(schema, {"payload": {"order": order}})
    assert violations(schema, {"order": {**order, "createdTime": "yesterday"}})
    assert violations(schema, {"order": {**order, "orderStatus": "Unshipped"}})
    assert violations(schema, {"order": {k: v for k, v in order.items() if k != "orderItems"}})
