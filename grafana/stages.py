"""Stage: one stage in depth, and every stage of the flow on a panel of its own."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import Dashboard, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableRefresh, VariableSort

from grafana.overview import MESSAGES, STAGE_UID
from grafana.panels import RATE, SOURCE, buckets, dashboard_of, lines, quantile

CHOSEN = '{stage=~"$stage"}'
WAIT = quantile(0.95, "connector_stage_queue_wait_seconds", "stage", of=CHOSEN)
OF_CHOSEN = (
    lines(
        "Deliveries per second, by outcome",
        "done, waiting (too early), retried, quarantined, returned, rejected, skipped.",
        "ops",
        (f"sum by (stage, outcome) (rate({MESSAGES}{CHOSEN}{RATE}))", "{{stage}} {{outcome}}"),
        width=6,
        stacked=True,
    ),
    lines(
        "In progress",
        "Deliveries worked on now, all workers together.",
        "short",
        (f"sum by (stage) (connector_stage_inprogress_messages{CHOSEN})", "{{stage}}"),
        width=6,
    ),
    lines(
        "Wait for a worker, p95",
        "From when a message was due to when the stage began with it.",
        "s",
        (WAIT, "{{stage}}"),
        width=6,
    ),
    lines(
        "Dead-lettered per hour",
        "Deliveries rejected past the failure handling.",
        "short",
        (
            f"sum by (stage) (increase(connector_stage_dead_letters_total{CHOSEN}[1h]))",
            "{{stage}}",
        ),
        width=6,
    ),
    lines(
        "Processes",
        "Worker processes that serve the stage: how far it is scaled.",
        "short",
        (f"count by (stage) (connector_stage_inprogress_messages{CHOSEN})", "{{stage}}"),
        width=6,
    ),
    buckets(
        "Work on one message",
        "How long deliveries took, over time.",
        f"sum by (le) (increase(connector_stage_duration_seconds_bucket{CHOSEN}{RATE}))",
        width=18,
    ),
)


def stages(summaries: Mapping[str, str]) -> Dashboard:
    """Return the drill-down; ``summaries`` says what each stage does."""
    each = [
        lines(
            stage,
            summary,
            "ops",
            (f'sum by (outcome) (rate({MESSAGES}{{stage="{stage}"}}{RATE}))', "{{outcome}}"),
            width=6,
        )
        for stage, summary in summaries.items()
    ]
    found = dashboard_of(
        "Stage",
        STAGE_UID,
        "One stage in depth; opened from the overview.",
        {"The chosen stages": OF_CHOSEN, "Every stage, in the order of the flow": each},
    )
    choice = QueryVariable("stage").label("Stage").datasource(SOURCE)
    choice.query(f"label_values({MESSAGES}, stage)").multi(True).include_all(True)
    choice.all_value(".+").sort(VariableSort.ALPHABETICAL_ASC)
    return found.with_variable(choice.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED))
