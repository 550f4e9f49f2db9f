"""A worker on the broker as Dramatiq ships it: ``dramatiq tests.fakes.stock_app:setup``."""

from __future__ import annotations

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import CurrentMessage

from actors.app import build
from config.settings import load_settings


def stock_broker(url: str) -> RabbitmqBroker:
    """Return Dramatiq's own broker with its own defaults: no confirms, its own retries."""
    broker = RabbitmqBroker(url=url)
    broker.add_middleware(CurrentMessage())
    return broker


def setup() -> None:
    settings = load_settings()
    dramatiq.set_broker(build(settings, broker=stock_broker(settings.broker_url)).broker)
