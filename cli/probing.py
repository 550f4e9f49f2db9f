"""Asking each thing we depend on whether it is there; nothing is written and no quota spent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import httpx
import pika.exceptions
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from actors.app import build
from actors.runtime.broker import make_broker
from cli.failing import NO_BROKER, Stop
from cli.output import short
from config.accounts import Account
from config.endpoints import SIMULATOR
from config.masking import without_password
from config.settings import Settings
from domain.errors import Unavailable
from spapi.client import make_client
from spapi.tokens import CredentialsRefused, Tokens
from store.quotas import QuotaState

Probe = Callable[[], str]
"""Returns what there is to say, or raises what is wrong."""


def probes(settings: Settings) -> dict[str, Probe]:
    """Return how to ask the store, the broker, and Amazon for each account."""
    accounts = settings.resolved_accounts().values()
    return {
        "store": partial(ask_store, settings),
        "broker": partial(ask_broker, settings.broker_url),
        "calls to Amazon": partial(ask_quotas, settings),
        **{f"Amazon for {each.name}": partial(ask_amazon, settings, each) for each in accounts},
        **({} if accounts else {"accounts": no_account}),
    }


def ask_store(settings: Settings) -> str:
    """Open the store and wait for its answer.

    Raises:
        Unavailable, Permanent
    """
    app = build(settings)
    try:
        app.store.ping()
    finally:
        app.close()
    if settings.is_embedded:
        return f"embedded, under {settings.data_dir} (for demo and tests)"
    return without_password(settings.mongodb_url)


def ask_quotas(settings: Settings) -> str:
    """Look whether any call is suspended, because Amazon failed or refused it again and again.

    Raises:
        Stop: some are; the text names them.
        Unavailable, Permanent: the store.
    """
    app = build(settings)
    try:
        suspended = [each for each in app.store.quotas.states() if each.suspended_until]
    finally:
        app.close()
    if not suspended:
        return "none is suspended"
    raise Stop("; ".join(_suspended(each) for each in suspended))


def _suspended(state: QuotaState) -> str:
    what = "everything" if state.operation == "*" else state.operation
    until = short(state.suspended_until)
    return f"{what} of {state.account} is suspended until {until} UTC: {state.reason}"


def ask_broker(url: str) -> str:
    """Connect to the broker.

    Raises:
        Stop: it does not answer, or does not let us in.
    """
    broker = make_broker(url)
    try:
        if not isinstance(broker, RabbitmqBroker):
            return "in memory: forgets everything when its process ends (for the demo)"
        return _connected(broker, url)
    finally:
        broker.close()


def _connected(broker: RabbitmqBroker, url: str) -> str:
    try:
        product = broker.connection._impl.server_properties or {}  # noqa: SLF001  pika has no other way
    except pika.exceptions.AMQPError as exc:
        raise Stop(f"{NO_BROKER} ({type(exc).__name__})") from None
    version = str(product.get("version", "")) if isinstance(product, dict) else ""
    return f"RabbitMQ {version} at {without_password(url)}"


def ask_amazon(settings: Settings, account: Account) -> str:
    """Get an access token for the account and knock at its endpoint.

    Raises:
        Stop: the credentials are refused, or nobody answers.
        Throttled: too many tokens were asked for.
    """
    with make_client(settings.http) as client:
        try:
            Tokens(client).get(account)
            client.get(account.endpoint)
        except CredentialsRefused as exc:
            raise Stop(
                f"{exc}: see ACCOUNTS__{account.name.upper()}__REFRESH_TOKEN, …__CLIENT_ID"
                " and …__CLIENT_SECRET"
            ) from None
        except (httpx.HTTPError, Unavailable) as exc:
            raise Stop(f"{account.endpoint} does not answer ({exc}){_hint(account)}") from None
    writes = "may write" if account.amazon_writes else "writes are off"
    return f"credentials accepted, {urlsplit(account.endpoint).netloc} answers; {writes}"


def _hint(account: Account) -> str:
    return ": start it with `python -m cli simulator`" if account.endpoint == SIMULATOR else ""


def no_account() -> str:
    """Say that there is nobody to work for.

    Raises:
        Stop
    """
    raise Stop("no account is configured: see README.md, 'A real account'")
