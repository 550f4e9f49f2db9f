"""What can go wrong, and therefore what happens next.

    ConnectorError
    ├── Waiting(retry_after_s)        not a failure: put back with a delay, no attempt is spent
    │   ├── NotYet                    not there yet (a report in progress, a lease held elsewhere)
    │   ├── Throttled(operation)      Amazon's 429, or our own share of the quota is used up
    │   └── Suspended(scope, reason)  account or operation is paused until a probe succeeds
    │       └── Forbidden             … because Amazon just answered 403 to this very call
    ├── Transient                     may heal: retried with growing delays, then quarantined
    │   ├── Unavailable               5xx, timeout, dropped connection, store or broker out of reach
    │   │   └── Outage(retry_after_s) … and its operation is suspended by it: waited for
    │   │   └── LinkExpired           a presigned URL is no longer good: ask for a fresh one
    │   └── Contended                 somebody else changed the document first
    └── Permanent                     retrying cannot help: quarantined at once
        ├── Refused(code)             Amazon understood the request and said no
        │   └── StalePageToken        its page token is no longer good: search from the start
        ├── Malformed                 a message, document or answer is not what its type promises
        └── UnknownAccount            no such account is configured
    anything else                     a defect: few retries, then quarantined with traceback

A bad *row* is none of these: it is a value, recorded and counted (``domain.order_report``).
Messages of these errors never contain buyer data, tokens or signed URLs.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """The root of everything this project raises on purpose."""


class Waiting(ConnectorError):
    """Nothing is wrong, it is only too early."""

    def __init__(self, why: str, *, retry_after_s: float) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class NotYet(Waiting):
    """What the message waits for is not there yet."""


class Throttled(Waiting):
    """Amazon's quota for the operation is used up for now."""

    def __init__(self, operation: str, *, retry_after_s: float) -> None:
        super().__init__(f"{operation} is throttled", retry_after_s=retry_after_s)
        self.operation = operation


class Suspended(Waiting):
    """Calls are paused until a probe finds the account or operation working again."""

    def __init__(self, scope: str, reason: str, *, retry_after_s: float) -> None:
        super().__init__(f"{scope} is suspended: {reason}", retry_after_s=retry_after_s)
        self.scope = scope
        self.reason = reason


class Forbidden(Suspended):
    """Amazon answered 403, with a fresh token, to this very call.

    Waited for like any suspension, since a role may be missing.  But it may be about the one
    thing asked for, which then stays denied for ever: a report that another application ordered.
    """


class Transient(ConnectorError):
    """The world may heal by itself."""


class Unavailable(Transient):
    """Somebody we depend on does not answer, or answers that it cannot."""


class LinkExpired(Unavailable):
    """A document's presigned URL is no longer good (it lives five minutes); a fresh one may be."""


class Outage(Unavailable):
    """An answer failed to come, and because of it the operation is suspended from now on.

    Waited for like ``Suspended``, so that an outage of hours fills no quarantine; but unlike it,
    the call was sent and may have taken effect.
    """

    def __init__(self, why: str, *, retry_after_s: float) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class Contended(Transient):
    """Another worker changed the same document first, more often than is worth repeating."""


class Permanent(ConnectorError):
    """Trying again changes nothing."""


class Refused(Permanent):
    """Amazon understood and said no.

    ``code`` is Amazon's own error code, e.g. ``InvalidInput``; ``status`` the HTTP status.
    """

    def __init__(self, operation: str, *, code: str, status: int, message: str = "") -> None:
        super().__init__(f"{operation} was refused: {status} {code} {message}".rstrip())
        self.operation = operation
        self.code = code
        self.status = status


class StalePageToken(Refused):
    """The page token has expired or fits other filters: the search starts again without it.

    A page token lives 24 hours and only with the filters it was made for.
    Source: Orders API 2026-01-01, searchOrders.
    """


class Malformed(Permanent):
    """A message, document or answer is not what its type promises."""


class UnknownAccount(Permanent):
    """No account of this name is configured."""

    def __init__(self, account: str) -> None:
        super().__init__(f"unknown account {account!r}: no such account is configured")
        self.account = account
