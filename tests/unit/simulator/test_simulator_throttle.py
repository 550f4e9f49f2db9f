from tests.unit.simulator.driver import Caller, frozen

ORDERS = "/orders/2026-01-01/orders/111-0000000-0000001"


def statuses(caller: Caller, times: int) -> list[int]:
    return [caller.call("GET", ORDERS).status for _ in range(times)]


def test_after_the_burst_calls_are_throttled_with_amazons_body() -> None:
    sim = frozen()
    sim.put_order(order_id="111-0000000-0000001")
    caller = Caller(sim)

    assert statuses(caller, 30) == [200] * 30

    refused = caller.call("GET", ORDERS)
    assert refused.status == 429
    assert refused.json() == {
        "errors": [
            {
                "code": "QuotaExceeded",
                "message": "You exceeded your quota for the requested resource.",
                "details": "",
            }
        ]
    }
    assert "x-amzn-RateLimit-Limit" not in refused.headers


def test_the_bucket_refills_with_simulated_time() -> None:
    sim = frozen()
    sim.put_order(order_id="111-0000000-0000001")
    caller = Caller(sim)
    statuses(caller, 30)

    sim.advance(4)

    assert statuses(caller, 3) == [200, 200, 429]


def test_the_burst_is_all_that_can_be_saved_up() -> None:
    sim = frozen()
    sim.put_order(order_id="111-0000000-0000001")
    caller = Caller(sim)
    statuses(caller, 1)

    sim.advance(3000)

    assert statuses(caller, 31) == [200] * 30 + [429]


def test_every_account_and_every_application_has_its_own_bucket() -> None:
    sim = frozen()
    sim.put_order(order_id="111-0000000-0000001")
    sim.put_order(order_id="111-0000000-0000001", account="other")
    assert statuses(Caller(sim), 31)[-1] == 429

    assert statuses(Caller(sim, "other"), 1) == [200]
    assert statuses(Caller(sim, application="amzn1.application-oa2-client.sim2"), 1) == [200]


def test_answers_tell_the_rate_even_when_they_are_not_found() -> None:
    sim = frozen()
    found = Caller(sim).call("GET", ORDERS)

    assert found.status == 404
    assert found.headers["x-amzn-RateLimit-Limit"] == "0.5"


def test_throttling_can_be_switched_off() -> None:
    sim = frozen(throttle=False)
    sim.put_order(order_id="111-0000000-0000001")

    assert statuses(Caller(sim), 100) == [200] * 100
