from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from actors.runtime.scheduler import SchedulerPorts
from cli.failing import Stop
from cli.schedule import matching
from domain.schedule import Job, JobKind


def ports() -> SchedulerPorts:
    every = timedelta(minutes=30)
    slots: Any = None
    jobs = (
        Job(JobKind.ORDER_REPORT, every, "east", "ATVPDKIKX0DER"),
        Job(JobKind.ORDER_REPORT, every, "eastern", "A1VC38T7YXB528"),
        Job(JobKind.SWEEPERS, every),
    )
    return SchedulerPorts(
        slots=slots, publish=lambda _: None, jobs=jobs, chores={}, unheard=(JobKind.INVENTORY_SYNC,)
    )


def test_a_job_is_meant_by_its_name_or_by_the_beginning_of_it() -> None:
    east, eastern = "order_report/east/ATVPDKIKX0DER", "order_report/eastern/A1VC38T7YXB528"

    assert matching(ports(), "sweepers") == ["sweepers"]
    assert matching(ports(), east) == [east]
    assert matching(ports(), "order_report") == [east, eastern]
    assert matching(ports(), "order_report/") == [east, eastern]
    assert matching(ports(), "order_report/east") == [east]


def test_an_unknown_job_is_told_which_ones_there_are() -> None:
    with pytest.raises(Stop, match="use one of order_report, sweepers"):
        matching(ports(), "order")


def test_a_job_whose_stage_is_not_there_yet_is_told_as_such() -> None:
    with pytest.raises(Stop, match="inventory_sync/east' is scheduled: this version has no stage"):
        matching(ports(), "inventory_sync/east")
