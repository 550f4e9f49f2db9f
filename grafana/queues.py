"""Queues & feeds: every queue, what became of reports, rows and feeds, what waits in the store."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.overview import DEPTH, QUEUES_UID
from grafana.panels import RATE, bars, dashboard_of, lines, quantile

FEED_ROWS = "connector_feed_rows_total"
LONG = "[6h]"
"""Reports and feeds come twice an hour: a shorter window is mostly empty."""
KINDS = (
    ("Ready", "Not yet handed to a worker.", f'{DEPTH}_ready{{kind="main"}}'),
    ("In hand", "Handed to workers: worked on, or ahead.", f'{DEPTH}_unacked{{kind="main"}}'),
    (
        "Consumers",
        "Workers at each queue.  0: nobody works it off.",
        'rabbitmq_detailed_queue_consumers{kind="main"}',
    ),
    ("Dead letters", "Waiting for the sweeper.", f'{DEPTH}{{kind="XQ"}}'),
)
OF_QUEUES = tuple(
    lines(title, meaning, "short", (f"sum by (queue) ({series})", "{{queue}}"), width=6)
    for title, meaning, series in KINDS
)
FAILURES = (
    lines(
        "Retries per second",
        "Failed attempts that will be made again.",
        "ops",
        (f"sum by (stage) (rate(connector_stage_retries_total{RATE}))", "{{stage}}"),
        width=6,
    ),
    bars(
        "Failed for good, by stage",
        "Messages in the quarantine.",
        "max by (stage) (connector_quarantined_messages)",
        "{{stage}}",
        width=6,
    ),
)
WAITING = (
    lines(
        "Waiting",
        "By kind; each kind's oldest is beside it.",
        "short",
        ("sum by (kind) (connector_pending_items)", "{{kind}}"),
    ),
    lines(
        "Oldest waiting, by kind",
        "How long the oldest of each kind waits.",
        "s",
        ("max by (kind) (connector_oldest_pending_age_seconds)", "{{kind}}"),
    ),
    lines(
        "Standing still",
        "What the sweepers announced again and again without effect.",
        "short",
        ("max by (kind) (connector_overdue_items)", "{{kind}}"),
    ),
)
REPORTS = (
    bars(
        "Reports of 24 hours, by state",
        "Open ones, and those closed in the last 24 hours.",
        "sum by (state) (connector_reports)",
        "{{state}}",
        width=6,
    ),
    lines(
        "Newest report took",
        "From asking for it to its end.",
        "s",
        ("max by (account) (connector_last_report_seconds)", "{{account}}"),
        width=6,
    ),
    bars(
        "Rows of 24 hours, by outcome",
        "Every row of every report ends as exactly one of these.",
        "sum by (outcome) (connector_report_rows)",
        "{{outcome}}",
        width=6,
    ),
    lines(
        "Tracking entries and rejected events of 24 hours",
        "What other systems sent.",
        "short",
        ("sum(connector_tracking_entries)", "tracking entries"),
        ("max(connector_rejected_events)", "rejected events"),
        width=6,
    ),
    lines(
        "Reports per hour, by event",
        "Asked for, ready, and how they ended.",
        "short",
        ("sum by (event) (increase(connector_reports_total[1h]))", "{{event}}"),
    ),
    lines(
        "Amazon made a report in",
        "From taking the request to a document that can be read, over six hours.",
        "s",
        (quantile(0.5, "connector_report_turnaround_seconds", over=LONG), "p50"),
        (quantile(0.95, "connector_report_turnaround_seconds", over=LONG), "p95"),
    ),
    lines(
        "Rows per hour, by outcome",
        "Of reports and files, as they were imported.",
        "short",
        ("sum by (outcome) (increase(connector_order_lines_total[1h]))", "{{outcome}}"),
    ),
)
TRACKING = (
    bars(
        "Tracking entries of 24 hours, by carrier",
        "By the carrier's code at Amazon; Other: Amazon does not list it.",
        "sum by (carrier) (increase(connector_tracking_entries_total[24h])) > 0",
        "{{carrier}}",
        width=6,
    ),
    bars(
        "Packages on their way",
        "Orders with packages that wait, are due, in a feed, refused, or to be done by hand.",
        "sum by (outbound) (connector_shipments)",
        "{{outbound}}",
        width=6,
    ),
    bars(
        "Refused packages, by Amazon's code",
        "They go again when corrected.  Rare and odd codes are counted as other.",
        "sum by (code) (connector_refused_shipments)",
        "{{code}}",
        width=6,
    ),
    lines(
        "Rows in a feed",
        "The mean of the feeds prepared in six hours.",
        "short",
        (
            (
                f"sum by (feed_type) (rate(connector_feed_batch_rows_sum{LONG}))"
                f" / sum by (feed_type) (rate(connector_feed_batch_rows_count{LONG}))"
            ),
            "{{feed_type}}",
        ),
        width=6,
    ),
)
FEEDS = (
    bars(
        "Feeds of 24 hours, by state",
        "Open ones, and those closed in the last 24 hours.",
        "sum by (feed_type, state) (connector_feeds)",
        "{{feed_type}} {{state}}",
        width=6,
    ),
    lines(
        "Newest feed took",
        "From its submission to Amazon's verdict.",
        "s",
        ("max by (feed_type) (connector_last_feed_seconds)", "{{feed_type}}"),
        width=6,
    ),
    lines(
        "Feeds per hour, by event",
        "Prepared, submitted, and how they ended.",
        "short",
        (
            "sum by (feed_type, event) (increase(connector_feeds_total[1h]))",
            "{{feed_type}} {{event}}",
        ),
        width=6,
    ),
    lines(
        "Amazon judged a feed in",
        "From its submission to Amazon's verdict, over six hours.",
        "s",
        (quantile(0.5, "connector_feed_turnaround_seconds", over=LONG), "p50"),
        (quantile(0.95, "connector_feed_turnaround_seconds", over=LONG), "p95"),
        width=6,
    ),
    lines(
        "Rows rejected",
        "Share of the rows judged in six hours.  Dashed: one in a hundred.",
        "percentunit",
        (
            (
                f'sum by (feed_type) (rate({FEED_ROWS}{{outcome="rejected"}}{LONG}))'
                f' / sum by (feed_type) (rate({FEED_ROWS}{{outcome=~"accepted|rejected"}}{LONG}))'
            ),
            "{{feed_type}}",
        ),
        width=6,
        limit=0.01,
    ),
    lines(
        "Rows per hour, by verdict",
        "unverified: Amazon's verdict says nothing of them; reading the orders settles them.",
        "short",
        (f"sum by (outcome) (increase({FEED_ROWS}[1h]))", "{{outcome}}"),
        width=6,
    ),
    bars(
        "Errors and warnings of 24 hours, by Amazon's code",
        "What Amazon said against rows and files.  Codes that are not known are counted as other.",
        "sum by (severity, code) (increase(connector_feed_errors_total[24h])) > 0",
        "{{severity}} {{code}}",
        width=6,
    ),
)


def _oldest(owed: Mapping[str, str]) -> timeseries.Panel:
    """Return since when each stage owes something, as the store knows it.

    RabbitMQ knows the age of a message only for queues that are no quorum queues.
    """
    age = "connector_oldest_pending_age_seconds"
    return lines(
        "Oldest owed, by stage",
        "How long the oldest thing waits that a stage has to do; 0 when nothing does.",
        "s",
        *((f'max({age}{{kind="{kind}"}})', stage) for stage, kind in owed.items() if kind),
        width=12,
    )


def queues(owed: Mapping[str, str]) -> Dashboard:
    """Return the dashboard of what waits, and of what Amazon said; ``owed`` by each stage."""
    feeds = {"Tracking": TRACKING, "Feeds": FEEDS} if "submit_feed" in owed else {}
    return dashboard_of(
        "Queues & feeds",
        QUEUES_UID,
        "Every queue, what waits in the store, reports and feeds.",
        {
            "Queues of the stages": (*OF_QUEUES, _oldest(owed), *FAILURES),
            "What waits in the store": WAITING,
            "Reports and events": REPORTS,
            **feeds,
        },
    )
