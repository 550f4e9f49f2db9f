"""A job that cannot be done costs no other its turn; only without the store nothing is tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from dramatiq.errors import ConnectionClosed

from actors.runtime.scheduler import KeepClaim, Scheduler, SchedulerPorts
from domain.errors import Unavailable
from domain.messages import Event, RefreshDue, ReportDue
from domain.schedule import Job, JobKind
from tests.fakes.clock import FakeClock
from tests.fakes.schedule_ports import MemorySlots

HALF_HOUR, DAY = timedelta(minutes=30), timedelta(days=1)
REPORT = Job(JobKind.ORDER_REPORT, HALF_HOUR, "demo", "US")
REFRESH = Job(JobKind.ORDER_REFRESH, HALF_HOUR, "demo")
FULFILLMENT = Job(JobKind.FULFILLMENT, HALF_HOUR, "demo")
SWEEPERS = Job(JobKind.SWEEPERS, HALF_HOUR)
PRIVACY = Job(JobKind.PRIVACY, DAY)


@dataclass
class World:
    """A scheduler, a RabbitMQ that refuses some kinds of facts or all, and what was done."""

    jobs: tuple[Job, ...]
    full: set[type[Event]] = field(default_factory=set)
    """Facts whose queue takes nothing."""
    rabbitmq_is_up: bool = True
    sweeping_fails: bool = False
    store_is_up: bool = True

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.slots = MemorySlots(self.clock)
        self.told: list[type[Event]] = []
        self.tried: list[type[Event]] = []
        self.chores: list[str] = []
        self.asked = 0
        chores = {JobKind.SWEEPERS: self._sweep, JobKind.PRIVACY: self._remove_buyers}
        self.scheduler = Scheduler(
            SchedulerPorts(self.slots, self._publish, self.jobs, chores, answers=self._answers)
        )

    def tick(self) -> bool:
        self.clock.advance(5)
        return self.scheduler.tick()

    def _publish(self, event: Event) -> None:
        self.tried.append(type(event))
        if not self.rabbitmq_is_up or type(event) in self.full:
            raise ConnectionClosed(ConnectionError("refused"))  # type: ignore[no-untyped-call]  # Dramatiq's errors are untyped
        self.told.append(type(event))

    def _answers(self) -> bool:
        self.asked += 1
        return self.rabbitmq_is_up

    def _sweep(self, _keep: KeepClaim) -> None:
        self.chores.append("swept")
        if self.sweeping_fails:
            raise Unavailable("RabbitMQ: ChannelClosedByBroker")

    def _remove_buyers(self, _keep: KeepClaim) -> None:
        self.chores.append("buyers removed")


def test_a_job_whose_queue_takes_nothing_silences_none_behind_it() -> None:
    world = World((REPORT, REFRESH, SWEEPERS, PRIVACY), full={ReportDue})

    assert world.tick() is False

    assert world.told == [RefreshDue]
    assert world.chores == ["swept", "buyers removed"]


def test_what_was_refused_is_tried_in_the_next_pass_and_what_was_done_is_not_repeated() -> None:
    world = World((REPORT, REFRESH, SWEEPERS, PRIVACY), full={ReportDue})
    world.tick()
    assert world.tick() is False

    world.full.clear()

    assert world.tick() is True
    assert world.told == [RefreshDue, ReportDue]
    assert world.chores == ["swept", "buyers removed"]


def test_the_trouble_of_one_queue_costs_a_pass_three_attempts_however_many_accounts_there_are() -> (
    None
):
    accounts = [f"dealer{n}" for n in range(1000)]
    reports = [Job(JobKind.ORDER_REPORT, HALF_HOUR, each, "US") for each in accounts]
    world = World((*reports, REFRESH, PRIVACY), full={ReportDue})

    assert world.tick() is False
    assert world.tried == [*[ReportDue] * 3, RefreshDue]
    assert world.chores == ["buyers removed"]

    world.full.clear()

    assert world.tick() is True
    assert world.told == [RefreshDue, *[ReportDue] * 1000]


def test_buyers_are_removed_although_the_sweepers_cannot_finish() -> None:
    world = World((SWEEPERS, PRIVACY), sweeping_fails=True)

    assert world.tick() is False

    assert world.chores == ["swept", "buyers removed"]
    assert world.slots.last([SWEEPERS.key])[SWEEPERS.key].announced_at is None


def test_without_rabbitmq_one_publish_is_tried_and_what_needs_only_the_store_is_done() -> None:
    world = World((REPORT, REFRESH, FULFILLMENT, SWEEPERS, PRIVACY), rabbitmq_is_up=False)

    assert world.tick() is False

    assert world.tried == [ReportDue]
    assert world.chores == ["buyers removed"]
    assert world.asked == 1


def test_while_rabbitmq_is_away_each_pass_only_asks_whether_it_is_back() -> None:
    world = World((REPORT, REFRESH, SWEEPERS), rabbitmq_is_up=False)
    world.tick()
    world.tried.clear()

    assert [world.tick() for _ in range(3)] == [False] * 3
    assert (world.tried, world.asked) == ([], 4)

    world.rabbitmq_is_up = True
    assert world.tick() is True
    assert world.told == [ReportDue, RefreshDue]
    assert world.chores == ["swept"]


def test_as_long_as_all_goes_well_nobody_is_asked_whether_rabbitmq_is_there() -> None:
    world = World((REPORT, REFRESH, SWEEPERS))

    assert world.tick() is True

    assert world.asked == 0


def test_without_the_store_the_pass_ends_at_once() -> None:
    world = World((REPORT, REFRESH, PRIVACY))

    def away(*_: object, **__: object) -> None:
        raise Unavailable("the store does not answer")

    world.slots.claim = away  # type: ignore[assignment, method-assign]

    assert world.tick() is False
    assert (world.tried, world.chores, world.asked) == ([], [], 0)
