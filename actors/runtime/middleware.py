"""What watches every message: metrics and the log's context.  Watching only, never settling.

How a delivery ended is decided inside the stage's runner, where failures have their policy; so the
policy tells it here (``settled``) and nothing is guessed from exceptions.  A worker thread works on
one message at a time, and everything about that message happens on its thread.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import dramatiq
import structlog
from dramatiq.middleware import Middleware

from actors.runtime.metrics import Outcome, StageMetrics
from actors.runtime.retry_policy import Requeue, attempts_spent

DUE_AT = "due_at"
"""Option of a message: since when it could have been worked on, in ms of the epoch.  ``eta`` is
dropped on the way from the delay queue, and the message's own time is that of its first publish;
measured from either, a planned delay would look like a queue."""

LONGEST_FLOW_ID = 100
"""Prometheus takes 128 characters for an exemplar, names of its labels included."""

log = structlog.get_logger(__name__)


class StageWatch(Middleware):
    """Counts and times every delivery of every stage."""

    def __init__(self, metrics: StageMetrics) -> None:
        self._metrics = metrics
        self._here = threading.local()

    def settled(self, outcome: Outcome) -> None:
        """The failure policy decided about the message of this thread."""
        self._here.outcome = outcome

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Begin every series of the stages this worker serves at zero."""
        chosen = worker.consumer_whitelist
        stages = [stage for stage in broker.actors if not chosen or stage in chosen]
        self._metrics.begin_at_zero(stages)

    def before_enqueue(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002  the signature is Dramatiq's
        message: dramatiq.Message[Any],
        delay: int | None,
    ) -> None:
        """Note when the message is due; the hop from its delay queue leaves that as it was."""
        now_ms = time.time_ns() // 1_000_000
        if delay is not None:
            message.options[DUE_AT] = now_ms + delay
        else:
            message.options.setdefault(DUE_AT, now_ms)

    def before_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002
        message: dramatiq.MessageProxy,
    ) -> None:
        """Begin with a delivery."""
        stage = message.actor_name
        self._metrics.wait.labels(stage).observe(waited_s(message, time.time()))
        self._metrics.in_progress.labels(stage).inc()
        self._here.outcome, self._here.began = Outcome.DONE, time.perf_counter()

    def after_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,  # noqa: ARG002
        exception: BaseException | None = None,
    ) -> None:
        """End a delivery as the failure policy said, or as an exception past it tells."""
        if exception is not None:
            returned = isinstance(exception, Requeue)
            self.settled(Outcome.RETURNED if returned else Outcome.REJECTED)
        self._end(message)

    def after_skip_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002
        message: dramatiq.MessageProxy,
    ) -> None:
        """End a delivery that was not worked on."""
        self.settled(Outcome.SKIPPED)
        self._end(message)

    def _end(self, message: dramatiq.MessageProxy) -> None:
        stage, outcome = message.actor_name, self._here.outcome
        began = self._here.__dict__.pop("began", None)
        if began is not None:
            seconds = time.perf_counter() - began
            self._metrics.in_progress.labels(stage).dec()
            self._metrics.duration.labels(stage).observe(seconds, _exemplar(message))
            log.info("stage_ended", outcome=outcome.value, seconds=round(seconds, 3))
        self._metrics.messages.labels(stage, outcome.value).inc()
        if outcome is Outcome.RETRIED:
            self._metrics.retries.labels(stage).inc()
        if outcome is Outcome.REJECTED:
            self._metrics.dead_letters.labels(stage).inc()


class LogContext(Middleware):
    """Says in every log line which message it is about.  The one place where that is bound."""

    def before_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002
        message: dramatiq.MessageProxy,
    ) -> None:
        """Bind what is known of the message; ids only."""
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            stage=message.actor_name,
            flow_id=message.options.get("flow_id", ""),
            account=message.options.get("account", ""),
            message_id=message.message_id,
            attempt=attempts_spent(message.options) + 1,
        )

    def after_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002
        message: dramatiq.MessageProxy,  # noqa: ARG002
        *,
        result: Any = None,  # noqa: ARG002
        exception: BaseException | None = None,  # noqa: ARG002
    ) -> None:
        """Forget the message."""
        structlog.contextvars.clear_contextvars()

    after_skip_message = after_process_message


def _exemplar(message: dramatiq.MessageProxy) -> dict[str, str] | None:
    """Return the way from a slow delivery to its lines in the log; what is odd is left out."""
    flow_id = message.options.get("flow_id")
    if isinstance(flow_id, str) and 0 < len(flow_id) <= LONGEST_FLOW_ID:
        return {"flow_id": flow_id}
    return None


def waited_s(message: dramatiq.MessageProxy, now_s: float) -> float:
    """Return how long a message has been due; a foreign or skewed time counts as not at all."""
    due_ms = message.options.get(DUE_AT, message.message_timestamp)
    if isinstance(due_ms, bool) or not isinstance(due_ms, int | float):
        return 0.0
    return max(0.0, now_s - due_ms / 1000)
