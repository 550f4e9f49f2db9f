from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from dramatiq.errors import ConnectionClosed

from actors.runtime.exchange import INLETS
from actors.runtime.inbound import BridgePorts, Delivery, read_event, settle
from domain.errors import Malformed, Unavailable
from domain.events import INBOUND_MODELS
from domain.messages import Event, TrackingEntered
from domain.rejected_events import CONFLICT
from tests.fakes.clock import START
from tests.fakes.schedule_ports import Published
from tests.fakes.tracking import tracking_entered, tracking_json
from tests.fakes.tracking_ports import MemoryInbox, MemoryRejections


class World:
    def __init__(self) -> None:
        self.inbox, self.rejections = MemoryInbox(), MemoryRejections()
        self.published = Published()
        self.ports = BridgePorts(
            broker_url="",
            accounts={"demo"},
            inboxes={"tracking.entered": self.inbox},
            rejections=self.rejections,
            publish=self.published,
            now=lambda: START,
        )

    def settle(self, *deliveries: Delivery, session: str = "s") -> None:
        settle(self.ports, deliveries, session=session, publish_all=self._publish_all)

    def _publish_all(self, facts: Sequence[Event]) -> None:
        for fact in facts:
            self.published(fact)

    @property
    def told(self) -> list[str]:
        events = self.published.events
        return [event.source_event_id for event in events if isinstance(event, TrackingEntered)]

    @property
    def reasons(self) -> list[str]:
        return [kept.reason for kept in self.rejections.kept]


def delivery(body: bytes, tag: int = 1) -> Delivery:
    return Delivery("tracking.entered", body, redelivered=False, tag=tag)


def entries(*event_ids: str) -> list[Delivery]:
    return [delivery(tracking_json(each), tag) for tag, each in enumerate(event_ids, start=1)]


def test_a_valid_event_is_kept_first_and_then_told() -> None:
    world = World()
    world.settle(*entries("a", "b"))
    assert [event_id for _, event_id in world.inbox.received] == ["a", "b"]
    assert world.published.events == [tracking_entered("a"), tracking_entered("b")]
    assert world.reasons == []


def test_an_invalid_event_is_kept_with_its_reason_and_does_not_cost_the_others() -> None:
    world = World()
    bad = tracking_json("b", tracking_number=None)
    world.settle(delivery(tracking_json("a")), delivery(bad, 2), delivery(tracking_json("c"), 3))
    assert world.told == ["a", "c"]
    (kept,) = world.rejections.kept
    assert (kept.reason, kept.body, kept.account, kept.event_id) == (
        "tracking_number: Field required",
        bad,
        "demo",
        "b",
    )


def test_an_event_of_an_unknown_account_is_rejected() -> None:
    world = World()
    world.settle(delivery(tracking_json(account="nobody")))
    assert world.told == []
    assert world.reasons == ["account: no such account is configured"]


def test_an_entry_of_the_far_future_is_rejected_and_does_not_stand_in_the_way_of_true_ones() -> (
    None
):
    world = World()
    ahead = tracking_json("a", entered_at="2099-01-01T00:00:00Z")
    world.settle(delivery(ahead), delivery(tracking_json("b"), 2))
    assert world.told == ["b"]
    assert world.reasons == ["entered_at: is more than a day ahead of the connector's clock"]


def test_other_content_under_a_used_event_id_is_rejected() -> None:
    world = World()
    world.settle(delivery(tracking_json("a")), delivery(tracking_json("a", carrier="DHL"), 2))
    assert world.told == ["a"]
    assert world.reasons == [
        "event_id: was used before with other content; the first content stands"
    ]


def test_the_same_event_again_is_told_again_as_the_same_fact() -> None:
    world = World()
    world.settle(*entries("a"))
    world.settle(*entries("a"))
    one, other = world.published.events
    assert one == other
    assert world.reasons == []


def test_a_body_beyond_64_kib_is_rejected_unread_and_its_beginning_is_kept() -> None:
    world = World()
    world.settle(delivery(tracking_json(note="x" * 70_000)))
    (kept,) = world.rejections.kept
    assert kept.reason == "the message: is larger than 65536 bytes"
    assert len(kept.body) == 65_536
    assert kept.size_bytes > 70_000


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"null", b'{"account": 7}', b"[" * 60_000])
def test_any_nonsense_is_kept_as_it_came(body: bytes) -> None:
    world = World()
    world.settle(delivery(body))
    assert [kept.body for kept in world.rejections.kept] == [body]
    assert (world.rejections.kept[0].account, world.rejections.kept[0].event_id) == ("", "")


def broker_away(world: World) -> None:
    world.published.raises = [ConnectionClosed(ConnectionError("away"))]  # type: ignore[no-untyped-call]  # Dramatiq's errors are untyped


def inbox_away(world: World) -> None:
    world.inbox.is_away = True


def rejections_away(world: World) -> None:
    world.rejections.is_away = True


@pytest.mark.parametrize("away", [broker_away, inbox_away, rejections_away])
def test_while_store_or_broker_are_away_nothing_may_be_acked_and_a_retry_completes_it(
    away: Callable[[World], None],
) -> None:
    world = World()
    deliveries = [*entries("a", "b"), delivery(b"nonsense", 3), delivery(b"rubbish", 4)]
    away(world)
    with pytest.raises((Unavailable, ConnectionClosed)):
        world.settle(*deliveries)
    world.inbox.is_away = world.rejections.is_away = False
    world.settle(*deliveries)
    assert set(world.told) == {"a", "b"}
    assert len(world.rejections.kept) == 2


CHOKED = "the message: cannot be taken in (OverflowError)"


def test_an_event_the_store_chokes_on_is_rejected_and_does_not_hold_up_the_others() -> None:
    world = World()
    world.inbox.chokes_on = {"b"}
    conflicting = delivery(tracking_json("a", carrier="DHL"), 4)
    world.settle(*entries("a", "b", "c"), conflicting, delivery(b"nonsense", 5))
    assert world.told == ["a", "c"]
    assert world.reasons[:2] == [CHOKED, CONFLICT]
    assert len(world.reasons) == 3
    assert (world.rejections.kept[0].event_id, world.rejections.kept[0].body) == (
        "b",
        tracking_json("b"),
    )


@pytest.mark.parametrize("event_ids", [("a",), ("a", "b", "c")])
@pytest.mark.parametrize("beside", [(), (delivery(b"nonsense", 9),)], ids=["alone", "nonsense"])
def test_a_defect_none_of_the_valid_events_gets_past_is_not_blamed_on_them(
    event_ids: tuple[str, ...], beside: tuple[Delivery, ...]
) -> None:
    world = World()
    world.inbox.chokes_on = set(event_ids)
    with pytest.raises(OverflowError):
        world.settle(*entries(*event_ids), *beside)
    assert (world.told, world.reasons) == ([], [])


def test_an_outage_while_a_defect_is_looked_for_rejects_nothing() -> None:
    world = World()
    inbox = world.inbox

    class Leaving:
        def __contains__(self, event_id: object) -> bool:
            inbox.is_away = event_id == "b"
            return inbox.is_away

    inbox.chokes_on = Leaving()
    with pytest.raises(Unavailable):
        world.settle(*entries("a", "b", "c"))
    assert (world.told, world.reasons) == ([], [])


def test_killed_before_the_ack_the_next_bridge_settles_the_same_again() -> None:
    world = World()
    deliveries = [*entries("a"), delivery(b"nonsense", 2)]
    world.settle(*deliveries, session="killed")
    world.settle(*(replace(each, redelivered=True) for each in deliveries), session="next")
    one, other = world.published.events
    assert one == other
    assert len(world.rejections.kept) == 1


def test_the_text_of_a_rejection_object_hides_the_body() -> None:
    world = World()
    world.settle(delivery(b"SECRET"))
    assert "SECRET" not in repr(world.rejections.kept)


def test_every_inlet_has_a_model() -> None:
    assert {inlet.type for inlet in INLETS} == set(INBOUND_MODELS)


def test_reading_alone_tells_whether_an_event_is_valid() -> None:
    event = ("tracking.entered", tracking_json("a"))
    assert read_event(*event, {"demo"}, now=START) == tracking_entered("a")
    with pytest.raises(Malformed, match="account: no such"):
        read_event(*event, set(), now=START)
