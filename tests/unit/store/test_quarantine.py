from __future__ import annotations

import json
import random
import string
from datetime import timedelta
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pymongo.errors import ServerSelectionTimeoutError

from domain.errors import Malformed, Refused, Unavailable
from store.quarantine import Quarantine
from store.quarantine_entries import Group, safe_text
from tests.fakes.quarantine import START, an_empty_quarantine, keep, message

WILD_TEXT = st.one_of(
    st.text(),
    st.sampled_from(["\x00", "\ud800", "$x", "a.b", "\U0001f600" * 300, "e\u0301" * 300]),
)


@pytest.fixture
def quarantine() -> Quarantine:
    return an_empty_quarantine()


def test_a_message_is_kept_with_everything_known(quarantine: Quarantine) -> None:
    keep(quarantine, message())

    (entry,) = quarantine.find()
    assert entry == quarantine.get(entry.id)
    assert (entry.stage, entry.flow_id, entry.account) == ("import_orders", "f1", "a1")
    assert (entry.error_class, entry.error) == ("Malformed", "not an OrderLinesParsed: chunk")
    assert (entry.attempts, entry.kind, entry.source) == (1, "permanent", "stage")
    assert entry.message == json.loads(json.dumps(message()))
    assert entry.kept_at == START
    assert (entry.state, entry.settled_by, entry.reason) == ("kept", None, None)


def test_keeping_a_message_again_changes_nothing(quarantine: Quarantine) -> None:
    keep(quarantine, message())
    keep(quarantine, message(attempts=3), error=KeyError("later"), source="dead_letter")

    (entry,) = quarantine.find()
    assert entry.error_class == "Malformed"
    assert entry.kept_at == START


def test_a_replayed_message_that_fails_again_is_another_entry(quarantine: Quarantine) -> None:
    keep(quarantine, message())
    keep(quarantine, message(replays=1))

    assert len(quarantine.find()) == 2


def test_other_content_under_the_same_message_id_is_not_swallowed(quarantine: Quarantine) -> None:
    keep(quarantine, message())
    keep(quarantine, {**message(), "args": ("OrderLinesParsed", {"report_id": "r2"})})

    assert len(quarantine.find()) == 2


def test_foreign_bodies_are_told_apart_by_content_and_death(quarantine: Quarantine) -> None:
    for body, died_at in (("aGk=", START), ("aGk=", START), ("aG8=", START), ("aGk=", None)):
        keep(quarantine, {"body_base64": body}, died_at=died_at)

    assert [entry.message["body_base64"] for entry in quarantine.find()] == ["aGk=", "aG8=", "aGk="]
    assert quarantine.find()[0].died_at == START


def test_failures_are_grouped_by_stage_and_error_largest_first(quarantine: Quarantine) -> None:
    for n in range(3):
        keep(quarantine, message(f"a{n}"), error=KeyError("x"), kind="defect")
    keep(quarantine, message("b"))
    keep(quarantine, message("c"), stage="poll_report")

    second = timedelta(seconds=1)
    assert quarantine.groups() == [
        Group("import_orders", "KeyError", 3, START, START + 2 * second),
        Group("import_orders", "Malformed", 1, START + 3 * second, START + 3 * second),
        Group("poll_report", "Malformed", 1, START + 4 * second, START + 4 * second),
    ]
    assert len(quarantine.find(stage="import_orders", error_class="KeyError")) == 3
    assert len(quarantine.find(stage="import_orders", limit=2)) == 2


def test_the_text_of_a_foreign_error_is_not_kept(quarantine: Quarantine) -> None:
    class Address(BaseModel):
        city: int

    with pytest.raises(ValidationError) as failed:
        Address.model_validate({"city": "Buyer 17 Street"})
    keep(quarantine, message(), error=failed.value)

    assert "Buyer 17" in str(failed.value)
    assert (quarantine.find()[0].error_class, quarantine.find()[0].error) == ("ValidationError", "")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("mail to buyer-17@example.invalid failed", "mail to … failed"),
        ("GET https://s3.example/doc?X-Amz-Signature=abc", "GET https://s3.example/doc?…"),
        ("token Atzr|IwEBIsecret is revoked", "token … is revoked"),
    ],
)
def test_what_looks_personal_or_secret_is_cut_out_of_our_own_texts(told: str, kept: str) -> None:
    assert safe_text(Malformed(told)) == kept


def test_amazons_refusal_keeps_its_code() -> None:
    refusal = Refused("getReport", code="InvalidInput", status=400, message="bad id")

    assert safe_text(refusal) == "getReport was refused: 400 InvalidInput bad id"


def test_what_mongodb_has_limits_on_survives(quarantine: Quarantine) -> None:
    deep: Any = 10**30
    for _ in range(150):
        deep = {"$a.b\u0000": [deep]}
    keep(quarantine, {**message(), "args": (deep, "\ud800")})

    assert quarantine.find()[0].message["args"] == [deep, "\ud800"]


@given(wild=WILD_TEXT)
def test_whatever_names_the_flow_and_the_account_the_message_is_kept(wild: str) -> None:
    quarantine = an_empty_quarantine()

    keep(quarantine, message(flow_id=wild, account=wild), flow_id=wild, account=wild)

    (entry,) = quarantine.find()
    bson.encode({"flow_id": entry.flow_id, "account": entry.account})
    assert entry.flow_id == wild[:200].encode(errors="replace").decode()
    assert entry.account == wild[:200].encode(errors="replace").decode()
    assert entry.message["options"] == {"flow_id": wild, "account": wild}


def test_a_flow_id_of_20_mb_costs_its_entry_no_room(quarantine: Quarantine) -> None:
    long = "f" * 20_000_000
    keep(quarantine, message(flow_id=long), flow_id=long, account=long, stage=long)

    (row,) = quarantine.database["quarantine"].find()
    (entry,) = quarantine.find()
    assert [len(each) for each in (entry.flow_id, entry.account, entry.stage)] == [200, 200, 200]
    assert len(bson.encode(row)) < 50_000
    assert len(entry.message["options"]["flow_id"]) == 20_000_000


def test_an_error_that_quotes_a_long_word_is_read_in_no_time() -> None:
    # Five million letters once meant hours: the search began anew at every one of them.
    assert safe_text(Malformed("x" * 5_000_000 + " buyer-17@example.invalid")) == "x" * 2_000


def test_a_large_message_is_kept_whole(quarantine: Quarantine) -> None:
    large = {**message(), "args": ("x" * 2_000_000,)}
    keep(quarantine, large)

    assert quarantine.find()[0].message["args"] == ["x" * 2_000_000]


def test_of_a_message_no_document_can_hold_the_beginning_and_digest_are_kept(
    quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.quarantine_entries._PLAIN_LIMIT_BYTES", 10_000)
    monkeypatch.setattr("store.quarantine_entries._PACKED_LIMIT_BYTES", 50_000)
    noise = "".join(random.Random(1).choices(string.ascii_letters, k=100_000))
    keep(quarantine, {**message(), "args": (noise,)})

    cut = quarantine.find()[0].message
    assert cut["beginning"].startswith('{"queue_name":"import_orders"')
    assert 100_000 < cut["size_bytes"] < 101_000
    assert len(cut["sha256"]) == 64


def test_without_a_store_nothing_is_said_to_be_kept() -> None:
    class Away:
        def __getitem__(self, name: str) -> Any:
            raise ServerSelectionTimeoutError("no server")

    with pytest.raises(Unavailable):
        keep(Quarantine(Away()), message())  # type: ignore[arg-type]
