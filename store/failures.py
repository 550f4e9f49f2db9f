"""What MongoDB's failures mean to us.

Texts of the driver are not passed on: a bulk write error quotes the documents it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from bson.errors import BSONError
from mongoengine.errors import MongoEngineException, ValidationError
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    CursorNotFound,
    ExecutionTimeout,
    InvalidName,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from domain.errors import Permanent, Unavailable

P = ParamSpec("P")
T = TypeVar("T")

FOREIGN = (PyMongoError, BSONError, MongoEngineException, ValidationError, OverflowError)
"""What the driver and mongoengine raise; the last one for numbers of more than 64 bits."""

_NO_ACCESS = frozenset({13, 18})
"""Unauthorized, AuthenticationFailed.  Source: MongoDB error codes."""

_PASSING = frozenset({6, 7, 43, 50, 63, 89, 91, 112, 133, 134, 150, 189, 262, 317})
"""Codes of outages, elections, time limits and write conflicts.  Source: MongoDB error codes."""

_PASSING_LABELS = ("RetryableWriteError", "TransientTransactionError")


class StoreDefect(RuntimeError):
    """The store refused what we asked for; a defect of ours.  Never quotes a document."""


def translated(method: Callable[P, T]) -> Callable[P, T]:
    """Raise our own errors where the driver raises its own.

    Raises:
        Unavailable: the store cannot be reached or cannot serve now.
        Permanent: the store does not let us in.
        StoreDefect: anything else.
    """

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except FOREIGN as exc:
            raise as_ours(exc) from None

    return call


def as_ours(exc: Exception) -> Exception:
    """Return the error of ours that says the same, without the driver's text."""
    if isinstance(exc, (ConnectionFailure, ExecutionTimeout, WTimeoutError, CursorNotFound)):
        return Unavailable(f"the store does not answer: {_address(exc)}")
    if isinstance(exc, InvalidName):
        return Permanent("the name of the database cannot be used: letters, digits, - and _ can")
    if isinstance(exc, (ConfigurationError, ValueError)):  # The driver's words on a bad URL.
        return Permanent("MONGODB_URL cannot be used; see docs/operations")
    if isinstance(exc, OperationFailure):
        return _of_a_command(exc)
    return StoreDefect(f"the store refused a document: {type(exc).__name__}")


def _of_a_command(exc: OperationFailure) -> Exception:
    if exc.code in _NO_ACCESS:
        return Permanent("the store does not accept our credentials; check MONGODB_URL")
    if exc.code in _PASSING or any(map(exc.has_error_label, _PASSING_LABELS)):
        return Unavailable(f"the store cannot serve now (code {exc.code})")
    return StoreDefect(f"the store refused a command: {type(exc).__name__}, code {exc.code}")


def _address(exc: Exception) -> str:
    """Return the first part of a connection error: the address and the system's word on it."""
    text = str(exc).partition(",")[0].partition(" (configured")[0]
    return text[:120] or type(exc).__name__
