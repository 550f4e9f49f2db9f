from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from actors.runtime.exporter import CACHED_S, StateCollector
from domain.errors import Unavailable
from store.state_gauges import GAUGES, Reading


class FakeStore:
    def __init__(self, *readings: Reading) -> None:
        self.readings: Sequence[Reading] | None = readings
        self.asked = 0
        self.seconds = 1000.0

    def read(self) -> Sequence[Reading]:
        self.asked += 1
        if self.readings is None:
            raise Unavailable("the store does not answer")
        return self.readings

    def registry(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(StateCollector(self.read, GAUGES, ["bridge"], lambda: self.seconds))
        return registry


WAITING = Reading("pending_items", 3.0, ("report", "alpha"))


def shown(registry: CollectorRegistry) -> dict[str, float]:
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def test_readings_become_gauges() -> None:
    store = FakeStore(WAITING)

    assert shown(store.registry()) == {
        "connector_pending_items report alpha": 3.0,
        "connector_service_expected bridge": 1.0,
        "connector_state_collect_success": 1.0,
        "connector_state_collect_duration_seconds": 0.0,
    }


def test_without_the_store_gauges_are_left_out_and_not_kept_at_their_last_value() -> None:
    store = FakeStore(WAITING)
    registry = store.registry()
    shown(registry)

    store.readings = None
    store.seconds += CACHED_S

    assert shown(registry) == {
        "connector_service_expected bridge": 1.0,
        "connector_state_collect_success": 0.0,
        "connector_state_collect_duration_seconds": 0.0,
    }


def test_the_store_is_asked_at_most_once_in_ten_seconds() -> None:
    store = FakeStore(WAITING)
    registry = store.registry()

    for _ in range(5):
        shown(registry)
    store.seconds += CACHED_S
    shown(registry)

    assert store.asked == 2


def test_to_be_registered_asks_nothing() -> None:
    store = FakeStore()

    store.registry()

    assert store.asked == 0
