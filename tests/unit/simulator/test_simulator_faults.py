import pytest

from simulator.wire import Response
from tests.unit.simulator.driver import Caller, frozen

ID = "111-0000000-0000001"
PATH = f"/orders/2026-01-01/orders/{ID}"


def caller_with_order() -> Caller:
    sim = frozen(throttle=False)
    sim.put_order(order_id=ID)
    sim.put_order(order_id=ID, account="other")
    return Caller(sim)


def get(caller: Caller) -> Response:
    return caller.call("GET", PATH)


def test_a_storm_of_429_lasts_as_long_as_it_was_ordered_for() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("throttle", operation="getOrder", until_s=60)
    assert [get(caller).status for _ in range(5)] == [429] * 5

    caller.sim.advance(59)
    assert get(caller).status == 429
    caller.sim.advance(1)

    assert get(caller).status == 200


def test_a_fault_strikes_as_often_as_ordered_after_those_it_skips() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("error_500", operation="getOrder", times=2, skip=1)

    assert [get(caller).status for _ in range(4)] == [200, 500, 500, 200]


def test_an_error_500_looks_like_amazons() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("error_500", operation="getOrder")

    error = get(caller).json()["errors"][0]

    assert error["code"] == "InternalFailure"
    assert error["message"] == "We encountered an internal error. Please try again."


def test_an_error_503_may_be_a_web_page() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("error_503_html")
    get_token = caller.login()
    assert get_token.status == 503

    assert get_token.headers["Content-Type"] == "text/html"
    assert get_token.body.startswith(b"<!DOCTYPE html>")


def test_a_fault_of_one_operation_and_account_leaves_the_others_alone() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("error_500", operation="getOrder", account="demo", times=None)

    assert get(caller).status == 500
    assert get(Caller(caller.sim, "other")).status == 200
    assert caller.search(createdAfter="2026-11-20T00:00:00Z").status == 200


def test_a_connection_dropped_after_the_effect_leaves_the_effect() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("drop_after_effect", operation="createReport")

    answer = caller.create_report()

    assert answer.drop
    assert len(caller.sim.seller().reports) == 1
    assert not caller.create_report().drop


def test_a_connection_dropped_before_has_no_effect() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("drop_before_effect", operation="createReport")

    assert caller.create_report().drop
    assert caller.sim.seller().reports == {}


def test_a_hang_comes_after_the_effect() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("hang", operation="createReport", seconds=7)

    answer = caller.create_report()

    assert (answer.hang_s, answer.drop, answer.status) == (7.0, False, 202)


def test_documents_and_tokens_can_fail_too() -> None:
    caller = caller_with_order()
    document_id = caller.finished_report()["reportDocumentId"]
    caller.sim.add_fault("error_503_html", operation="document")
    caller.sim.add_fault("throttle", operation="token")

    assert caller.document(document_id).status == 503
    assert caller.document(document_id).status == 200
    assert caller.login().status == 429
    assert caller.login().status == 200


def test_every_fault_can_be_taken_away() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("error_500", times=None)
    assert [caller.login().status for _ in range(3)] == [500] * 3

    assert caller.sim.clear_faults() == 1

    assert get(caller).status == 200


def test_an_unknown_fault_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match="report_stuck"):
        frozen().add_fault("earthquake")
