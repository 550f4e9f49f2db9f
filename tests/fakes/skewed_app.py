"""A worker whose clock is wrong: ``dramatiq tests.fakes.skewed_app:setup`` with CLOCK_SKEW_S.

It is the clock by which stages decide.  Dramatiq's own, by which delayed messages fall due, is
right: were it wrong as well, each of them could wait as long as a delay may last, ten minutes.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import dramatiq

from actors.app import build
from actors.runtime.clock import SystemClock
from config.settings import load_settings


class SkewedClock(SystemClock):
    """This machine's time, and so many seconds."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=float(os.environ["CLOCK_SKEW_S"]))


def setup() -> None:
    dramatiq.set_broker(build(load_settings(), clock=SkewedClock()).broker)
