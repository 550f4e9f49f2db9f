"""What becomes of a message whose stage raised: put back, retried later, or quarantined.

Returning acks the message, so every branch first makes sure that it lives on somewhere else.
When that fails too (no broker, no store), ``Requeue`` gives it back to its queue.
"""

from __future__ import annotations

import random
import traceback as tracebacks
from collections.abc import Callable
from typing import Any, Protocol

import dramatiq
import structlog

from actors.runtime.metrics import Outcome
from actors.runtime.publisher import MAX_DELAY_S
from actors.runtime.retry_policy import (
    Decision,
    PutBack,
    Quarantine,
    Requeue,
    Retry,
    attempts_spent,
    decide,
)

log = structlog.get_logger(__name__)


OUTCOMES: dict[type[Decision], Outcome] = {
    PutBack: Outcome.WAITING,
    Retry: Outcome.RETRIED,
    Quarantine: Outcome.QUARANTINED,
}


class Keep(Protocol):
    """Where messages go that no retry can save."""

    def keep(  # noqa: PLR0913  all of it is shown to whoever decides about the message
        self,
        message: dict[str, Any],
        *,
        stage: str,
        flow_id: str,
        account: str,
        error: BaseException,
        traceback: str | None,
        attempts: int,
        kind: str,
        source: str,
    ) -> None:
        """Keep the message with what is known of its failure; again is harmless."""
        ...


class FailurePolicy:
    """Applies the retry policy to a failed message."""

    def __init__(
        self,
        broker: dramatiq.Broker,
        quarantine: Keep,
        draw: Callable[[], float] = random.random,
        settled: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        """Apply the policy; ``settled`` is told how each message ended, for metrics."""
        self._broker, self._quarantine, self._draw = broker, quarantine, draw
        self._settled = settled

    def settle(self, stage: str, message: dramatiq.Message[Any], exc: Exception) -> None:
        """Give the message a future; returning acks it.

        Raises:
            Requeue: nowhere took it; the broker must keep it in its queue.
        """
        attempts = attempts_spent(message.options)
        fate = decide(exc, attempts, self._draw())
        log.info("stage_failed", stage=stage, error=type(exc).__name__, fate=type(fate).__name__)
        try:
            match fate:
                case PutBack(delay_s):
                    self._again(message, delay_s, attempts)
                case Retry(delay_s):
                    self._again(message, delay_s, attempts + 1)
                case Quarantine(kind):
                    self._keep(stage, message, exc, kind)
        except Exception as trouble:
            raise Requeue(f"{stage}: {type(trouble).__name__} while settling") from trouble
        self._settled(OUTCOMES[type(fate)])

    def _again(self, message: dramatiq.Message[Any], delay_s: float, attempts: int) -> None:
        again = message.copy(queue_name=message.actor_name, options={"attempts": attempts})
        delay_ms = int(min(delay_s, MAX_DELAY_S) * 1000)
        self._broker.enqueue(again, delay=delay_ms or None)

    def _keep(self, stage: str, message: dramatiq.Message[Any], exc: Exception, kind: str) -> None:
        self._quarantine.keep(
            message.asdict(),
            stage=stage,
            flow_id=str(message.options.get("flow_id", "")),
            account=str(message.options.get("account", "")),
            error=exc,
            traceback="".join(tracebacks.format_tb(exc.__traceback__)),
            attempts=attempts_spent(message.options) + 1,
            kind=kind,
            source="stage",
        )
