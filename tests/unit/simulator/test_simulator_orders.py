from datetime import timedelta
from typing import Any

import pytest

from simulator.clock import iso
from tests.unit.simulator.driver import DE, START, US, Caller, frozen

ID = "111-0000000-0000001"
ALL = ("BUYER", "RECIPIENT", "FULFILLMENT", "PACKAGES", "CANCELLATION", "PROCEEDS")
DAY_AGO = iso(START - timedelta(days=1))


def found(caller: Caller, **query: Any) -> list[str]:
    return [order["orderId"] for order in caller.search(**query).json()["orders"]]


def told(status: str, *included: str, **spec: Any) -> dict[str, Any]:
    sim = frozen()
    sim.put_order(order_id=ID, status=status, placed_at=START, **spec)
    return Caller(sim).order(ID, *included)


def test_an_order_tells_no_more_than_was_asked_for() -> None:
    order = told("UNSHIPPED")

    required = {"orderId", "createdTime", "lastUpdatedTime", "salesChannel", "orderItems"}
    assert order.keys() == required
    assert order["orderItems"][0].keys() == {"orderItemId", "quantityOrdered", "product"}


@pytest.mark.parametrize("status", ["UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"])
def test_buyer_and_recipient_of_a_paid_order_of_the_seller_are_told(status: str) -> None:
    items = [{"sku": "A", "quantity": 2}]
    order = told(status, *ALL, items=items, person={"recipient": "Empfänger 3"})

    assert order["buyer"]["buyerEmail"].endswith("@example.invalid")
    assert order["buyer"]["buyerName"].startswith("Buyer ")
    address = order["recipient"]["deliveryAddress"]
    assert address["name"] == "Empfänger 3"
    assert address["phone"].startswith("+00 555")


@pytest.mark.parametrize("status", ["PENDING", "CANCELLED", "PENDING_AVAILABILITY"])
def test_nobody_is_told_while_pending_or_once_cancelled(status: str) -> None:
    order = told(status, *ALL)

    assert "buyer" not in order
    assert "recipient" not in order
    assert order["fulfillment"]["fulfillmentStatus"] == status
    assert "shipByWindow" not in order["fulfillment"]
    assert "price" not in order["orderItems"][0]["product"]


def test_an_order_amazon_fulfills_tells_only_where_it_went() -> None:
    order = told("SHIPPED", *ALL, fulfilled_by="AMAZON")

    assert "buyer" not in order
    assert "packages" not in order
    assert order["recipient"]["deliveryAddress"] == {
        "city": "PORTLAND",
        "stateOrRegion": "OR",
        "postalCode": "97201-0001",
        "countryCode": "US",
    }


def test_a_missing_role_makes_fields_absent_and_no_error() -> None:
    sim = frozen()
    sim.put_order(order_id=ID)
    sim.add_fault("missing_role", account="demo")
    caller = Caller(sim)

    order = caller.order(ID, *ALL)

    assert "buyer" not in order
    assert order["recipient"]["deliveryAddress"].keys() == {
        "city",
        "stateOrRegion",
        "postalCode",
        "countryCode",
    }
    sim.put_order(order_id=ID, account="other")
    assert "buyer" in Caller(sim, "other").order(ID, *ALL)
    sim.clear_faults()
    assert "buyer" in caller.order(ID, *ALL)


def test_the_phone_is_withheld_once_a_shipped_order_should_have_arrived() -> None:
    sim = frozen(throttle=False)
    sim.put_order(order_id=ID, status="SHIPPED", placed_at=START, deliver_days=1)
    caller = Caller(sim)
    assert "phone" in caller.order(ID, *ALL)["recipient"]["deliveryAddress"]

    sim.advance(2 * 86400)
    caller.token = ""

    assert "phone" not in caller.order(ID, *ALL)["recipient"]["deliveryAddress"]


def test_windows_units_and_packages_are_told_once_shipped() -> None:
    order = told("SHIPPED", *ALL, items=[{"sku": "A", "quantity": 3, "order_item_id": "007"}])

    fulfillment = order["fulfillment"]
    assert fulfillment["shipByWindow"]["latestDateTime"] == "2026-11-25T23:59:59.000Z"
    assert fulfillment["deliverByWindow"]["latestDateTime"] == "2026-11-29T23:59:59.000Z"
    (item,) = order["orderItems"]
    assert item["fulfillment"] == {"quantityFulfilled": 3, "quantityUnfulfilled": 0}
    (package,) = order["packages"]
    assert package["packageItems"] == [{"orderItemId": "007", "quantity": 3}]
    assert package["trackingNumber"] == "1Z999AA10000000002"


def test_money_is_told_once_it_is_paid() -> None:
    items = [{"sku": "A", "quantity": 3, "unit_price_minor": 1999}]

    paid = told("UNSHIPPED", "PROCEEDS", items=items)
    assert paid["proceeds"]["grandTotal"] == {"amount": "59.97", "currencyCode": "USD"}
    assert paid["orderItems"][0]["product"]["price"]["unitPrice"]["amount"] == "19.99"
    assert "proceeds" not in told("PENDING", "PROCEEDS", items=items)
    assert "proceeds" not in told("UNSHIPPED", "BUYER", items=items)


def test_the_buyers_wish_to_cancel_is_told() -> None:
    order = told("UNSHIPPED", *ALL, cancel_request="Changed my mind")

    assert order["orderItems"][0]["cancellation"] == {
        "cancellationRequest": {"requester": "BUYER", "cancelReason": "Changed my mind"}
    }
    assert (
        "cancellation" not in told("UNSHIPPED", "FULFILLMENT", cancel_request="x")["orderItems"][0]
    )


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"createdAfter": DAY_AGO, "lastUpdatedAfter": DAY_AGO},
        {"createdAfter": DAY_AGO, "lastUpdatedBefore": DAY_AGO},
        {"lastUpdatedAfter": DAY_AGO, "createdBefore": DAY_AGO},
        {"createdBefore": DAY_AGO},
        {"createdAfter": DAY_AGO, "createdBefore": iso(START - timedelta(seconds=119))},
        {"createdAfter": DAY_AGO, "createdBefore": iso(START - timedelta(days=2))},
        {"createdAfter": "TEST_CASE_400"},
        {"createdAfter": DAY_AGO, "fulfillmentStatuses": "Unshipped"},
        {"createdAfter": DAY_AGO, "includedData": "BUYER,SECRETS"},
        {"createdAfter": DAY_AGO, "fulfilledBy": "ME"},
        {"createdAfter": DAY_AGO, "maxResultsPerPage": "0"},
        {"createdAfter": DAY_AGO, "maxResultsPerPage": "101"},
        {"createdAfter": DAY_AGO, "paginationToken": "nonsense"},
        {"createdAfter": DAY_AGO, "marketplaceIds": [str(n) for n in range(51)]},
    ],
)
def test_a_search_that_amazon_refuses_is_refused(query: dict[str, Any]) -> None:
    answer = Caller(frozen()).search(**query)

    assert (answer.status, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")


def test_an_end_just_two_minutes_old_or_no_later_than_the_beginning_will_do() -> None:
    caller = Caller(frozen())
    two_minutes_ago = iso(START - timedelta(minutes=2))

    assert caller.search(createdAfter=DAY_AGO, createdBefore=two_minutes_ago).status == 200
    assert caller.search(createdAfter=DAY_AGO, createdBefore=DAY_AGO).status == 200


def test_a_search_goes_by_creation_or_by_last_update() -> None:
    sim = frozen(throttle=False)
    old, new = START - timedelta(days=5), START - timedelta(hours=5)
    sim.put_order(order_id="111-0000000-0000001", placed_at=old, last_updated_at=new)
    sim.put_order(order_id="111-0000000-0000002", placed_at=new, last_updated_at=new)
    caller = Caller(sim)

    assert found(caller, createdAfter=DAY_AGO) == ["111-0000000-0000002"]
    assert len(found(caller, lastUpdatedAfter=DAY_AGO)) == 2
    assert len(found(caller, lastUpdatedAfter=iso(new))) == 2
    assert found(caller, lastUpdatedAfter=iso(new + timedelta(milliseconds=1))) == []


def test_changes_of_the_last_two_minutes_do_not_show_yet() -> None:
    sim = frozen(throttle=False)
    sim.put_order(order_id=ID, placed_at=START - timedelta(seconds=119))
    caller = Caller(sim)

    answer = caller.search(lastUpdatedAfter=DAY_AGO).json()
    assert answer["orders"] == []
    assert answer["lastUpdatedBefore"] == iso(START - timedelta(minutes=2))
    sim.advance(1)

    assert found(caller, lastUpdatedAfter=DAY_AGO) == [ID]


def test_a_search_can_be_narrowed() -> None:
    sim = frozen(throttle=False)
    specs: list[dict[str, Any]] = [
        {"status": "PENDING"},
        {"status": "SHIPPED", "fulfilled_by": "AMAZON"},
        {"marketplace_id": DE},
    ]
    ids = [sim.put_order(age_s=600, **spec).order_id for spec in specs]
    caller = Caller(sim)

    def narrowed(**query: Any) -> list[str]:
        return found(caller, createdAfter=DAY_AGO, **query)

    assert sorted(narrowed()) == sorted(ids)
    assert narrowed(fulfillmentStatuses="PENDING") == [ids[0]]
    assert narrowed(fulfilledBy="AMAZON") == [ids[1]]
    assert narrowed(marketplaceIds=DE) == [ids[2]]
    assert sorted(narrowed(marketplaceIds=[US, DE])) == sorted(ids)
    assert narrowed(createdBefore=iso(START - timedelta(seconds=601))) == []


def pages(caller: Caller, **query: Any) -> list[list[str]]:
    seen, token = [], ""
    while True:
        more = {"paginationToken": token} if token else {}
        answer = caller.search(**query, **more).json()
        seen.append([order["orderId"] for order in answer["orders"]])
        token = answer.get("pagination", {}).get("nextToken", "")
        if not token:
            return seen


def test_pages_hold_every_order_once() -> None:
    caller = Caller(frozen(orders=250, throttle=False))
    week = iso(START - timedelta(days=7))

    seen = pages(caller, createdAfter=week)

    shown = [order_id for page in seen for order_id in page]
    assert len(seen) == 3
    assert len(seen[0]) == 100
    assert len(shown) == len(set(shown))
    assert set(shown) == set(caller.sim.seller().orders)


def test_an_order_updated_between_two_pages_is_left_to_the_next_search() -> None:
    sim = frozen(throttle=False)
    for number in range(3):
        sim.put_order(order_id=f"111-0000000-000000{number}", age_s=600 - number)
    caller = Caller(sim)
    first = caller.search(lastUpdatedAfter=DAY_AGO, maxResultsPerPage=1).json()

    sim.put_order(order_id="111-0000000-0000001", status="CANCELLED")

    token = first["pagination"]["nextToken"]
    rest = found(caller, lastUpdatedAfter=DAY_AGO, paginationToken=token)
    assert rest == ["111-0000000-0000002"]
    sim.advance(120)
    again = found(caller, lastUpdatedAfter=first["lastUpdatedBefore"])
    assert again == ["111-0000000-0000001"]


def test_a_page_token_is_good_for_the_same_search_only() -> None:
    caller = Caller(frozen(orders=20, throttle=False))
    query = {"createdAfter": iso(START - timedelta(days=7)), "fulfilledBy": "MERCHANT"}
    first = caller.search(**query, maxResultsPerPage=2).json()
    token = first["pagination"]["nextToken"]

    assert caller.search(**query, paginationToken=token, includedData="BUYER").status == 200
    other = {**query, "fulfilledBy": "AMAZON"}
    assert caller.search(**other, paginationToken=token).status == 400
    stranger = Caller(caller.sim, "stranger")
    assert stranger.search(**query, paginationToken=token).status == 400


def test_a_page_token_lives_for_a_day() -> None:
    sim = frozen(orders=20, throttle=False)
    caller = Caller(sim)
    query = {"createdAfter": iso(START - timedelta(days=7)), "maxResultsPerPage": 2}
    token = caller.search(**query).json()["pagination"]["nextToken"]

    sim.advance(24 * 3600)
    caller.token = ""
    assert caller.search(**query, paginationToken=token).status == 200
    sim.advance(1)

    assert caller.search(**query, paginationToken=token).status == 400


def test_an_unknown_order_is_not_found_and_a_malformed_id_is_refused() -> None:
    caller = Caller(frozen())

    assert caller.call("GET", f"/orders/2026-01-01/orders/{ID}").status == 404
    assert caller.call("GET", "/orders/2026-01-01/orders/TEST_CASE_400").status == 400


def test_an_order_not_sold_on_amazon_says_so() -> None:
    order = told("SHIPPED", "FULFILLMENT", sales_channel="Non-Amazon US", fulfilled_by="AMAZON")

    assert order["salesChannel"] == {"channelName": "NON_AMAZON"}
