from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Malformed
from domain.events import INBOUND_MODELS, TrackingEnteredV1
from domain.messages import TrackedItem, TrackingEntered

ENTRY: dict[str, Any] = {
    "event_id": "shop-1",
    "version": 1,
    "account": "demo",
    "order_id": "111-1234567-1234567",
    "carrier": "UPS",
    "tracking_number": "1Z999AA10123456784",
    "shipped_at": "2026-11-23T15:40:00-05:00",
    "items": [{"sku": "MAT-07", "quantity": 2}],
    "entered_at": "2026-11-23T20:41:07Z",
}

NOW = datetime(2026, 11, 23, 21, tzinfo=UTC)

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


def read(**changes: Any) -> TrackingEnteredV1:
    return TrackingEnteredV1.read(json.dumps(ENTRY | changes).encode(), now=NOW)


def refusal(**changes: Any) -> str:
    with pytest.raises(Malformed) as refused:
        read(**changes)
    return str(refused.value)


def test_a_full_event_becomes_our_fact() -> None:
    fact = read(shipment_ref="PACK-1", ship_method="Ground").fact()
    assert fact.model_dump(exclude={"event_id", "flow_id", "cause_id"}) == {
        "account": "demo",
        "flow_started_at": datetime(2026, 11, 23, 20, 41, 7, tzinfo=UTC),
        "source_event_id": "shop-1",
        "order_id": "111-1234567-1234567",
        "shipment_ref": "PACK-1",
        "carrier": "UPS",
        "tracking_number": "1Z999AA10123456784",
        "shipped_at": datetime(2026, 11, 23, 20, 40, tzinfo=UTC),
        "ship_method": "Ground",
        "items": ({"order_item_id": "", "sku": "MAT-07", "quantity": 2},),
        "entered_at": datetime(2026, 11, 23, 20, 41, 7, tzinfo=UTC),
    }


def test_the_same_event_gives_the_same_fact_and_another_event_another() -> None:
    assert read().fact().event_id == read().fact().event_id
    assert read().fact().event_id != read(event_id="shop-2").fact().event_id
    assert read().fact().event_id != read(account="other").fact().event_id


def test_a_fact_survives_the_wire() -> None:
    fact = read().fact()
    assert TrackingEntered.read(fact.model_dump(mode="json")) == fact
    assert fact.items == (TrackedItem(sku="MAT-07", quantity=2),)


def test_unknown_fields_are_ignored_so_that_senders_may_be_ahead() -> None:
    assert read(weight_g=300, items=[{"sku": "A", "quantity": 1, "lot": 7}]).items[0].sku == "A"


def test_ids_keep_their_leading_zeros() -> None:
    item = read(items=[{"order_item_id": "00123", "quantity": 1}]).fact().items[0]
    assert item.order_item_id == "00123"


def test_blank_optional_fields_count_as_absent() -> None:
    fact = read(shipment_ref=" ", ship_method="").fact()
    assert (fact.shipment_ref, fact.ship_method) == ("", "")


@pytest.mark.parametrize("inside", ["\t", "\n", "\r", "\0", "\u200b", "\u2028", "\x1b"])
def test_control_characters_inside_an_identifier_are_refused(inside: str) -> None:
    assert (
        refusal(tracking_number=f"1Z{inside}9")
        == "tracking_number: contains control or invisible characters"
    )


def test_white_space_around_an_identifier_is_dropped() -> None:
    assert read(tracking_number=" 1Z9\r\n").tracking_number == "1Z9"


def test_tabs_and_line_breaks_in_words_become_spaces() -> None:
    assert read(carrier="Deutsche\tPost\r\n DHL ").carrier == "Deutsche Post DHL"
    assert refusal(carrier="\t\n") == "carrier: String should have at least 1 character"


NO_OFFSET = "Input should have timezone info"
A_NUMBER = "is not a date and time with its offset from UTC"


@pytest.mark.parametrize("field", ["shipped_at", "entered_at"])
@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-11-23T15:40:00", NO_OFFSET),
        ("1700000000", A_NUMBER),
        ("1700000000000", A_NUMBER),
        ("1700000000.5", A_NUMBER),
        ("+1700000000", A_NUMBER),
        ("1.7e9", A_NUMBER),
    ],
)
def test_a_time_needs_an_offset(field: str, at: str, why: str) -> None:
    assert refusal(**{field: at}) == f"{field}: {why}"


def test_a_time_of_truth_is_at_most_a_day_ahead() -> None:
    assert read(entered_at="2026-11-24T22:00:00+01:00").entered_at == NOW + timedelta(days=1)
    for at in ("2026-11-24T21:00:00.001Z", "2099-12-31T00:00:00Z"):
        assert refusal(entered_at=at) == (
            "entered_at: is more than a day ahead of the connector's clock"
        )


def test_a_package_may_be_said_to_leave_later() -> None:
    assert read(shipped_at="2026-12-01T08:00:00Z").shipped_at.day == 1


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-12:00", "1999-12-31T23:59:59Z"])
def test_an_absurd_time_is_refused(at: str) -> None:
    assert refusal(entered_at=at) == "entered_at: is not between the years 2000 and 2100"


@pytest.mark.parametrize("at", [1764000000, None, "yesterday", "2026-11-23"])
def test_what_is_no_time_is_refused(at: object) -> None:
    assert refusal(shipped_at=at).startswith("shipped_at: ")


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "2", True, 100_001])
def test_a_quantity_is_a_positive_whole_number(quantity: object) -> None:
    assert refusal(items=[{"sku": "A", "quantity": quantity}]).startswith("items.0.quantity: ")


def test_an_item_says_which_item_it_is() -> None:
    assert refusal(items=[{"quantity": 1}]) == "items.0: an item needs order_item_id or sku"


def test_a_package_is_never_empty() -> None:
    assert refusal(items=[]).startswith("items: ")


@pytest.mark.parametrize("field", sorted(ENTRY))
def test_every_field_of_the_example_is_required(field: str) -> None:
    body = {name: value for name, value in ENTRY.items() if name != field}
    with pytest.raises(Malformed, match=f"^{field}: Field required$"):
        TrackingEnteredV1.read(json.dumps(body).encode(), now=NOW)


@pytest.mark.parametrize("field", ["event_id", "account", "order_id", "carrier", "tracking_number"])
def test_texts_have_a_limit(field: str) -> None:
    read(**{field: "x" * 100})
    assert refusal(**{field: "x" * 101}) == f"{field}: String should have at most 100 characters"


def test_a_version_we_do_not_know_is_refused() -> None:
    assert refusal(version=2) == "version: Input should be 1"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]", b'"x"', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed, match=r"^the message: "):
        TrackingEnteredV1.read(body, now=NOW)


def test_at_most_five_reasons_are_told() -> None:
    with pytest.raises(Malformed, match=r"; and 4 more$"):
        TrackingEnteredV1.read(b"{}", now=NOW)


@given(st.dictionaries(st.sampled_from(sorted(ENTRY)), json_values))
def test_wild_values_are_read_or_refused(changes: dict[str, Any]) -> None:
    try:
        fact = read(**changes).fact()
    except Malformed:
        return
    assert TrackingEntered.read(fact.model_dump(mode="json")) == fact


@pytest.mark.parametrize("field", sorted(ENTRY))
def test_a_refusal_never_quotes_what_it_refuses(field: str) -> None:
    assert "SECRET" not in refusal(**{field: {"SECRET": "SECRET\0"}})
    assert "SECRET" not in refusal(**{field: "SECRET\0" * 50})


@given(st.binary(max_size=200))
def test_wild_bytes_are_refused(body: bytes) -> None:
    for model in INBOUND_MODELS.values():
        with pytest.raises(Malformed):
            model.read(body, now=NOW)
