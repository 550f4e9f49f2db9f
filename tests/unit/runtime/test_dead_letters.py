from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from structlog.testing import capture_logs

from actors.runtime.dead_letters import KeptInPart, Rejected, drain_dead_letters
from actors.runtime.memory_broker import MemoryBroker
from domain.errors import Malformed, Unavailable


@dataclass
class Keeper:
    """Keeps in a list, and fails on demand."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    fails_at: int = -1

    def __call__(self, message: dict[str, Any], **known: Any) -> None:
        if len(self.kept) == self.fails_at:
            raise Unavailable("the store is away")
        self.kept.append({"message": message, **known})


@pytest.fixture
def broker() -> MemoryBroker:
    """A broker with two dead letters: one an actor raised on, one that was never readable."""
    broker = MemoryBroker()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        raise KeyError(n)

    broker.enqueue(job.message(1).copy(options={"flow_id": "f1", "account": "a1", "attempts": 2}))
    broker.queues["q"].put(b"\xffhello")
    worker = dramatiq.Worker(broker, worker_timeout=10, worker_threads=1)
    worker.start()
    broker.join("q", timeout=5_000, fail_fast=False)
    worker.stop()
    return broker


def test_dead_letters_are_kept_with_what_is_known_and_are_gone_afterwards(
    broker: MemoryBroker,
) -> None:
    keeper = Keeper()

    assert drain_dead_letters(broker, ["q", "unknown"], keeper) == 2
    assert drain_dead_letters(broker, ["q"], keeper) == 0

    foreign, ours = sorted(keeper.kept, key=lambda each: str(each["kind"]), reverse=True)
    assert base64.b64decode(foreign["message"]["body_base64"]) == b"\xffhello"
    assert (foreign["kind"], str(foreign["error"])) == ("permanent", "not JSON")
    assert isinstance(foreign["error"], Malformed)
    assert ours["message"]["args"] == (1,)
    assert (ours["stage"], ours["flow_id"], ours["account"]) == ("q", "f1", "a1")
    assert (ours["attempts"], ours["kind"], ours["source"]) == (2, "defect", "dead_letter")
    assert isinstance(ours["error"], Rejected)
    assert abs((datetime.now(UTC) - ours["died_at"]).total_seconds()) < 60


def test_a_letter_that_cannot_be_kept_stays_where_it_is(broker: MemoryBroker) -> None:
    keeper = Keeper(fails_at=1)

    with pytest.raises(Unavailable):
        drain_dead_letters(broker, ["q"], keeper)

    keeper.fails_at = -1
    assert drain_dead_letters(broker, ["q"], keeper) == 1
    assert len(keeper.kept) == 2


class Picky(Keeper):
    """Refuses what a store may refuse: what is not the reduced form of a letter in ``refused``."""

    refused: tuple[str, ...] = ()

    def __call__(self, message: dict[str, Any], **known: Any) -> None:
        if known["stage"] in self.refused and not isinstance(known["error"], KeptInPart):
            raise OverflowError("MongoDB can only handle up to 8-byte ints")
        super().__call__(message, **known)


def letter_in(broker: MemoryBroker, queue: str, body: bytes) -> None:
    broker.declare_queue(queue)
    broker.queues[queue].put(body)
    consumer = broker.consume(queue, timeout=10)
    delivery = next(consumer)
    if delivery is not None:
        consumer.nack(delivery)


def envelope(queue: str, **options: Any) -> bytes:
    return dramatiq.Message[None](queue, queue, (1,), {}, options, "m1", 1).encode()


def test_a_letter_the_store_refuses_is_kept_in_part_and_costs_nobody_anything() -> None:
    broker, keeper = MemoryBroker(), Picky()
    keeper.refused = ("first",)
    poison = envelope("first", flow_id="f" * 300_000)
    letter_in(broker, "first", poison)
    letter_in(broker, "first", b"behind it")
    letter_in(broker, "second", envelope("second", flow_id="f2"))

    assert drain_dead_letters(broker, ["first", "second"], keeper) == 3

    part, behind, good = keeper.kept
    assert base64.b64decode(part["message"]["body_base64"]) == poison[:200_000]
    assert part["message"]["size_bytes"] == len(poison)
    assert part["message"]["sha256"] == hashlib.sha256(poison).hexdigest()
    assert str(part["error"]) == "the letter could not be kept as it was: OverflowError"
    assert (part["flow_id"], part["account"], part["attempts"]) == ("", "", 0)
    assert base64.b64decode(behind["message"]["body_base64"]) == b"behind it"
    assert (good["stage"], good["flow_id"]) == ("second", "f2")
    assert drain_dead_letters(broker, ["first", "second"], keeper) == 0


def test_a_queue_with_a_trouble_of_its_own_does_not_cost_the_others_their_turn() -> None:
    broker, keeper = MemoryBroker(), Keeper(fails_at=0)
    letter_in(broker, "first", b"one")
    letter_in(broker, "second", b"two")

    def keep(message: dict[str, Any], **known: Any) -> None:
        if known["stage"] == "first":
            raise Unavailable("the store is away")
        keeper.kept.append({"message": message, **known})

    with pytest.raises(Unavailable, match="the store is away"):
        drain_dead_letters(broker, ["first", "second"], keep)

    assert [each["stage"] for each in keeper.kept] == ["second"]
    assert len(broker.dead_letters_by_queue["first"]) == 1


@pytest.mark.parametrize("claimed", [-1, True, 10**30, 1.5])
def test_a_letter_may_claim_any_number_of_attempts(claimed: object) -> None:
    broker, keeper = MemoryBroker(), Keeper()
    letter_in(broker, "q", envelope("q", attempts=claimed))

    drain_dead_letters(broker, ["q"], keeper)

    assert keeper.kept[0]["attempts"] == (10_000 if claimed == 10**30 else 0)


def test_a_pass_takes_500_letters_of_a_queue_and_says_what_it_leaves_to_the_next() -> None:
    broker, keeper = MemoryBroker(), Keeper()
    for number in range(501):
        letter_in(broker, "flooded", b"letter %d" % number)
    letter_in(broker, "second", b"good")

    with capture_logs() as logs:
        assert drain_dead_letters(broker, ["flooded", "second"], keeper) == 501

    assert [each["stage"] for each in keeper.kept].count("second") == 1
    assert logs == [
        {
            "event": "dead_letters_left",
            "log_level": "warning",
            "stage": "flooded",
            "left": 1,
            "limit": 500,
        }
    ]
    assert drain_dead_letters(broker, ["flooded", "second"], keeper) == 1


def test_a_broker_without_dead_letters_of_ours_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="StubBroker"):
        drain_dead_letters(StubBroker(), ["q"], Keeper())
