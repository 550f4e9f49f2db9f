"""Calls to Amazon: quota, token, request, verdict, and what the quota learns from it.

Which 403 is whose:

- Login with Amazon refuses the credentials: the *account* is suspended until a probe succeeds.
- A 403 that may be an expired token: the token is renewed once and the call repeated.
- A 403 with a fresh token: a role or a marketplace is missing for this *operation*.  It counts as
  a failure of the operation, which the quota suspends after a few, and the caller is told to
  come back (``Forbidden``, which waits like ``Suspended``), so that no quarantine fills up while
  somebody grants the role.
- The same for ``getOrder``: it may be about that one order (of another seller, or of a
  pseudo-marketplace), so the caller gets ``Refused`` and can go on with the next one; when it is
  the role after all, the quota suspends the operation after a few.

Source: SP-API authorization errors; Orders API known issues (searchOrders answers 403 for a
foreign marketplace id).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import httpx
from sp_api.base._core import build_headers

from config.accounts import Account
from config.sections import Http
from domain.errors import (
    ConnectorError,
    Forbidden,
    Malformed,
    Outage,
    Refused,
    Suspended,
    Throttled,
    Unavailable,
)
from domain.quota import Plan, Quotas
from spapi.answers import Answer, Denied, read_answer, request_id
from spapi.client import USER_AGENT, document_timeout
from spapi.operations import Prepared
from spapi.plans import usage_plans
from spapi.tokens import CredentialsRefused, Tokens

log = logging.getLogger(__name__)

PROBE_S = 900.0
"""Suspended accounts and operations are probed every 15 minutes."""
ABOUT_ONE_THING = frozenset({"getOrder"})


class Calls:
    """The way to Amazon that all gateways share; safe to use from many threads."""

    def __init__(
        self,
        client: httpx.Client,
        quotas: Quotas,
        *,
        limits: Http | None = None,
        tokens: Tokens | None = None,
        plans: Mapping[str, Plan] | None = None,
        answered: Callable[[str, int | None, float], None] = lambda *_: None,
    ) -> None:
        """``answered`` is told of every request: operation, status or None, seconds."""
        self._answered = answered
        self.client = client
        self.quotas = quotas
        self.document_timeout = document_timeout(limits or Http())
        self._tokens = tokens or Tokens(client)
        self._plans = plans or usage_plans()

    def send(self, account: Account, operation: str, prepared: Prepared) -> Answer:
        """Send a request when the quota allows it, and return Amazon's good answer.

        Raises:
            Throttled: our quota or Amazon's is used up.
            Suspended: the account or the operation waits for a person or for Amazon's recovery;
                Forbidden: Amazon has just said so to this call.
            Unavailable: no answer, or not Amazon's.  The request may have taken effect.
            Refused, Malformed: Amazon's answer.
        """
        self.take(account, operation)
        try:
            answer = self._ask(account, operation, prepared)
        except CredentialsRefused as exc:
            self.quotas.suspend_account(account.name, str(exc))
            scope = f"account {account.name}"
            raise Suspended(scope, str(exc), retry_after_s=PROBE_S) from None
        except ConnectorError as exc:
            raise self.report(account, operation, exc) from None
        if answer.rate is not None:
            self.quotas.learn_rate(account.name, operation, answer.rate)
        self.quotas.succeeded(account.name, operation)
        return answer

    def take(self, account: Account, operation: str) -> None:
        """Spend one call of the quota.  Raises: Throttled, Suspended."""
        self.quotas.take(account.name, operation, self._plans[operation])

    def report(self, account: Account, operation: str, exc: ConnectorError) -> ConnectorError:
        """Tell the quota what became of a call that went wrong; return what to raise."""
        match exc:
            case Throttled():
                self.quotas.push_back(account.name, operation, exc.retry_after_s)
            case Unavailable():
                pause_s = self.quotas.failed(account.name, operation, str(exc))
                if pause_s is not None:
                    return Outage(str(exc), retry_after_s=pause_s)
            case Denied():
                self.quotas.failed(account.name, operation, str(exc))
            case Refused() | Malformed():
                # A refusal is an answer: the operation is in good health.
                self.quotas.succeeded(account.name, operation)
        return self._told(operation, exc)

    def _told(self, operation: str, exc: ConnectorError) -> ConnectorError:
        if not isinstance(exc, Denied) or operation in ABOUT_ONE_THING:
            return exc
        advice = "is the role granted, and is every marketplace of the account its own?"
        return Forbidden(operation, f"{exc}; {advice}", retry_after_s=PROBE_S)

    def _ask(self, account: Account, operation: str, prepared: Prepared) -> Answer:
        plan = self._plans[operation]
        token = self._tokens.get(account)
        try:
            return read_answer(operation, plan, self._exchange(account, operation, prepared, token))
        except Denied as denied:
            if not denied.token_suspect:
                raise
        token = self._tokens.renew(account, stale=token)
        return read_answer(operation, plan, self._exchange(account, operation, prepared, token))

    def _exchange(
        self, account: Account, operation: str, prepared: Prepared, token: str
    ) -> httpx.Response:
        headers = build_headers(account.endpoint, USER_AGENT, token)
        del headers["host"]  # The package cuts eight characters off; httpx knows the host.
        started = time.perf_counter()
        try:
            response = self.client.request(
                prepared.method,
                prepared.url,
                params=prepared.params or None,
                content=prepared.content,
                headers=headers,
            )
        except httpx.RequestError as exc:
            # The exception's own text may hold the URL, and its chain the headers.
            log.info("%s of %s: %s", operation, account.name, type(exc).__name__)
            self._answered(operation, None, time.perf_counter() - started)
            raise Unavailable(f"{operation}: {type(exc).__name__}") from None
        seconds = time.perf_counter() - started
        self._answered(operation, response.status_code, seconds)
        log.info(
            "%s of %s: %d in %.3f s, request id %s",
            operation,
            account.name,
            response.status_code,
            seconds,
            request_id(response),
        )
        return response
