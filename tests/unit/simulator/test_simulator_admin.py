from typing import Any

import pytest

from tests.unit.simulator.driver import Caller, frozen

ID = "111-0000000-0000001"


def test_orders_can_be_added_and_changed_exactly() -> None:
    caller = Caller(frozen())
    spec: dict[str, Any] = {
        "account": "demo",
        "order_id": ID,
        "status": "PENDING",
        "age_s": 60,
        "items": [{"sku": "A", "order_item_id": "01", "quantity": 4}],
    }

    assert caller.admin("POST", "orders", {"orders": [spec]}).json() == {"order_ids": [ID]}
    caller.admin("POST", "orders", {"order_id": ID, "status": "UNSHIPPED"})

    order = caller.order(ID, "FULFILLMENT")
    assert order["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert order["lastUpdatedTime"] == "2026-11-23T12:00:00.000Z"
    assert order["createdTime"] == "2026-11-23T11:59:00.000Z"
    (item,) = order["orderItems"]
    assert (item["orderItemId"], item["quantityOrdered"]) == ("01", 4)


def test_an_order_can_be_told_what_happens_next() -> None:
    caller = Caller(frozen())
    then = [{"after_s": 60, "status": "UNSHIPPED"}, {"after_s": 120, "status": "CANCELLED"}]
    caller.admin("POST", "orders", {"order_id": ID, "status": "PENDING", "then": then})

    seen = []
    for _ in range(3):
        seen.append(caller.order(ID, "FULFILLMENT")["fulfillment"]["fulfillmentStatus"])
        caller.admin("POST", "clock", {"advance_s": 60})

    assert seen == ["PENDING", "UNSHIPPED", "CANCELLED"]


@pytest.mark.parametrize(
    ("page", "body"),
    [
        ("orders", {"stauts": "PENDING"}),
        ("orders", {"status": "LOST"}),
        ("orders", {"items": [{"sku": "A", "amount": 1}]}),
        ("faults", {"kind": "earthquake"}),
        ("settings", {"thorttle": False}),
        ("clock", {"speed": "fast"}),
        ("report_document", {}),
    ],
)
def test_nonsense_is_refused_with_a_reason(page: str, body: dict[str, Any]) -> None:
    answer = Caller(frozen()).admin("POST", page, body)

    assert answer.status == 400
    assert answer.json()["errors"][0]["details"]


def test_the_state_counts_calls_by_operation_account_and_status() -> None:
    sim = frozen()
    sim.put_order(order_id=ID)
    caller = Caller(sim)
    caller.order(ID)
    caller.call("GET", "/orders/2026-01-01/orders/999-0000000-0000000")

    state = caller.admin("GET", "state").json()

    assert state["calls"] == {"token": 1, "getOrder": 2}
    assert state["calls_by_seller"][sim.seller().seller_id] == {"getOrder": 2}
    assert state["responses"]["getOrder"] == {"200": 1, "404": 1}
    assert state["now"] == "2026-11-23T12:00:00.000Z"
    assert sim.calls("getOrder") == sim.calls("getOrder", "demo") == 2
    assert sim.calls("getOrder", "other") == 0


def test_faults_can_be_ordered_seen_and_taken_away() -> None:
    caller = Caller(frozen())
    faults = [{"kind": "error_500", "operation": "getOrder", "times": 3}, {"kind": "missing_role"}]

    ordered = caller.admin("POST", "faults", {"faults": faults}).json()["faults"]

    assert [(f["kind"], f["times"]) for f in ordered] == [("error_500", 3), ("missing_role", None)]
    assert caller.admin("GET", "state").json()["faults"] == ordered
    assert caller.admin("DELETE", "faults").json() == {"cleared": 2}


def test_settings_can_be_changed_while_it_runs() -> None:
    caller = Caller(frozen())

    told = caller.admin("POST", "settings", {"throttle": False, "report_columns": 36}).json()

    assert (told["throttle"], told["report_columns"]) == (False, 36)
    assert caller.sim.world.settings.report_columns == 36


def test_every_access_token_can_be_made_to_expire() -> None:
    sim = frozen()
    sim.put_order(order_id=ID)
    caller = Caller(sim)
    caller.order(ID)

    caller.admin("POST", "tokens", {"expire": True})

    assert caller.call("GET", f"/orders/2026-01-01/orders/{ID}").status == 403
    caller.token = ""
    assert caller.order(ID)["orderId"] == ID


def test_an_admin_sees_what_buyers_amazon_would_withhold_by_role() -> None:
    caller = Caller(frozen())
    caller.admin("POST", "orders", {"order_id": ID})
    caller.admin("POST", "faults", {"kind": "missing_role"})

    (order,) = caller.admin("GET", "orders?account=demo").json()["orders"]

    assert order["buyer"]["buyerEmail"].endswith("@example.invalid")


def test_an_unknown_page_is_not_found() -> None:
    assert Caller(frozen()).admin("GET", "secrets").status == 404
