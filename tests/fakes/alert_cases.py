"""When each alert is to fire: what is seen, from when it must be quiet, from when it must fire.

``seen`` are series in promtool's notation, a sample a minute, minute 0 being the epoch.  ``quiet``
is the last minute before the alert, ``fires`` the first one with it.  ``harmless`` are series that
stand at the very threshold: with them it must never fire.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Series = dict[str, str]
ACCOUNT = 'account="alpha"'


@dataclass(frozen=True)
class Case:
    """One alert: what makes it fire and what does not."""

    alert: str
    seen: Series
    quiet: int
    fires: int
    harmless: Series = field(default_factory=dict)


def state(name: str, labels: str, values: str) -> Series:
    """Return one series of the exporter."""
    return {f"connector_{name}{{{labels}}}": values}


def steady(alert: str, name: str, labels: str, threshold: float, *, minutes: int) -> Case:
    """Return the case of a gauge above its threshold from minute 10 on, for ``minutes``."""
    return Case(
        alert,
        seen=state(name, labels, f"{threshold}x9 {threshold + 1}x600"),
        quiet=10 + minutes - 1,
        fires=10 + minutes,
        harmless=state(name, labels, f"{threshold}x600"),
    )


def waiting(alert: str, kind: str, threshold_s: int, *, minutes: int = 5) -> Case:
    """Return the case of something that waits too long."""
    labels = f'kind="{kind}",{ACCOUNT}'
    return steady(alert, "oldest_pending_age_seconds", labels, threshold_s, minutes=minutes)


HOUR = 60
JOB = f'job_name="order_report",{ACCOUNT}'
SLOT = "connector_job_last_slot_timestamp_seconds"
READY = 'rabbitmq_detailed_queue_messages_ready{queue="poll_report",kind="main"}'
CONSUMERS = 'rabbitmq_detailed_queue_consumers{queue="poll_report",kind="main"}'
INLET_CONSUMERS = 'rabbitmq_detailed_queue_consumers{queue="amazon.in.tracking",kind="main"}'
INLET_MESSAGES = 'rabbitmq_detailed_queue_messages{queue="amazon.in.tracking",kind="main"}'
REQUESTS = "connector_amazon_requests_total"
WAIT = "connector_stage_queue_wait_seconds_bucket"
TOKENS = f'{ACCOUNT},operation="getReport"'

CASES = (
    Case(
        "OrdersNotImported",
        state("job_last_success_timestamp_seconds", JOB, "0x600"),
        quiet=6 * HOUR + 5,
        fires=6 * HOUR + 6,
        # An import every six hours is as slow as may be.
        harmless=state("job_last_success_timestamp_seconds", JOB, "0x359 21600x359"),
    ),
    Case(
        # No import has ever succeeded: the time counts from the first slot.
        "OrdersNotImported",
        state("job_first_slot_timestamp_seconds", JOB, "0x600"),
        quiet=6 * HOUR + 5,
        fires=6 * HOUR + 6,
    ),
    waiting("TrackingNotSent", "tracking_unsent", 7200),
    waiting("TrackingWaiting", "tracking_waiting", 21_600),
    waiting("TrackingNotRecorded", "tracking_unrecorded", 1800),
    waiting("TrackingNotTakenIn", "tracking_untaken", 1800),
    steady("ShipBySoon", "orders_ship_by_soon", ACCOUNT, 0, minutes=5),
    steady("ReportIncomplete", "last_report_incomplete", f'{ACCOUNT},kind="orders"', 0, minutes=0),
    steady("ReportStuck", "overdue_items", 'kind="report"', 0, minutes=5),
    waiting("ImportAbandoned", "file_import", 86_400, minutes=15),
    steady("OrdersNotRead", "overdue_items", 'kind="pass"', 0, minutes=5),
    steady("OrdersNotRead", "overdue_items", 'kind="readings"', 0, minutes=5),
    steady("UnknownStatus", "unknown_status_orders", ACCOUNT, 0, minutes=0),
    steady("RoleMissing", "orders_missing_role", ACCOUNT, 0, minutes=10),
    waiting("BuyerDataOverdue", "buyer_overdue", 172_800),
    waiting("OutboxStuck", "outbox", 1800),
    steady("FeedFatal", "last_feed_refused", f'{ACCOUNT},feed_type="fulfillment"', 0, minutes=0),
    waiting("FeedStuck", "feed", 7200),
    waiting("FeedStuck", "feed_unsent", 7200),
    waiting("FeedStuck", "feed_unnoted", 7200),
    waiting("FeedStuck", "feed_unapplied", 7200),
    steady("FeedLaneHeld", "feeds_held", f'{ACCOUNT},feed_type="fulfillment"', 0, minutes=0),
    steady("RowsRejected", "refused_shipments", f'{ACCOUNT},code="other"', 0, minutes=0),
    steady("ShipmentsNotApplied", "shipments", f'{ACCOUNT},outbound="not_applied"', 0, minutes=0),
    steady("TokenRefused", "suspended", f'{ACCOUNT},operation="*"', 0, minutes=0),
    steady("AccountSuspended", "suspended", f'{ACCOUNT},operation="*"', 0, minutes=60),
    steady("OperationSuspended", "suspended", f'{ACCOUNT},operation="getReport"', 0, minutes=20),
    Case(
        "QuotaExhausted",
        {
            f"connector_quota_tokens{{{TOKENS}}}": "10x9 0.9x600",
            f"connector_quota_burst_tokens{{{TOKENS}}}": "10x600",
        },
        quiet=10 + 14 + 5,
        fires=10 + 15 + 5,
        harmless={
            f"connector_quota_tokens{{{TOKENS}}}": "1x600",
            f"connector_quota_burst_tokens{{{TOKENS}}}": "10x600",
        },
    ),
    Case(
        "AmazonThrottling",
        {
            f'{REQUESTS}{{operation="getReport",status_class="2xx"}}': "0+47x600",
            f'{REQUESTS}{{operation="getReport",status_class="429"}}': "0+3x600",
        },
        quiet=15,
        fires=16,
        harmless={
            f'{REQUESTS}{{operation="getReport",status_class="2xx"}}': "0+96x600",
            f'{REQUESTS}{{operation="getReport",status_class="429"}}': "0+4x600",
        },
    ),
    Case(
        "DeadLetters",
        {'rabbitmq_detailed_queue_messages{queue="poll_report",kind="XQ"}': "0x9 1x600"},
        quiet=24,
        fires=25,
        harmless={
            'rabbitmq_detailed_queue_messages{queue="poll_report",kind="XQ"}': "0x600",
            'rabbitmq_detailed_queue_messages{queue="poll_report",kind="main"}': "9x600",
        },
    ),
    steady("FailedForGood", "quarantined_messages", 'stage="poll_report"', 0, minutes=0),
    Case(
        "QueueHasNoConsumers",
        {READY: "0x9 1x600", CONSUMERS: "0x600"},
        quiet=14,
        fires=15,
        harmless={READY: "9x600", CONSUMERS: "1x600"},
    ),
    Case(
        "StageWithoutWorkers",
        {CONSUMERS: "1x9 0x600"},
        quiet=24,
        fires=25,
        harmless={CONSUMERS: "1x600"},
    ),
    Case(
        # The bridge's queue is deleted; RabbitMQ answers, with those of the stages.
        "InletMissing",
        {
            INLET_CONSUMERS: "1x9 stale",
            CONSUMERS: "1x600",
            'up{job="rabbitmq-queues",instance="a"}': "1x600",
            'up{job="rabbitmq-queues",instance="b"}': "0x600",
        },
        quiet=14,
        fires=15,
        # Nobody consumes: another alert says so.
        harmless={INLET_CONSUMERS: "0x600", 'up{job="rabbitmq-queues"}': "1x600"},
    ),
    Case(
        # It was never there.
        "InletMissing",
        {'up{job="rabbitmq-queues"}': "1x600"},
        quiet=4,
        fires=5,
        # Nothing is known of any queue.
        harmless={'up{job="rabbitmq-queues"}': "0x600", 'up{job="rabbitmq"}': "1x600"},
    ),
    Case(
        "InletStuck",
        {INLET_MESSAGES: "0x9 1x600"},
        quiet=39,
        fires=40,
        harmless={
            INLET_MESSAGES: "9x25 0 9x25 0 9x25 0 9x25",
            'rabbitmq_detailed_queue_messages{queue="poll_report",kind="main"}': "9x600",
        },
    ),
    Case(
        "StageQueueWaitHigh",
        {
            f'{WAIT}{{stage="poll_report",le="900.0"}}': "0+94x600",
            f'{WAIT}{{stage="poll_report",le="1800.0"}}': "0+100x600",
            f'{WAIT}{{stage="poll_report",le="+Inf"}}': "0+100x600",
        },
        quiet=10,
        fires=11,
        harmless={
            f'{WAIT}{{stage="poll_report",le="900.0"}}': "0+95x600",
            f'{WAIT}{{stage="poll_report",le="1800.0"}}': "0+100x600",
            f'{WAIT}{{stage="poll_report",le="+Inf"}}': "0+100x600",
        },
    ),
    Case(
        "SchedulerBehind",
        {
            f"{SLOT}{{{JOB}}}": "0x600",
            f"connector_job_cadence_seconds{{{JOB}}}": "1800x600",
        },
        quiet=60 + 5 + 5,
        fires=60 + 5 + 6,
        harmless={
            f"{SLOT}{{{JOB}}}": "0x64 3900x64 7800x64",
            f"connector_job_cadence_seconds{{{JOB}}}": "1800x600",
        },
    ),
    Case(
        "ProcessDown",
        {'up{job="connector-worker",service="poll_report",instance="a"}': "1x9 0x600"},
        quiet=14,
        fires=15,
        harmless={'up{job="connector-worker",service="poll_report",instance="a"}': "1x600"},
    ),
    Case(
        "ServiceMissing",
        {
            **state("service_expected", 'service="bridge"', "1x600"),
            # Another service is there, and so is this one, elsewhere.
            'up{job="connector-process",service="outbox"}': "1x600",
            'up{job="others",service="bridge"}': "1x600",
        },
        quiet=14,
        fires=15,
        harmless={
            **state("service_expected", 'service="bridge"', "1x600"),
            'up{job="connector-process",service="bridge",instance="a"}': "0x600",
            'up{job="connector-process",service="bridge",instance="b"}': "1x600",
        },
    ),
    Case(
        # All processes of it are down.
        "ServiceMissing",
        {
            **state("service_expected", 'service="bridge"', "1x600"),
            'up{job="connector-process",service="bridge"}': "1x9 0x600",
        },
        quiet=24,
        fires=25,
        harmless={
            # One worker of all stages serves them under another name.
            **state("service_expected", 'service="poll_report"', "1x600"),
            'connector_stage_inprogress_messages{service="worker",stage="poll_report"}': "0x600",
        },
    ),
    Case(
        "StateUnknown",
        {"connector_state_collect_success": "1x9 0x600"},
        quiet=19,
        fires=20,
        harmless={"connector_state_collect_success": "1x600"},
    ),
    Case("StateUnknown", {"up": "1x600"}, quiet=9, fires=10),
    Case(
        "RabbitMQDown",
        {'up{job="rabbitmq"}': "1x9 0x600"},
        quiet=11,
        fires=12,
        harmless={'up{job="rabbitmq"}': "1x600"},
    ),
    Case("RabbitMQDown", {"up": "1x600"}, quiet=1, fires=2),
    Case(
        "RabbitMQAlarm",
        {"rabbitmq_alarms_memory_used_watermark": "0x9 1x600"},
        quiet=9,
        fires=10,
        harmless={"rabbitmq_alarms_free_disk_space_watermark": "0x600"},
    ),
    Case("Watchdog", {"up": "1x9"}, quiet=-1, fires=0),
)
