"""Slots in the store: one claim wins, a dead claim is taken over, all on the store's time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event as Flag

from actors.runtime.scheduler import Scheduler, SchedulerPorts, run_now
from domain.messages import Event
from domain.schedule import Claim, Job, JobKind
from store.database import Store
from store.slots import CLAIM_HOLDS, Slots

SLOT = datetime(2026, 11, 23, 12, tzinfo=UTC)
JOB = "order_refresh/demo"


def let_pass(store: Store, time: timedelta) -> None:
    """Let the claims age."""
    for raw in store.database["slots"].find():
        aged = {"claimed_at": raw["claimed_at"] - time}
        store.database["slots"].update_one({"_id": raw["_id"]}, {"$set": aged})


def test_one_of_many_claims_wins(store: Store) -> None:
    slots = Slots(store.database)
    with ThreadPoolExecutor(8) as workers:
        answers = list(workers.map(lambda n: slots.claim(JOB, SLOT, holder=str(n)), range(16)))
    assert sorted(answers) == [Claim.OURS] + [Claim.THEIRS] * 15


def test_the_holder_may_claim_again_to_keep_it(store: Store) -> None:
    slots = Slots(store.database)
    slots.claim(JOB, SLOT, holder="one")
    let_pass(store, CLAIM_HOLDS)
    assert slots.claim(JOB, SLOT, holder="one") is Claim.OURS
    assert slots.claim(JOB, SLOT, holder="two") is Claim.THEIRS


def test_a_claim_that_was_never_announced_is_taken_over_once_after_a_minute(store: Store) -> None:
    slots = Slots(store.database)
    slots.claim(JOB, SLOT, holder="killed")
    let_pass(store, CLAIM_HOLDS - timedelta(seconds=10))
    assert slots.claim(JOB, SLOT, holder="two") is Claim.THEIRS
    let_pass(store, timedelta(seconds=10))
    assert slots.claim(JOB, SLOT, holder="two") is Claim.OURS
    assert slots.claim(JOB, SLOT, holder="three") is Claim.THEIRS


def test_an_announced_slot_is_done_for_everybody_for_good(store: Store) -> None:
    slots = Slots(store.database)
    slots.claim(JOB, SLOT, holder="one")
    slots.announced(JOB, SLOT)
    let_pass(store, timedelta(days=1))
    assert slots.claim(JOB, SLOT, holder="one") is Claim.DONE
    assert slots.claim(JOB, SLOT, holder="two") is Claim.DONE


def test_another_job_or_slot_is_another_claim(store: Store) -> None:
    slots = Slots(store.database)
    slots.claim(JOB, SLOT, holder="one")
    assert slots.claim("order_refresh/other", SLOT, holder="two") is Claim.OURS
    assert slots.claim(JOB, SLOT + timedelta(minutes=30), holder="two") is Claim.OURS


def test_the_last_slot_of_each_job_is_the_newest(store: Store) -> None:
    slots = Slots(store.database)
    for minutes in (0, 60, 30):
        slots.claim(JOB, SLOT + timedelta(minutes=minutes), holder="one")
    slots.announced(JOB, SLOT + timedelta(hours=1))
    last = slots.last([JOB, "never"])
    assert list(last) == [JOB]
    assert last[JOB].slot == SLOT + timedelta(hours=1)
    assert last[JOB].announced_at is not None


def test_two_schedulers_side_by_side_announce_each_slot_once(store: Store) -> None:
    announced: list[Event] = []
    jobs = tuple(Job(JobKind.ORDER_REFRESH, timedelta(hours=8), f"a{n}") for n in range(20))
    ports = SchedulerPorts(Slots(store.database), announced.append, jobs, {})
    stop = Flag()
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda one: one.tick(stop=stop), [Scheduler(ports), Scheduler(ports)]))
    assert sorted(event.account for event in announced) == sorted(job.account for job in jobs)


def test_a_run_by_hand_is_a_slot_of_its_own(store: Store) -> None:
    announced: list[Event] = []
    job = Job(JobKind.ORDER_REFRESH, timedelta(minutes=30), "demo")
    ports = SchedulerPorts(Slots(store.database), announced.append, (job,), {})
    Scheduler(ports).tick()
    by_hand = run_now(ports, JOB)
    assert ports.slots.last([JOB])[JOB].slot == by_hand
    assert len({event.event_id for event in announced}) == 2
