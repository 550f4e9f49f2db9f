"""What is kept of a message that cannot succeed: how it is named, cut and read back.

What is shown of an error: the class of any error, and the text of our own errors only, which
promise to hold no buyer data.  The text of foreign errors (pydantic quotes its input, drivers
quote documents) is left out.  Tracebacks are frames and source lines, without values.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import bson

from domain.errors import ConnectorError

_TEXT_LIMIT = 2_000
TRACEBACK_LIMIT = 20_000
_PLAIN_LIMIT_BYTES = 500_000
_PACKED_LIMIT_BYTES = 12_000_000
_NAME_LIMIT = 200
_FAR_AWAY_MS = 253_370_764_800_000
"""The year 9999."""
_TELLING = re.compile(r"(?<![^\s@])[^\s@]+@[^\s@]+|(?<=\?)\S+|Atz[ar]\|\S+")
"""E-mail addresses, the query of a (signed) URL, Amazon's tokens: cut out even of our own texts.

An address begins where a word does: looked for at every letter, a word of megabytes (an error may
quote a foreign message) would take hours.
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a message, before it was announced anew and failed again."""

    state: str
    settled_at: datetime
    settled_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A kept message and what became of it."""

    id: str
    stage: str
    error_class: str
    error: str
    traceback: str | None
    flow_id: str
    account: str
    attempts: int
    kind: str
    """``transient``, ``permanent`` or ``defect``."""
    source: str
    """``stage``, or ``dead_letter`` when RabbitMQ itself gave up on it."""
    kept_at: datetime
    died_at: datetime | None
    message: dict[str, Any]
    """The message's fields; ``{"body_base64": …}`` when it is not one of our messages."""
    state: str
    settled_at: datetime | None
    settled_by: str | None
    reason: str | None
    decisions: tuple[Decision, ...] = ()
    """Earlier ones, the oldest first."""


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one stage that failed in the same way."""

    stage: str
    error_class: str
    count: int
    first_kept_at: datetime
    last_kept_at: datetime


def safe_text(error: BaseException) -> str:
    """Return what may be shown of an error's text: ours, without what looks personal or secret."""
    if not isinstance(error, ConnectorError):
        return ""
    return _TELLING.sub("…", str(error))[:_TEXT_LIMIT].encode(errors="replace").decode()


def short_name(text: str) -> str:
    """Return a name as a document can hold it; a foreign message may call its flow anything."""
    return text[:_NAME_LIMIT].encode(errors="replace").decode()


def key_of(message: Mapping[str, Any], stage: str, died_at: datetime | None) -> str:
    """Return a digest of what makes a message itself: its content and how often it came back.

    Not its attempts: every delivery of a message is one entry.  Two foreign bodies that are alike
    are told apart by when they died.
    """
    identity: list[Any] = [stage]
    if "body_base64" in message:
        identity += [message, str(died_at)]
    else:
        replays = message["options"].get("replays", 0)
        identity += [message["message_id"], message["args"], message["kwargs"], replays]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def published_at(message: Mapping[str, Any]) -> datetime | None:
    """Return when a message of ours was first published; its delays, retries and replays keep it.

    A foreign one may claim any time: what no datetime can hold is long ago, or far away.
    """
    if "body_base64" in message:
        return None
    claimed_ms = min(max(message["message_timestamp"], 0), _FAR_AWAY_MS)
    return datetime.fromtimestamp(claimed_ms / 1000, UTC)


def packed(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message as JSON text: MongoDB has limits on keys, nesting and numbers, text none.

    A large one is compressed.  Only a foreign message can be too large even then (our own are
    below one megabyte); its beginning, size and digest are kept.
    """
    text = json.dumps(message, separators=(",", ":"))
    if len(text) <= _PLAIN_LIMIT_BYTES:
        return {"body": text}
    packed = gzip.compress(text.encode(), mtime=0)
    if len(packed) <= _PACKED_LIMIT_BYTES:
        return {"body_gzip": bson.Binary(packed)}
    digest = hashlib.sha256(text.encode()).hexdigest()
    cut = {"body_base64": "", "beginning": text[:1000], "size_bytes": len(text), "sha256": digest}
    return {"body": json.dumps(cut)}


def entry_from(row: Mapping[str, Any]) -> Quarantined:
    """Read an entry, of this version or an older one."""
    text = gzip.decompress(row["body_gzip"]) if "body_gzip" in row else row["body"]
    same = ("stage", "error_class", "error", "traceback", "flow_id", "account", "attempts")
    return Quarantined(
        **{name: row[name] for name in (*same, "kind", "source", "state")},
        id=row["_id"],
        kept_at=utc(row["kept_at"]),
        died_at=utc(row["died_at"]) if row["died_at"] else None,
        message=json.loads(text),
        settled_at=utc(row["settled_at"]) if row.get("settled_at") else None,
        settled_by=row.get("settled_by"),
        reason=row.get("reason"),
        decisions=tuple(map(_decision_from, row.get("decisions", ()))),
    )


def _decision_from(row: Mapping[str, Any]) -> Decision:
    return Decision(row["state"], utc(row["settled_at"]), row["settled_by"], row["reason"])


def utc(at: datetime) -> datetime:
    """MongoDB stores UTC; a client without ``tz_aware`` returns it without its zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
