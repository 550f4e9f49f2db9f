"""Overview: is it doing its job?  The promises first, then stages, queues, Amazon, workers."""

from __future__ import annotations

from collections.abc import Collection

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import (
    FINE,
    HOUR_S,
    ORANGE,
    RATE,
    RED,
    dashboard_of,
    lines,
    linked,
    number,
    quantile,
    rows,
)

UID = "amzc-overview"
STAGE_UID = "amzc-stage"
QUEUES_UID = "amzc-queues"
STAGE_LINK = "&var-stage=${__field.labels.stage}"


MESSAGES = "connector_stage_messages_total"
FAILED = f'sum by (stage) (rate({MESSAGES}{{outcome=~"retried|quarantined|rejected"}}{RATE}))'
REQUESTS = f"rate(connector_amazon_requests_total{RATE})"
DEPTH = "rabbitmq_detailed_queue_messages"
IMPORT_AGE = "connector_order_import_age_seconds"
ENRICH_AGE = "connector_order_enrich_age_seconds"
ACCEPTANCE_AGE = "connector_tracking_acceptance_age_seconds"
OURS = '{job=~"connector-.+"}'

PROMISES = (
    number(
        "Since the last order import",
        "The account furthest behind.  Staff are told to call after 6 hours.",
        'max(time() - connector_job_last_success_timestamp_seconds{job_name="order_report"})',
        "s",
        FINE,
        (4 * HOUR_S, ORANGE),
        (6 * HOUR_S, RED),
    ),
    number(
        "Oldest tracking not sent",
        "The oldest tracking entry that Amazon has not got.  The promise is 2 hours.",
        'max(connector_oldest_pending_age_seconds{kind=~"tracking_.+"})',
        "s",
        FINE,
        (HOUR_S, ORANGE),
        (2 * HOUR_S, RED),
    ),
    number(
        "To ship within 12 hours",
        "New orders due to be shipped soon, or late, that Amazon has no shipment of.",
        "sum(connector_orders_ship_by_soon)",
        "short",
        FINE,
        (1, ORANGE),
    ),
    number(
        "Reports not imported whole",
        "Marketplaces whose newest report was incomplete, refused, fatal or abandoned.",
        "sum(connector_last_report_incomplete)",
        "short",
        FINE,
        (1, RED),
    ),
    number(
        "Suspended",
        "Accounts and operations that are not called until a probe succeeds.",
        "sum(connector_suspended)",
        "short",
        FINE,
        (1, RED),
    ),
    number(
        "Failed for good",
        "Messages in the quarantine; `python -m cli failed list` shows them.",
        'max(connector_pending_items{kind="quarantine"})',
        "short",
        FINE,
        (1, RED),
    ),
)
OF_FEEDS = (
    number(
        "Feeds refused",
        "Lanes whose newest feed Amazon ended as FATAL or CANCELLED; its rows were not sent.",
        "sum(connector_last_feed_refused)",
        "short",
        FINE,
        (1, RED),
    ),
    number(
        "Lanes held",
        "Lanes of feeds that stand still until a person releases the feed.",
        "sum(connector_feeds_held)",
        "short",
        FINE,
        (1, RED),
    ),
)
ALERTS = rows(
    "Firing alerts",
    "From Prometheus' own series; one row of 0 when nothing fires.",
    "sum by (alertname, severity, account, stage, queue) "
    '(ALERTS{alertstate="firing", severity!="none"}) or vector(0)',
)
ORDERS = (
    lines(
        "Age of orders at import",
        "From purchase on Amazon to the order here.  Dashed: the promise of 6 hours.",
        "s",
        (quantile(0.5, IMPORT_AGE), "p50"),
        (quantile(0.99, IMPORT_AGE), "p99"),
        limit=6 * HOUR_S,
    ),
    lines(
        "From import to buyer and address",
        "From the order's creation here to its first reading from the Orders API.",
        "s",
        (quantile(0.5, ENRICH_AGE), "p50"),
        (quantile(0.99, ENRICH_AGE), "p99"),
    ),
    lines(
        "Orders per hour",
        "What became true of orders; recovered is part of imported.",
        "short",
        ("sum by (event) (increase(connector_orders_total[1h]))", "{{event}}"),
    ),
)
TRACKING = (
    lines(
        "From tracking entered to Amazon's acceptance",
        "A package's first acceptance.  Dashed: 4 hours, Amazon's time at the feed included.",
        "s",
        (quantile(0.5, ACCEPTANCE_AGE), "p50"),
        (quantile(0.99, ACCEPTANCE_AGE), "p99"),
        width=12,
        limit=4 * HOUR_S,
    ),
    lines(
        "Packages per hour",
        "Recorded here, accepted and rejected by Amazon.",
        "short",
        ("sum by (event) (increase(connector_shipments_total[1h]))", "{{event}}"),
        width=12,
    ),
)
STAGES = (
    linked(
        lines(
            "Messages per second",
            "Deliveries handled by each stage, however they ended.",
            "ops",
            (f"sum by (stage) (rate({MESSAGES}{RATE}))", "{{stage}}"),
            stacked=True,
        ),
        "This stage",
        STAGE_UID,
        STAGE_LINK,
    ),
    linked(
        lines(
            "Failures",
            "Share of deliveries that failed.  Waiting for Amazon is no failure.",
            "percentunit",
            (f"{FAILED} / sum by (stage) (rate({MESSAGES}{RATE}))", "{{stage}}"),
        ),
        "This stage",
        STAGE_UID,
        STAGE_LINK,
    ),
    linked(
        lines(
            "Work on one message, p95",
            "Time a stage worked on one delivery.",
            "s",
            (quantile(0.95, "connector_stage_duration_seconds", "stage"), "{{stage}}"),
        ),
        "This stage",
        STAGE_UID,
        STAGE_LINK,
    ),
)
QUEUES = (
    linked(
        lines(
            "Depth",
            "Ready and in hand.  Workers take messages ahead, so ready alone tells too little.",
            "short",
            (f'sum by (queue) ({DEPTH}{{kind="main"}})', "{{queue}}"),
            stacked=True,
        ),
        "Queues",
        QUEUES_UID,
    ),
    lines(
        "Waiting for their time",
        "Polls, retries and what was put back, in the delay queues.",
        "short",
        (f'sum by (queue) ({DEPTH}{{kind="DQ"}})', "{{queue}}"),
        stacked=True,
    ),
    lines(
        "Wait for a worker, p95",
        "From when a message was due to when a stage began with it.  High: scale the stage.",
        "s",
        (quantile(0.95, "connector_stage_queue_wait_seconds", "stage"), "{{stage}}"),
    ),
)
AMAZON = (
    lines(
        "Requests per second",
        "By operation and class of the answer; 429: asked too often, none: no answer.",
        "reqps",
        (
            f"sum by (operation, status_class) ({REQUESTS})",
            "{{operation}} {{status_class}}",
        ),
    ),
    lines(
        "Quota left",
        "Calls free now of those free at most, the account with the least.  0: calls wait.",
        "percentunit",
        (
            "min by (operation) (connector_quota_tokens / connector_quota_burst_tokens)",
            "{{operation}}",
        ),
    ),
    lines(
        "Time to an answer, p95",
        "By operation.",
        "s",
        (
            quantile(0.95, "connector_amazon_request_duration_seconds", "operation"),
            "{{operation}}",
        ),
    ),
)
PROCESSES = (
    lines(
        "Up",
        "Processes that answer Prometheus, by service.",
        "short",
        (f"sum by (service) (up{OURS})", "{{service}}"),
    ),
    lines(
        "Processor",
        "Cores in use, by service.",
        "short",
        (f"sum by (service) (rate(process_cpu_seconds_total{OURS}{RATE}))", "{{service}}"),
    ),
    lines(
        "Memory",
        "Resident memory of the largest process of each service.",
        "bytes",
        (f"max by (service) (process_resident_memory_bytes{OURS})", "{{service}}"),
    ),
)


def overview(stages: Collection[str]) -> Dashboard:
    """Return the dashboard people look at first."""
    sends = "submit_feed" in stages
    feeds, tracking = (OF_FEEDS, {"Tracking": TRACKING}) if sends else ((), {})
    return dashboard_of(
        "Overview",
        UID,
        "Is it doing its job?  The promises first, then how the work goes.",
        {
            "Is it doing its job?": (*PROMISES, *feeds, ALERTS),
            "Orders": ORDERS,
            **tracking,
            "Stages": STAGES,
            "Queues": QUEUES,
            "Amazon": AMAZON,
            "Processes": PROCESSES,
        },
    )
