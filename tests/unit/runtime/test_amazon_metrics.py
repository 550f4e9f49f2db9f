from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.runtime.amazon_metrics import KNOWN_CODES
from actors.runtime.metrics import Metrics
from config.carriers import carriers
from domain.feed_results import FeedVerdict, RowResult
from domain.feeds import FULFILLMENT, Feed, FeedState
from domain.ledger import ChunkEntry, RowOutcome, RowVerdict, SkipReason
from domain.messages import RejectedRow, ReportKind
from domain.reports import Report, ReportState
from domain.shipment_outcomes import RowOutcome as Verdict
from domain.shipments import Issue
from tests.fakes.clock import START
from tests.fakes.shipping_values import entry

REPORT = Report(
    report_id="r1",
    account="demo",
    kind=ReportKind.ORDERS,
    marketplace="ATVPDKIKX0DER",
    state=ReportState.READY,
    source="amazon",
    data_start=START,
    data_end=START,
    flow_id="f1",
    flow_started_at=START,
    chunk_rows=400,
    requested_at=START,
)
FEED = Feed(
    feed_id="f1",
    account="demo",
    feed_type=FULFILLMENT,
    marketplaces=("ATVPDKIKX0DER",),
    state=FeedState.DONE,
    content_type="text",
    content_hash="c0ffee",
    content_bytes=1,
    rows=40,
    flow_id="f1",
    flow_started_at=START,
    submitted_at=START,
    processed_at=START + timedelta(minutes=7),
    processing_status="DONE",
)
OF_FEED = {"feed_type": "fulfillment"}
LATE_ERROR = Issue("18028", is_error=True, message="a tracking number is missing")
ODD_WARNING = Issue("a text of Amazon's", is_error=False, message="odd")
OF_FILE = Issue("90012", is_error=True, message="a field is missing")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"connector_{name}", labels)


def shown(metrics: Metrics, name: str) -> dict[str, float]:
    """The series of a counter that are above zero, by their last label."""
    return {
        list(sample.labels.values())[-1]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == f"connector_{name}" and sample.value
    }


def test_a_report_is_counted_in_each_state_and_timed_when_it_is_ready() -> None:
    metrics = Metrics()

    for state in (ReportState.REQUESTED, ReportState.READY, ReportState.PARSED):
        metrics.reports.moved(REPORT, state, START + timedelta(minutes=4))
    metrics.reports.moved(REPORT, ReportState.CANCELLED, START + timedelta(hours=4))

    assert shown(metrics, "reports_total") == {"requested": 1.0, "ready": 1.0, "cancelled": 1.0}
    assert value(metrics, "report_turnaround_seconds_sum", kind="orders") == 240.0
    assert value(metrics, "report_turnaround_seconds_count", kind="orders") == 1.0


def test_a_file_from_disk_is_no_report_of_amazon() -> None:
    metrics = Metrics()

    metrics.reports.moved(replace(REPORT, source="file"), ReportState.COMPLETE, START)

    assert shown(metrics, "reports_total") == {}


def test_rows_are_counted_by_how_they_ended() -> None:
    metrics = Metrics()
    rejected = RejectedRow(row=4, column="quantity", reason="no number")

    metrics.reports.recorded(
        ChunkEntry(
            account="demo",
            report_id="r1",
            chunk=0,
            verdicts=(
                RowVerdict(row=2, order_id="701-1", outcome=RowOutcome.CREATED),
                RowVerdict(
                    row=3,
                    order_id="701-2",
                    outcome=RowOutcome.SKIPPED,
                    reason=SkipReason.UNKNOWN_STATUS,
                ),
            ),
            rejected=(rejected,),
        )
    )

    assert shown(metrics, "order_lines_total") == {"created": 1.0, "skipped": 1.0, "rejected": 1.0}
    assert value(metrics, "order_lines_total", outcome="unchanged") == 0.0


def test_a_feed_is_counted_with_its_rows_and_timed_by_its_verdict() -> None:
    metrics = Metrics()

    for state in (FeedState.PREPARED, FeedState.SUBMITTED, FeedState.DONE):
        metrics.feeds.moved(FEED, state)

    assert shown(metrics, "feeds_total") == {"prepared": 1.0, "submitted": 1.0, "done": 1.0}
    assert value(metrics, "feed_batch_rows_sum", **OF_FEED) == 40.0
    assert value(metrics, "feed_turnaround_seconds_sum", **OF_FEED) == 420.0
    assert value(metrics, "feed_turnaround_seconds_count", **OF_FEED) == 1.0


_NOT_AS_USUAL: list[tuple[dict[str, Any], FeedState, dict[str, float]]] = [
    ({"dry": True}, FeedState.PREPARED, {}),
    ({"processing_status": "FATAL"}, FeedState.LATE, {"fatal": 1.0}),
    ({"processed_at": None}, FeedState.RELEASED, {"released": 1.0}),
    ({}, FeedState.UPLOADED, {}),
]


@pytest.mark.parametrize(("facts", "state", "events"), _NOT_AS_USUAL)
def test_a_late_verdict_is_one_and_a_feed_that_is_only_shown_is_none(
    facts: dict[str, Any], state: FeedState, events: dict[str, float]
) -> None:
    metrics = Metrics()

    metrics.feeds.moved(replace(FEED, **facts), state)

    assert shown(metrics, "feeds_total") == events


def test_rows_are_counted_by_amazons_verdict_and_its_codes_by_name_if_known() -> None:
    metrics = Metrics()
    rows = (
        RowResult(1, Verdict.ACCEPTED, (ODD_WARNING,)),
        RowResult(2, Verdict.REJECTED, (LATE_ERROR,)),
        RowResult(3, Verdict.UNVERIFIED),
    )

    metrics.feeds.judged(FEED, FeedVerdict(rows, 3, 1))

    assert shown(metrics, "feed_rows_total") == {
        "accepted": 1.0,
        "rejected": 1.0,
        "unverified": 1.0,
    }
    codes = {"severity": "error", "code": "18028"}
    assert value(metrics, "feed_errors_total", **OF_FEED, **codes) == 1.0
    others = {"severity": "warning", "code": "other"}
    assert value(metrics, "feed_errors_total", **OF_FEED, **others) == 1.0
    assert sum(shown(metrics, "feed_errors_total").values()) == 2.0


def test_what_is_said_of_the_file_counts_once_though_every_row_repeats_it() -> None:
    metrics = Metrics()
    rows = tuple(RowResult(n, Verdict.REJECTED, (OF_FILE,)) for n in range(1, 4))

    metrics.feeds.judged(FEED, FeedVerdict(rows, 3, 0, (OF_FILE,)))

    assert shown(metrics, "feed_errors_total") == {"90012": 1.0}
    assert shown(metrics, "feed_rows_total") == {"rejected": 3.0}


def test_every_code_begins_at_zero_so_that_a_first_error_is_an_increase() -> None:
    metrics = Metrics()

    for code in (*KNOWN_CODES, "other"):
        labels = {**OF_FEED, "severity": "error", "code": code}
        assert value(metrics, "feed_errors_total", **labels) == 0.0
    assert value(metrics, "feeds_total", **OF_FEED, event="fatal") == 0.0
    assert value(metrics, "reports_total", kind="orders", event="requested") == 0.0


_CARRIERS = [("ups", "UPS"), ("Federal Express", "FedEx"), ("Aunt Mary", "Other"), ("", "Other")]


@pytest.mark.parametrize(("entered", "code"), _CARRIERS)
def test_entries_are_counted_by_the_carriers_code_at_amazon(entered: str, code: str) -> None:
    metrics = Metrics(carriers())

    metrics.shipments.entered(entry(carrier=entered))

    assert shown(metrics, "tracking_entries_total") == {code: 1.0}
