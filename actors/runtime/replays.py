"""A quarantined message goes back to its stage, as if it had never failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import dramatiq

from domain.errors import Malformed

_SPENT = ("attempts", "first_failed_at", "eta", "due_at")
"""Options of earlier attempts: with them the first new failure would end the message at once, and
its time in the quarantine would count as a wait for a worker."""


class Kept(Protocol):
    """A quarantined message (``store.quarantine.Quarantined``)."""

    @property
    def id(self) -> str:
        """Its id in the quarantine."""
        ...

    @property
    def stage(self) -> str:
        """The stage, and thereby the queue, it failed in."""
        ...

    @property
    def message(self) -> dict[str, Any]:
        """The message's fields, or ``{"body_base64": …}`` when it is not one of ours."""
        ...


def republish(
    broker: dramatiq.Broker, kept: Kept, mark_retried: Callable[[str], object]
) -> dramatiq.Message[Any]:
    """Give a quarantined message to its stage again, as if it had never failed.

    It keeps its message id and flow, its time is new; ``options.replays`` counts how often this
    was done, so that a second failure is a second entry in the quarantine.  It is marked after
    RabbitMQ confirmed: a crash in between repeats a message, which stages stand, and never loses
    one.

    Raises:
        Malformed: it is not one of our messages, it can only be discarded.
        dramatiq.errors.ConnectionClosed: RabbitMQ does not take it; nothing has changed.
    """
    if "body_base64" in kept.message:
        raise Malformed(f"{kept.id} is not one of our messages: it cannot be sent again")
    message = _anew(kept)
    broker.enqueue(message)
    mark_retried(kept.id)
    return message


def _anew(kept: Kept) -> dramatiq.Message[Any]:
    options = {k: v for k, v in kept.message["options"].items() if k not in _SPENT}
    options["replays"] = replays(options) + 1
    args = tuple(kept.message["args"])
    changes = {"queue_name": kept.stage, "args": args, "options": options}
    # Its time is new: only what was published after a decision is a failure not decided about.
    lasting = {k: v for k, v in kept.message.items() if k != "message_timestamp"}
    try:
        message: dramatiq.Message[Any] = dramatiq.Message(**{**lasting, **changes})
        message.encode()
    except (TypeError, ValueError) as exc:
        name = type(exc).__name__
        raise Malformed(f"{kept.id} cannot be sent again: it cannot be written ({name})") from None
    return message


def replays(options: dict[str, Any]) -> int:
    """Return how often a message came back from the quarantine."""
    count = options.get("replays", 0)
    return count if isinstance(count, int) and count > 0 else 0
