"""Queues & feeds: every queue, what became of reports, rows and feeds, what waits in the store."""

from __future__ import annotations

from collections.abc import Collection

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.overview import DEPTH, QUEUES_UID
from grafana.panels import RATE, bars, dashboard_of, lines

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
        width=12,
    ),
    bars(
        "Failed for good, by stage",
        "Messages in the quarantine.",
        "max by (stage) (connector_quarantined_messages)",
        "{{stage}}",
        width=12,
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
        "Oldest waiting",
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
)
FEEDS = (
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
)


def queues(stages: Collection[str]) -> Dashboard:
    """Return the dashboard of what waits, and of what Amazon said."""
    feeds = {"Feeds": FEEDS} if "submit_feed" in stages else {}
    return dashboard_of(
        "Queues & feeds",
        QUEUES_UID,
        "Every queue, what waits in the store, reports and feeds.",
        {
            "Queues of the stages": (*OF_QUEUES, *FAILURES),
            "What waits in the store": WAITING,
            "Reports and events": REPORTS,
            **feeds,
        },
    )
