"""The state exporter: gauges of the business, asked of the store whenever Prometheus asks.

One process is enough and any number is harmless.  Without an answer of the store the gauges are
left out rather than kept at their last value, so that an alert sees that nothing is known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Event as Flag
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from actors.runtime.exposition import Place, show_or_exit

CACHED_S = 10.0
"""Readings younger than this are given again: several Prometheus cost the store as much as one."""
PREFIX = "connector_"

log = structlog.get_logger(__name__)


class Gauge(Protocol):
    """What a gauge means (``store.state_gauges.Gauge``)."""

    @property
    def meaning(self) -> str:
        """One line."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its labels."""
        ...


class Reading(Protocol):
    """One value (``store.state_gauges.Reading``)."""

    @property
    def gauge(self) -> str:
        """The gauge's name, without the prefix."""
        ...

    @property
    def value(self) -> float:
        """The value."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels' values."""
        ...


class StateGauges(Protocol):
    """All gauges of the store (``store.state_gauges.StateGauges``)."""

    @property
    def gauges(self) -> Mapping[str, Gauge]:
        """What each means, by name."""
        ...

    def read(self) -> Sequence[Reading]:
        """Ask the store."""
        ...


class StateCollector(Collector):
    """Turns readings of the store into gauges."""

    def __init__(
        self,
        read: Callable[[], Sequence[Reading]],
        gauges: Mapping[str, Gauge],
        services: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._gauges, self._services, self._clock = read, gauges, services, clock
        self._turn = threading.Lock()
        self._known: Sequence[Reading] = ()
        self._known_at = float("-inf")

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the families; without the store only what is known without it."""
        began = self._clock()
        try:
            families = self._families()
        except Exception as exc:  # noqa: BLE001  whatever it is, the next scrape asks again
            log.warning("state_unknown", error=type(exc).__name__)
            families = []
        yield from families
        yield self._expected()
        yield _one("state_collect_success", "1 if the store answered.", float(bool(families)))
        seconds = self._clock() - began
        yield _one("state_collect_duration_seconds", "How long it took to ask.", seconds)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing: to be registered must not ask the store."""
        return ()

    def _expected(self) -> GaugeMetricFamily:
        """Return what there has to be: a service that never ran has no series of its own."""
        meaning = "1 for every service there has to be: a stage, or a process beside them."
        family = GaugeMetricFamily(PREFIX + "service_expected", meaning, labels=("service",))
        for service in self._services:
            family.add_metric((service,), 1.0)
        return family

    def _families(self) -> list[GaugeMetricFamily]:
        families = {
            name: GaugeMetricFamily(PREFIX + name, gauge.meaning, labels=gauge.labels)
            for name, gauge in self._gauges.items()
        }
        for each in self._readings():
            families[each.gauge].add_metric(each.labels, each.value)
        return list(families.values())

    def _readings(self) -> Sequence[Reading]:
        with self._turn:
            if self._clock() - self._known_at >= CACHED_S:
                self._known, self._known_at = self._read(), self._clock()
            return self._known


def _one(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, meaning, value=value)


def main_loop(collector: Collector, place: Place, stop: Flag) -> None:
    """Show the gauges until ``stop`` is set.

    Raises:
        SystemExit: the port cannot be had.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    server = show_or_exit(registry, place)
    stop.wait()
    if server is not None:
        server.shutdown()
        server.server_close()
