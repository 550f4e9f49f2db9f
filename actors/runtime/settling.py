"""What our brokers do around every message, whatever else is configured.

Dramatiq's ``Retries`` publishes from a hook whose errors are swallowed: when that publish fails,
the message is acked and gone.  So nothing is published from hooks here.  The stage runner retries
by itself (``retry_policy``), and an exception that still gets out of an actor rejects the message:
RabbitMQ moves it to the dead letters without any publish of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dramatiq
from dramatiq.middleware import (
    Callbacks,
    CurrentMessage,
    GroupCallbacks,
    Middleware,
    Pipelines,
    Retries,
    SkipMessage,
    TimeLimit,
)

from actors.runtime.retry_policy import Requeue

_REFUSED = (Callbacks, GroupCallbacks, Pipelines, Retries, TimeLimit)
"""Middleware that loses messages (publishes from hooks) or kills threads (TimeLimit)."""


class Delivery(dramatiq.MessageProxy):
    """A message as one of our consumers handed it out."""

    returned = False
    """Whether the delivery goes back to its queue instead of to the dead letters."""

    @property
    def stale(self) -> bool:
        """Whether the broker has taken the delivery back already."""
        return False


class Settle(Middleware):
    """An exception out of an actor rejects the message, ``Requeue`` returns it; never an ack."""

    def after_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002  the signature is Dramatiq's
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,  # noqa: ARG002
        exception: BaseException | None = None,
    ) -> None:
        """Mark the message before the worker acks or rejects it."""
        if exception is None:
            return
        message.fail()
        if isinstance(message, Delivery) and isinstance(exception, Requeue):
            message.returned = True


class SkipStale(Middleware):
    """Prefetched copies whose channel died are delivered again anyway: do not run them twice."""

    def before_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002
        message: dramatiq.MessageProxy,
    ) -> None:
        """Skip a delivery the broker has taken back."""
        if isinstance(message, Delivery) and message.stale:
            raise SkipMessage("the broker has taken this delivery back")


def with_ours(middleware: Sequence[Middleware]) -> list[Middleware]:
    """Return the middleware of a broker: ours around what was asked for.

    Raises:
        ValueError: one of them is known to lose messages or to kill threads.
    """
    for each in middleware:
        if isinstance(each, _REFUSED):
            raise ValueError(f"{type(each).__name__} loses messages or kills worker threads")  # noqa: TRY004  the type is right, the choice is not
    return [SkipStale(), Settle(), CurrentMessage(), *middleware]
