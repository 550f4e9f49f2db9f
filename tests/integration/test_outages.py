"""Two hours of trouble at Amazon: nothing is lost, nothing is quarantined, work resumes by itself.

Everything is real but time and the broker: the stages, the retry policy, the gateways and their
presigned documents, the quotas in the store, the simulated Amazon.  All clocks jump together; the
store's cannot, so the times it is compared with do (``tests.fakes.passing_time``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from domain.feeds import FeedState
from domain.orders import EnrichmentState
from domain.reports import ReportState
from domain.shipments import Outbound
from store.report_documents import ReportDocument
from store.tables import collection_of
from tests.fakes.mongo import mongodb_url
from tests.fakes.passing_time import at, let_the_store_age
from tests.fakes.rabbitmq_node import free_ports
from tests.fakes.tracking_system import NUMBER, TrackingSystem, tracking_system

OUTAGE = timedelta(hours=2)
RESUMED_WITHIN = timedelta(minutes=45)
"""A quarter of an hour until the next probe, and what was to be done."""
ORDERS_IN = ("createReport", "getReport", "getReportDocument", "document", "searchOrders")
FEEDS_OUT = ("createFeedDocument", "upload", "createFeed", "getFeed", "getFeedDocument", "document")
QUICK = ("getReport", "createFeedDocument", "getFeed")
"""Called so often that two hours of 429 are thousands of calls: the others show the same."""


def troubles(operations: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return each operation with what may befall it."""
    kinds = ("error_503_html", "drop_before_effect", "throttle")
    pairs = [(operation, kind) for operation in operations for kind in kinds]
    return [pair for pair in pairs if pair not in {(each, "throttle") for each in QUICK}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with mongodb_url() as found:
        yield found


@pytest.fixture
def system(url: str) -> Iterator[TrackingSystem]:
    [port] = free_ports(1)
    with tracking_system(url, port=port) as ready:
        let_the_store_age(ready)
        yield ready


def trouble(system: TrackingSystem, kind: str, **where: str) -> None:
    """Let Amazon be in trouble from now on, for two hours."""
    system.amazon.add_fault(kind, until_s=OUTAGE.total_seconds(), **where)


def nobody_listens(system: TrackingSystem) -> None:
    """Let every connection to Amazon, its documents and its login be refused for two hours."""
    system.amazon.stop()
    at(system, system.clock.now() + OUTAGE, system.amazon.start)


def token_revoked(system: TrackingSystem) -> None:
    trouble(system, "revoke_token")


def login_down(system: TrackingSystem) -> None:
    """Let no access token be had, and the one there is be no longer good."""
    system.clock.advance(3600)
    trouble(system, "error_503_html", operation="token")


def expect_orders_came_in(system: TrackingSystem, *order_ids: str) -> None:
    """Expect every order, read in full, from one report asked for once."""
    known = [system.known(each) for each in order_ids]
    assert [order.enrichment for order in known] == [EnrichmentState.COMPLETE] * len(known)
    reports = list(collection_of(system.app.store.database, ReportDocument).find())
    assert [each["state"] for each in reports] == [ReportState.COMPLETE.value]


def expect_tracking_went_out(system: TrackingSystem, order_id: str) -> None:
    """Expect one feed, at Amazon once, and its verdict on the package."""
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
    [feed] = system.feeds()
    assert feed.state is FeedState.APPLIED
    assert [row[6] for row in system.rows(feed)] == [NUMBER]
    assert len(system.amazon.seller().feeds) == 1


@pytest.mark.parametrize(("operation", "kind"), troubles(ORDERS_IN))
def test_orders_come_in_after_two_hours_without_one_operation(
    system: TrackingSystem, operation: str, kind: str
) -> None:
    orders = [system.order(n) for n in (1, 2, 3)]
    began = system.clock.now()
    trouble(system, kind, operation=operation)

    system.import_orders()

    assert OUTAGE <= system.clock.now() - began < OUTAGE + RESUMED_WITHIN
    expect_orders_came_in(system, *orders)


@pytest.mark.parametrize(("operation", "kind"), troubles(FEEDS_OUT))
def test_tracking_goes_out_after_two_hours_without_one_operation(
    system: TrackingSystem, operation: str, kind: str
) -> None:
    order_id = system.order(1)
    system.import_orders()
    system.enter(order_id, ("BP-100", 2))
    began = system.clock.now()
    trouble(system, kind, operation=operation)

    system.send()

    assert OUTAGE <= system.clock.now() - began < OUTAGE + RESUMED_WITHIN
    expect_tracking_went_out(system, order_id)


@pytest.mark.parametrize("befalls", [nobody_listens, token_revoked, login_down])
def test_orders_come_in_after_two_hours_without_amazon(
    system: TrackingSystem, befalls: Callable[[TrackingSystem], None]
) -> None:
    orders = [system.order(n) for n in (1, 2, 3)]
    befalls(system)
    began = system.clock.now()

    system.import_orders()

    assert OUTAGE <= system.clock.now() - began < OUTAGE + RESUMED_WITHIN
    expect_orders_came_in(system, *orders)


@pytest.mark.parametrize("befalls", [nobody_listens, token_revoked, login_down])
def test_tracking_goes_out_after_two_hours_without_amazon(
    system: TrackingSystem, befalls: Callable[[TrackingSystem], None]
) -> None:
    order_id = system.order(1)
    system.import_orders()
    system.enter(order_id, ("BP-100", 2))
    befalls(system)
    began = system.clock.now()

    system.send()

    assert OUTAGE <= system.clock.now() - began < OUTAGE + RESUMED_WITHIN
    expect_tracking_went_out(system, order_id)
