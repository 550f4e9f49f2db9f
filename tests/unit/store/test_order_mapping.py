"""Orders and their documents: every field there and back, tolerant of what others wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Malformed, Permanent
from domain.orders import (
    AmazonOrder,
    Buyer,
    EnrichmentState,
    HistoryEntry,
    Order,
    OrderItem,
    OrderStatus,
    OutEvent,
    Provenance,
    ReportChange,
    ReportLine,
)
from domain.packages import Package, PackageItem
from store.encryption import FieldCipher, Keyring
from store.mapping import from_document, in_ms, to_document
from store.order_documents import OrderDocument
from store.order_mapping import order_changes, order_document, order_from
from tests.fakes.stored_orders import BUYER_17, NOON, line, order

CIPHER = FieldCipher(Keyring({"k": bytes(32)}, "k"))
AWARE: CodecOptions[Mapping[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)
KEPT_BESIDES = {"id", "changed_at", "over_at", "writers"}

text = st.text(max_size=12)
number = st.integers(min_value=-(2**31), max_value=2**63 - 1)
# MongoDB keeps milliseconds.
moment = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(in_ms)  # noqa: DTZ001  the strategy adds the zone


plain = {"str": text, "int": number, "datetime": moment, "bool": st.booleans()}
by_hint = plain | {f"{name} | None": st.none() | each for name, each in plain.items()}


def built(cls: type[Any], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Build values of a class with every field drawn: by its hint, or as given."""
    hints = {each.name: str(each.type) for each in fields(cls)}
    return st.builds(
        cls, **{name: by_hint[hint] for name, hint in hints.items() if hint in by_hint}, **parts
    )


orders = built(
    Order,
    status=st.sampled_from(OrderStatus),
    provenance=st.sampled_from(Provenance),
    enrichment=st.sampled_from(EnrichmentState),
    flags=st.lists(text, max_size=2).map(tuple),
    missing=st.lists(text, max_size=2).map(tuple),
    programs=st.lists(text, max_size=2).map(tuple),
    lines=st.lists(built(ReportLine), max_size=2).map(tuple),
    changes=st.lists(built(ReportChange), max_size=2).map(tuple),
    items=st.lists(
        built(OrderItem, report_rows=st.lists(number, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    packages=st.lists(built(Package), max_size=2).map(tuple),
    history=st.lists(built(HistoryEntry), max_size=2).map(tuple),
    outbox=st.lists(
        built(OutEvent, body=st.dictionaries(st.sampled_from("abc"), text | number)), max_size=2
    ).map(tuple),
    shipping=st.dictionaries(st.sampled_from("abc"), text | number | moment),
    buyer=st.none() | built(Buyer),
)


@given(orders)
def test_an_order_comes_back_from_its_bson_as_it_was_and_unchanged(wanted: Order) -> None:
    wire = bson.encode(order_document(wanted, CIPHER))

    raw = bson.decode(wire, codec_options=AWARE)

    assert order_from(raw, CIPHER) == wanted
    assert order_changes(order_from(raw, CIPHER), wanted, raw, CIPHER) == {}


def test_the_document_class_has_exactly_the_orders_fields() -> None:
    assert set(OrderDocument._fields) - KEPT_BESIDES == {each.name for each in fields(Order)}


def test_what_is_written_passes_the_document_class() -> None:
    full = order(
        buyer=BUYER_17,
        revision=1,
        imported_at=NOON,
        lines=(line(2),),
        items=(OrderItem("007", "SKU-2", "", "", 1, 0, 1, report_rows=(2,)),),
        packages=(Package("p", "UPS", "1Z", NOON, "SHIPPED", (PackageItem("007", 1),)),),
        changes=(ReportChange("r1", "created"),),
        history=(HistoryEntry(NOON, "created", "report r1"),),
        outbox=(OutEvent("e", "order.imported", NOON, {"order_id": "701-1"}),),
        shipping={"units": 1},
    )

    written = {"_id": "demo/701-1", **order_document(full, CIPHER)}
    document = OrderDocument._from_son(written)
    document.validate()  # Raises on a field of another kind.

    assert document.id == "demo/701-1"
    assert set(document.to_mongo()) >= written.keys()


def test_nothing_but_the_sealed_value_tells_of_the_buyer() -> None:
    wire = bson.encode(order_document(order(buyer=BUYER_17), CIPHER))

    assert b"Buyer 17" not in wire
    assert b"example.invalid" not in wire


def test_unknown_fields_are_ignored_and_absent_ones_take_their_default() -> None:
    raw = order_document(order(), CIPHER)
    raw["from_the_future"] = 1
    raw["lines"][0]["from_the_future"] = 1
    del raw["history"]

    assert order_from(raw, CIPHER) == order()


def test_a_document_without_a_needed_field_is_named_and_not_shown() -> None:
    raw = {**order_document(order(), CIPHER), "_id": "demo/701-1"}
    del raw["purchased_at"]

    with pytest.raises(Malformed, match="order demo/701-1: a stored Order lacks purchased_at"):
        order_from(raw, CIPHER)


def test_an_unreadable_field_is_named_and_its_value_is_not() -> None:
    raw = {**order_document(order(), CIPHER), "status": "secret value"}

    with pytest.raises(Malformed) as told:
        order_from(raw, CIPHER)

    assert "unreadable status" in str(told.value)
    assert "secret value" not in str(told.value)


def test_without_a_cipher_the_order_comes_without_its_buyer() -> None:
    raw = order_document(order(buyer=BUYER_17), CIPHER)

    assert order_from(raw, None) == order()


def test_a_buyer_whose_key_is_gone_is_a_permanent_failure() -> None:
    raw = order_document(order(buyer=BUYER_17), CIPHER)

    with pytest.raises(Permanent, match="encryption key 'k' is not configured"):
        order_from(raw, FieldCipher(Keyring({"x": bytes(32)}, "x")))


def test_a_time_in_another_zone_or_finer_than_a_millisecond_is_no_change() -> None:
    old = order(ship_by=NOON)
    new = replace(
        old,
        ship_by=NOON.astimezone(timezone(timedelta(hours=9))),
        amazon_status_at=old.amazon_status_at + timedelta(microseconds=7),
    )

    assert order_changes(old, new, order_document(old, CIPHER), CIPHER) == {}


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without zone"):
        order_document(order(ship_by=datetime(2026, 1, 1)), CIPHER)  # noqa: DTZ001  the point


def test_only_what_changed_is_told_and_none_stands_for_removed() -> None:
    old = order(next_read_at=NOON, flags=("a",))
    new = replace(old, next_read_at=None, flags=("a", "b"), lines=tuple(old.lines))

    changes = order_changes(old, new, order_document(old, CIPHER), CIPHER)

    assert changes == {"next_read_at": None, "flags": ["a", "b"]}


def test_when_an_order_is_over_is_kept_beside_it_until_its_buyer_is_removed() -> None:
    old = order(delivered_at=NOON, buyer=BUYER_17)
    stored = order_document(old, CIPHER)
    removed = replace(old, buyer=None, purged_at=NOON)

    assert stored["over_at"] == NOON
    assert "over_at" not in order_document(removed, CIPHER)
    assert order_changes(old, removed, stored, CIPHER) == {
        "buyer": None,
        "over_at": None,
        "purged_at": NOON,
    }


def test_an_order_of_an_older_version_learns_when_it_is_over_with_its_next_write() -> None:
    old = order(delivered_at=NOON)
    stored = order_document(old, CIPHER)
    del stored["over_at"]

    assert order_changes(old, old, stored, CIPHER) == {"over_at": NOON}


def test_a_value_of_any_kind_keeps_its_names() -> None:
    package = Package("p", "UPS", "007", None, "")

    assert to_document(package) == {
        "reference_id": "p",
        "carrier": "UPS",
        "tracking_number": "007",
        "status": "",
        "items": [],
    }
    assert from_document(Package, to_document(package)) == package
    assert AmazonOrder.__dataclass_fields__.keys() >= {"buyer"}
