"""The log: one JSON object a line on stderr, without buyer data, tokens or signed addresses.

What a line is about (``flow_id``, ``stage``, ``account``, ``message_id``) comes from structlog's
context variables, which the runtime binds around each message.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"

PRIVATE_PARTS = (
    "address",
    "authorization",
    "body",
    "buyer",
    "cookie",
    "email",
    "headers",
    "password",
    "payload",
    "phone",
    "recipient",
    "secret",
    "token",
)
"""A key that has one of these in it may hold a person's data or a credential."""

PRIVATE_KEYS = frozenset(
    {"city", "first_name", "last_name", "name", "postal_code", "purchase_order_number", "street"}
)
"""Keys that say so only as a whole."""

PRIVATE_TEXTS = (
    (re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+"), r"\1?[hidden]"),  # Signed addresses.
    (re.compile(r"(\w+://[^\s:/@\"']+):[^\s/@\"']+@"), r"\1:[hidden]@"),  # Passwords in addresses.
    (re.compile(r"\bAtz[a-z]\|[^\s\"',}]+"), HIDDEN),  # Amazon's tokens.
    (re.compile(r"\bamzn1\.oa2-cs\.[^\s\"',}]+"), HIDDEN),  # Amazon's client secrets.
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), HIDDEN),  # E-mail addresses.
)

QUIET_LOGGERS = frozenset({"httpcore", "httpx", "pika", "pymongo", "sp_api", "urllib3"})
"""They print signed addresses, tokens or every reconnect at INFO or DEBUG."""


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of this process, ours and the libraries', to ``stream`` as JSON.

    Args:
        level: the least severity that is logged, e.g. ``INFO``.
        stream: stderr when left out; stdout stays for results.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        hide_private,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(shared))
    handler.addFilter(is_fit_to_print)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def is_fit_to_print(record: logging.LogRecord) -> bool:
    """Return whether a line may be logged: talkative libraries only from WARNING on.

    Levels of their loggers would not do: one of them sets its own level when it is imported.
    """
    return record.levelno >= logging.WARNING or record.name.split(".")[0] not in QUIET_LOGGERS


def hide_private(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide what may be a person's data or a credential: by its key, and by how it looks."""
    return {key: _hidden(key, value) for key, value in event.items()}


def _formatter(shared: list[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )


def _hidden(key: str, value: object) -> object:
    word = key.lower()
    if word.startswith("_"):  # structlog's own; never printed.
        return value
    if word in PRIVATE_KEYS or any(part in word for part in PRIVATE_PARTS):
        return HIDDEN
    return _searched(value)


def _searched(value: object) -> object:
    if isinstance(value, str):
        for pattern, instead in PRIVATE_TEXTS:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, Mapping):
        return {str(key): _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_searched(inner) for inner in value]
    return value if value is None or isinstance(value, int | float) else _searched(str(value))
