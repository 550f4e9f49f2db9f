"""What Amazon will never give is let go of, and the lane of its marketplace is free again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from domain.errors import ConnectorError, Forbidden, Malformed, Refused
from domain.reports import AmazonReport, ReportState
from tests.fakes.amazon import MemoryAmazon, MemoryDocument
from tests.fakes.clock import START
from tests.fakes.swept_world import ORDERS, SweptWorld

HOURS = 3
FIRST = "amazon-1"

NOT_FOUND = Refused("the call", code="NotFound", status=404)
ANOTHER_APPLICATIONS = Forbidden("the call", "403 Unauthorized", retry_after_s=900.0)
NO_TEXT = Malformed("not a report: UTF-16 or not text at all")


class DenyingAmazon(MemoryAmazon):
    """Denies the first report it was asked for, or its document, and gives the ones after it."""

    denial: ConnectorError
    denies_document = False

    def status(self, account: str, amazon_report_id: str) -> AmazonReport:
        if amazon_report_id == FIRST and not self.denies_document:
            raise self.denial
        return super().status(account, amazon_report_id)

    @contextmanager
    def open_document(self, account: str, document_id: str) -> Iterator[MemoryDocument]:
        if len(self.asked) == 1:
            raise self.denial
        with super().open_document(account, document_id) as document:
            yield document


def hours_of_ticks_and_sweeps(denial: ConnectorError, *, denies_document: bool) -> SweptWorld:
    world = SweptWorld(amazon_class=DenyingAmazon)
    assert isinstance(world.amazon, DenyingAmazon)
    world.amazon.denial, world.amazon.denies_document = denial, denies_document
    slot = 0
    while world.clock.now() < START + timedelta(hours=HOURS):
        slot += 1
        world.import_report(f"slot {slot}")
        world.sweep_for_minutes(30)
    return world


@pytest.mark.parametrize("denies_document", [False, True], ids=["report", "document"])
@pytest.mark.parametrize(
    ("denial", "state", "reason"),
    [
        (NOT_FOUND, ReportState.FATAL, "Amazon denies it: the call was refused: 404 NotFound"),
        (
            ANOTHER_APPLICATIONS,
            ReportState.ABANDONED,
            "denied for 2:00:00: the call is suspended: 403 Unauthorized",
        ),
    ],
    ids=["not found", "of another application"],
)
def test_a_denied_report_is_closed_with_its_reason_and_a_later_one_brings_the_orders(
    denial: ConnectorError, state: ReportState, reason: str, *, denies_document: bool
) -> None:
    world = hours_of_ticks_and_sweeps(denial, denies_document=denies_document)

    first, second, *_ = world.reports.all.values()
    assert (first.state, first.reason) == (state, reason)
    assert second.state is ReportState.COMPLETE
    assert len(world.orders.all) == ORDERS
    assert world.quarantine.kept == []


def test_a_document_that_is_no_text_is_refused_and_a_later_one_brings_the_orders() -> None:
    world = hours_of_ticks_and_sweeps(NO_TEXT, denies_document=True)

    first, second, *_ = world.reports.all.values()
    assert (first.state, first.reason) == (ReportState.REFUSED, str(NO_TEXT))
    assert second.state is ReportState.COMPLETE
    assert world.quarantine.kept == []
