"""Reading a message's body: what is not exactly one of our envelopes is refused with a reason.

Dramatiq's own decoder lets a foreign message through that later kills a worker thread (another
queue's name, ``options.throws`` of the wrong type), restarts a consumer for ever (``options`` null)
or quietly changes meaning (``args`` an object).  Here every field is checked before anything
else looks at it.
"""

from __future__ import annotations

import math
import time
from typing import Any

from dramatiq import Message
from dramatiq.common import q_name
from pydantic_core import from_json

from domain.errors import Malformed

_FIELDS: dict[str, type] = {
    "queue_name": str,
    "actor_name": str,
    "args": list,
    "kwargs": dict,
    "options": dict,
    "message_id": str,
    "message_timestamp": int,
}
_DRAMATIQ_OPTIONS = frozenset(
    {
        "broker_priority", "delay", "group_completion_callbacks", "group_completion_uuid",
        "max_age", "max_backoff", "max_retries", "min_backoff", "notify_shutdown", "on_failure",
        "on_retry_exhausted", "on_success", "pipe_ignore", "pipe_target", "redis_message_id",
        "requeue_timestamp", "result_ttl", "retries", "retry_when", "store_results", "throws",
        "time_limit", "traceback",
    }
)  # fmt: skip
"""Options that steer Dramatiq 2.2 itself.  No message of ours carries them; a foreign one could
kill a thread (``throws``), break a publish (``broker_priority``) or call another actor."""
_LONGEST_DELAY_MS = 600_000
_LONGEST_ID = 200


def read_envelope(body: bytes, queue_name: str) -> Message[Any]:
    """Return the message in ``body``, which arrived on ``queue_name`` (main or ``.DQ``).

    Raises:
        Malformed: it is not one of our envelopes; the text names the field, never its value.
    """
    fields = _object(body)
    for name, kind in _FIELDS.items():
        value = fields.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Malformed(f"{name} is not {'there' if name not in fields else kind.__name__}")
    if q_name(fields["queue_name"]) != q_name(queue_name):
        raise Malformed("queue_name is another queue's")
    if not 0 < len(fields["message_id"]) <= _LONGEST_ID:
        raise Malformed("message_id is empty or too long")
    options = _tamed(fields["options"], delayed=queue_name.endswith(".DQ"))
    return Message(
        **{**fields, "queue_name": queue_name, "args": tuple(fields["args"]), "options": options}
    )


def _object(body: bytes) -> dict[str, Any]:
    """Parse strictly.  Pydantic's parser bounds nesting (200) and the length of numbers."""
    try:
        fields = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise Malformed("not JSON") from None
    if not isinstance(fields, dict):
        raise Malformed("not a JSON object")
    if not fields.keys() <= _FIELDS.keys():
        raise Malformed("it has fields an envelope does not have")
    return fields


def _tamed(options: dict[str, Any], *, delayed: bool) -> dict[str, Any]:
    """Drop what steers Dramatiq; a delay counts only on the delay queue and is bounded."""
    kept = {k: v for k, v in options.items() if k != "eta" and k not in _DRAMATIQ_OPTIONS}
    if delayed:
        kept["eta"] = _eta_ms(options.get("eta"), now_ms=time.time_ns() // 1_000_000)
    return kept


def _eta_ms(eta: object, *, now_ms: int) -> int:
    if isinstance(eta, bool) or not isinstance(eta, int | float) or not math.isfinite(eta):
        return now_ms
    return min(int(eta), now_ms + _LONGEST_DELAY_MS)
