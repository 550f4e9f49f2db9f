"""Orders in, on a broker that doubles, shuffles, refuses and kills."""

from __future__ import annotations

import pytest

from tests.fakes.orders_in_world import World

PUBLISHES_OF_A_QUIET_RUN = 23


def test_a_report_becomes_enriched_orders_on_a_quiet_broker() -> None:
    world = World(copies=1)

    world.import_report()

    world.expect_everything_imported_once()
    assert world.broker.published == PUBLISHES_OF_A_QUIET_RUN


@pytest.mark.parametrize("seed", range(20))
def test_doubled_shuffled_and_refused_messages_end_in_the_same_documents(seed: int) -> None:
    world = World(seed=seed, copies=2, fail_every=11 + seed % 4)

    world.import_report()

    world.expect_everything_imported_once()


@pytest.mark.parametrize("publish", range(1, PUBLISHES_OF_A_QUIET_RUN + 1))
def test_a_worker_killed_between_write_and_publish_loses_nothing(publish: int) -> None:
    world = World(copies=1, kill_at=publish)

    world.import_report()

    world.expect_everything_imported_once()
