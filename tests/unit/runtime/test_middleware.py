from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import structlog
from prometheus_client.openmetrics.exposition import generate_latest

from actors.flow import FLOW
from actors.runtime import exposition
from actors.runtime.exposition import EXIT_CODE, Place, show_or_exit
from actors.runtime.failures import FailurePolicy
from actors.runtime.memory_broker import MemoryBroker
from actors.runtime.metrics import Metrics, Outcome
from actors.runtime.middleware import LogContext, StageWatch, waited_s
from actors.runtime.publisher import message_for
from actors.runtime.retry_policy import Requeue
from actors.runtime.stage import Stage, bind, stage
from config.carriers import carriers
from domain.errors import Malformed, NotYet, Unavailable
from domain.messages import RefreshDue
from spapi.plans import usage_plans
from tests.fakes.clock import START
from tests.fakes.quarantine import MemoryQuarantine

SERIES_BUDGET, OF_ALL_STAGES = 600, 1200
"""Of a worker of one stage, as containers run it, and of one that serves every stage."""

Handle = Callable[[], None]


class Watched:
    """A memory broker with one stage, watched as the application watches it."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        watch = StageWatch(self.metrics.stages)
        self.broker = MemoryBroker([LogContext(), watch], first_pause_s=0.02)
        self.failures = FailurePolicy(
            self.broker, MemoryQuarantine(), draw=lambda: 0.0, settled=watch.settled
        )

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"connector_{name}", labels)

    def counts(self) -> dict[str, float]:
        """How the deliveries ended, without what did not happen."""
        ended = {
            each: self.value("stage_messages_total", stage="job", outcome=each.value) or 0.0
            for each in Outcome
        }
        return {each.value: count for each, count in ended.items() if count}

    def handle_one(self, act: Handle, **options: Any) -> None:
        """Let the stage handle one message until a delivery of it ended."""

        def job(_event: RefreshDue) -> Iterator[Any]:
            act()
            yield from ()

        bind(self.broker, [stage(consumes=(RefreshDue,))(job)], object(), self.failures)
        event = RefreshDue.first(key="k", account="alpha", at=START, due_at=START)
        message = message_for("job", event)
        message.options.update(options)
        with working(self.broker):
            self.broker.enqueue(message)
            wait_until(lambda: bool(self.counts()))


@contextmanager
def working(broker: MemoryBroker) -> Iterator[None]:
    worker = dramatiq.Worker(broker, worker_timeout=10, worker_threads=1)
    worker.start()
    try:
        yield
    finally:
        worker.stop(timeout=5_000)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def raising(error: Exception) -> Handle:
    def act() -> None:
        raise error

    return act


def nothing() -> None:
    pass


_ENDS = [
    (nothing, "done"),
    (raising(NotYet("too early", retry_after_s=60)), "waiting"),
    (raising(Unavailable("no answer")), "retried"),
    (raising(KeyError("a defect")), "retried"),
    (raising(Malformed("bad")), "quarantined"),
]


@pytest.mark.parametrize(("act", "outcome"), _ENDS)
def test_a_delivery_is_counted_by_what_the_failure_policy_decided(
    act: Handle, outcome: str
) -> None:
    watched = Watched()

    watched.handle_one(act)

    assert watched.counts() == {outcome: 1.0}
    assert watched.value("stage_retries_total", stage="job") == float(outcome == "retried")
    assert watched.value("stage_duration_seconds_count", stage="job") == 1.0
    assert watched.value("stage_inprogress_messages", stage="job") == 0.0


def test_waiting_is_no_retry_and_no_failure() -> None:
    watched = Watched()

    watched.handle_one(raising(NotYet("too early", retry_after_s=60)))

    assert watched.value("stage_retries_total", stage="job") == 0.0
    assert watched.value("stage_dead_letters_total", stage="job") == 0.0


_PAST_THE_POLICY = [
    # Dead-lettered by RabbitMQ; or given back, since neither broker nor store could take it.
    (SystemError("a defect of the policy"), "rejected", 1.0),
    (Requeue("nowhere took it"), "returned", 0.0),
]


@pytest.mark.parametrize(("error", "outcome", "dead_letters"), _PAST_THE_POLICY)
def test_what_gets_past_the_policy_is_rejected_or_returned(
    error: Exception, outcome: str, dead_letters: float
) -> None:
    watched = Watched()

    def settle(*_: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watched.failures, "settle", settle)
        watched.handle_one(raising(Malformed("bad")))

    assert set(watched.counts()) == {outcome}
    assert watched.value("stage_dead_letters_total", stage="job") == dead_letters


def test_every_log_line_of_a_stage_says_which_message_it_is_about() -> None:
    watched = Watched()
    bound: dict[str, Any] = {}

    watched.handle_one(lambda: bound.update(structlog.contextvars.get_contextvars()), attempts=2)

    assert bound.pop("message_id")
    assert bound.pop("flow_id")
    assert bound == {"stage": "job", "account": "alpha", "attempt": 3}


_FLOWS = [("f-1", ' # {flow_id="f-1"}'), ("x" * 200, ""), ("", ""), (17, "")]


@pytest.mark.parametrize(("flow_id", "exemplar"), _FLOWS)
def test_a_duration_names_its_flow_in_the_log_as_far_as_prometheus_takes_it(
    flow_id: object, exemplar: str
) -> None:
    watched = Watched()

    watched.handle_one(nothing, flow_id=flow_id)

    shown = generate_latest(watched.metrics.registry).decode()  # type: ignore[no-untyped-call]
    assert exemplar in shown
    assert (" # {" in shown) is bool(exemplar)


def message(**options: Any) -> dramatiq.MessageProxy:
    return dramatiq.MessageProxy(
        dramatiq.Message("job", "job", (), {}, options, message_timestamp=50_000)
    )


_WAITS = [
    ({"due_at": 90_000}, 10.0),
    ({"due_at": 200_000}, 0.0),
    ({}, 50.0),
    ({"due_at": "soon"}, 0.0),
    ({"due_at": True}, 0.0),
]


@pytest.mark.parametrize(("options", "seconds"), _WAITS)
def test_a_message_waits_from_when_it_is_due(options: dict[str, Any], seconds: float) -> None:
    assert waited_s(message(**options), now_s=100.0) == seconds


def test_a_planned_delay_is_no_wait() -> None:
    watch, delayed = StageWatch(Metrics().stages), message()._message
    before_ms = time.time_ns() // 1_000_000

    watch.before_enqueue(MemoryBroker(), delayed, 60_000)
    due_at = delayed.options["due_at"]
    watch.before_enqueue(MemoryBroker(), delayed, None)

    assert due_at >= before_ms + 60_000
    assert delayed.options["due_at"] == due_at


def test_a_worker_begins_at_zero_for_the_stages_it_serves_and_for_no_other() -> None:
    metrics = Metrics()
    broker = MemoryBroker([StageWatch(metrics.stages)])
    for name in ("mine", "theirs"):
        dramatiq.actor(broker=broker, actor_name=name, queue_name=name)(nothing)
    worker = dramatiq.Worker(broker, queues={"mine"}, worker_timeout=10, worker_threads=1)
    worker.start()
    worker.stop()

    shown = {
        sample.labels["stage"]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "connector_stage_messages_total"
    }
    assert shown == {"mine": 0.0}


@pytest.mark.parametrize(
    ("stages", "budget"), [(FLOW[:1], SERIES_BUDGET), (FLOW, OF_ALL_STAGES)], ids=["one", "all"]
)
def test_a_worker_that_has_called_everything_stays_within_its_budget_of_series(
    stages: tuple[Stage, ...], budget: int
) -> None:
    metrics = Metrics(carriers())
    metrics.stages.begin_at_zero(each.name for each in stages)
    for operation in usage_plans():
        metrics.amazon.answered(operation, 200, 0.1)

    series = [sample for family in metrics.registry.collect() for sample in family.samples]

    assert 0.5 * budget < len(series) <= budget
    assert not [sample.name for sample in series if sample.name.endswith("_created")]


def test_port_zero_shows_metrics_nowhere() -> None:
    assert show_or_exit(Metrics().registry, Place("127.0.0.1", 0)) is None


def test_a_port_that_is_taken_ends_the_process_with_a_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def taken(*_: object, **__: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(exposition, "start_http_server", taken)

    with pytest.raises(SystemExit) as ended:
        show_or_exit(Metrics().registry, Place("127.0.0.1", 9191))

    assert ended.value.code == EXIT_CODE
    assert capsys.readouterr().err == (
        "cannot show metrics on 127.0.0.1:9191 (Address already in use): "
        "run one process per container, or set METRICS_PORT to a free port or to 0\n"
    )


def test_the_version_shown_is_the_projects() -> None:
    assert exposition.release() in Path("pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("written", "shown"), [("4f2c1d9\n", "4f2c1d9"), ("\n", "unknown")])
def test_the_revision_shown_is_the_images(tmp_path: Path, written: str, shown: str) -> None:
    file = tmp_path / "REVISION"
    assert exposition.revision(file) == "unknown"

    file.write_text(written, encoding="utf-8")

    assert exposition.revision(file) == shown
