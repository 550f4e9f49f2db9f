"""What the gateways have in common: the accounts they serve and the way to Amazon."""

from __future__ import annotations

from collections.abc import Mapping

from config.accounts import Account
from domain.errors import UnknownAccount
from spapi.calls import Calls


class Gateway:
    """Serves the configured accounts.

    Every method of a gateway that asks Amazon may raise what ``Calls.send`` raises, and
    ``UnknownAccount``.
    """

    def __init__(self, accounts: Mapping[str, Account], calls: Calls) -> None:
        self._accounts = accounts
        self._calls = calls

    def _account(self, name: str) -> Account:
        try:
            return self._accounts[name]
        except KeyError:
            raise UnknownAccount(name) from None
