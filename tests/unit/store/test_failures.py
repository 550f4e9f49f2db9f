"""What MongoDB's failures mean to us; none of them ever quotes a document."""

from __future__ import annotations

import inspect

import pytest
from bson.errors import InvalidDocument
from mongoengine.errors import ValidationError
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from domain.errors import Permanent, Unavailable
from store import ledger, order_views, orders, passes, quotas, report_views, reports
from store.failures import StoreDefect, translated

SECRET = "Buyer 17"


def told(exc: Exception) -> Exception:
    @translated
    def fails() -> None:
        raise exc

    try:
        fails()
    except Exception as error:  # noqa: BLE001  which one is the question
        return error
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    "exc",
    [
        AutoReconnect("127.0.0.1:1: refused"),
        NetworkTimeout("127.0.0.1:1: timed out"),
        ServerSelectionTimeoutError("no servers"),
        ExecutionTimeout("operation exceeded time limit", 50),
        OperationFailure("not primary", 10107, {"errorLabels": ["RetryableWriteError"]}),
        OperationFailure("write conflict", 112),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_an_outage_is_unavailable(exc: Exception) -> None:
    assert isinstance(told(exc), Unavailable)


def test_an_unreachable_store_is_named_by_its_address_only() -> None:
    text = (
        "127.0.0.1:1: [Errno 111] Connection refused (configured timeouts: connectTimeoutMS: 1ms),"
        " Timeout: 1s, Topology Description: <...>"
    )

    assert str(told(ServerSelectionTimeoutError(text))) == (
        "the store does not answer: 127.0.0.1:1: [Errno 111] Connection refused"
    )


@pytest.mark.parametrize("code", [13, 18])
def test_refused_credentials_are_permanent_and_say_where_to_look(code: int) -> None:
    error = told(OperationFailure("auth failed", code))

    assert isinstance(error, Permanent)
    assert "MONGODB_URL" in str(error)


def test_an_unusable_url_is_permanent_and_not_shown() -> None:
    error = told(ConfigurationError(f"mongodb://user:{SECRET}@host"))

    assert isinstance(error, Permanent)
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    "exc",
    [
        BulkWriteError({"writeErrors": [{"code": 2, "op": {"name": SECRET}}]}),
        OperationFailure(SECRET, 2),
        InvalidDocument(SECRET),
        ValidationError(SECRET),
        OverflowError(SECRET),
        PyMongoError(SECRET),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_everything_else_is_a_defect_that_quotes_nothing(exc: Exception) -> None:
    error = told(exc)

    assert isinstance(error, StoreDefect)
    assert SECRET not in str(error)
    assert error.__suppress_context__


def test_what_is_not_the_databases_stays_as_it_is() -> None:
    assert isinstance(told(ZeroDivisionError()), ZeroDivisionError)


@pytest.mark.parametrize(
    "repository",
    [
        orders.Orders,
        reports.Reports,
        ledger.Ledger,
        passes.Passes,
        quotas.Quotas,
        order_views.OrderViews,
        report_views.ReportViews,
    ],
    ids=lambda cls: cls.__name__,
)
def test_every_public_method_of_a_repository_translates(repository: type) -> None:
    bare = [
        name
        for name, method in inspect.getmembers(repository, inspect.isfunction)
        if not name.startswith("_") and not hasattr(method, "__wrapped__")
    ]

    assert bare == []
