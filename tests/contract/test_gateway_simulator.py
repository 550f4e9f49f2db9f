"""What the gateway makes of a living Amazon: reports, orders, and everything that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from config.sections import Http
from domain.errors import StalePageToken, Suspended, Throttled, Unavailable
from simulator.server import Simulator
from spapi.client import make_client
from tests.contract.gateway_simulator import DE, JP, START, US, Bench, account, report

ID = "111-0000000-0000001"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(orders=0, speed=0, start_at=START, throttle=False) as running:
        yield running
        assert running.state()["unknown_parameters"] == []


@pytest.fixture
def bench(simulator: Simulator) -> Iterator[Bench]:
    with make_client() as client:
        yield Bench(simulator, client, account(simulator, marketplaces=(US, DE, JP)))


def test_a_report_is_asked_for_polled_and_read(bench: Bench) -> None:
    for number in range(1, 4):
        bench.simulator.put_order(order_id=f"111-0000000-000000{number}", age_s=3600)

    amazon_id = bench.reports.request(report(), asked_before=False)
    early = bench.reports.status("demo", amazon_id)
    bench.simulator.advance(60)
    done = bench.reports.status("demo", amazon_id)
    header, *rows = bench.lines(done.document_id)

    assert (early.processing_status, early.document_id) == ("IN_QUEUE", "")
    assert done.processing_status == "DONE"
    assert (done.data_start, done.data_end) == (START - timedelta(days=3), START)
    assert header.startswith("amazon-order-id\t")
    assert {row.split("\t")[0] for row in rows} == {
        f"111-0000000-000000{number}" for number in (1, 2, 3)
    }


def test_a_report_whose_answer_was_lost_is_found_and_not_made_twice(bench: Bench) -> None:
    bench.simulator.add_fault("drop_after_effect", operation="createReport")
    with pytest.raises(Unavailable):
        bench.reports.request(report(), asked_before=False)

    amazon_id = bench.reports.request(report(), asked_before=True)

    assert bench.simulator.calls("createReport") == 1
    assert bench.reports.status("demo", amazon_id).data_end == START


def test_a_report_that_was_never_made_is_made_after_the_look(bench: Bench) -> None:
    bench.simulator.add_fault("drop_before_effect", operation="createReport")
    with pytest.raises(Unavailable):
        bench.reports.request(report(), asked_before=False)
    bench.reports.request(report(until=START - timedelta(hours=1)), asked_before=False)

    bench.reports.request(report(), asked_before=True)

    assert bench.simulator.calls("createReport") == 3
    assert len(bench.simulator.seller().reports) == 2


@pytest.mark.parametrize(
    ("marketplace", "title", "charset"),
    [
        (US, "Brake Pads \u2013 Señor", "utf-8"),
        (DE, "Bremsbeläge für Škoda", "cp1252"),
        (JP, "ブレーキパッド 前後セット", "cp932"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_names_arrive_intact_in_each_marketplaces_charset(
    bench: Bench, marketplace: str, title: str, charset: str, *, packed: bool
) -> None:
    bench.simulator.configure(gzip_reports=packed)
    item = {"sku": "BP-100", "title": title}
    bench.simulator.put_order(order_id=ID, marketplace_id=marketplace, age_s=3600, items=[item])

    document_id = bench.finished(report(marketplace))

    with bench.reports.open_document("demo", document_id) as document:
        assert title in list(document)[1].split("\t")
        assert document.charset == charset


@pytest.mark.parametrize(
    ("marketplace", "title", "charset"),
    [
        (DE, "Bremsbeläge für Škoda", "utf-8+cp1252"),
        (JP, "ブレーキパッド 前後セット", "utf-8+cp932"),
    ],
)
def test_names_arrive_intact_under_a_wrong_label(
    bench: Bench, marketplace: str, title: str, charset: str
) -> None:
    bench.simulator.add_fault("wrong_charset")
    item = {"sku": "BP-100", "title": title}
    bench.simulator.put_order(order_id=ID, marketplace_id=marketplace, age_s=3600, items=[item])

    document_id = bench.finished(report(marketplace))

    with bench.reports.open_document("demo", document_id) as document:
        assert title in list(document)[1].split("\t")
        assert document.charset == charset


def test_a_cut_off_report_says_so_and_gives_whole_lines(bench: Bench) -> None:
    bench.simulator.add_fault("truncated_gzip")
    for number in range(400):
        bench.simulator.put_order(order_id=f"111-0000000-{number:07}", age_s=3600)

    document_id = bench.finished(report())

    with bench.reports.open_document("demo", document_id) as document:
        header, *rows = document
        assert document.truncated
    assert 0 < len(rows) < 400
    assert {row.count("\t") for row in rows} == {header.count("\t")}


def test_a_document_host_that_is_down_is_unavailable_and_heals(bench: Bench) -> None:
    bench.simulator.serve_report_document(b"header\n")
    document_id = bench.finished(report())
    bench.simulator.add_fault("error_503_html", operation="document")

    with pytest.raises(Unavailable):
        bench.lines(document_id)

    assert bench.lines(document_id) == ["header"]


def search_all(bench: Bench, pages: int) -> set[str]:
    token, found = None, set()
    for _ in range(pages):
        page = bench.orders.search(
            "demo", updated_after=START - timedelta(days=1), page_token=token
        )
        assert page.unreadable == ()
        assert page.last_updated_before is not None
        found |= {order.order_id for order in page.orders}
        token = page.next_token
    assert token is None
    return found


def test_a_search_brings_every_changed_order_page_by_page(bench: Bench) -> None:
    ids = {f"111-0000000-{number:07}" for number in range(230)}
    for order_id in ids:
        bench.simulator.put_order(order_id=order_id, age_s=3600)
    bench.simulator.put_order(order_id="111-9999999-9999999", age_s=3600, fulfilled_by="AMAZON")

    assert search_all(bench, pages=3) == ids


def test_a_page_token_that_is_too_old_is_stale(bench: Bench) -> None:
    for number in range(101):
        bench.simulator.put_order(order_id=f"111-0000000-{number:07}", age_s=3600)
    since = START - timedelta(days=1)
    first = bench.orders.search("demo", updated_after=since, page_token=None)
    bench.simulator.advance(25 * 3600)

    with pytest.raises(StalePageToken):
        bench.orders.search("demo", updated_after=since, page_token=first.next_token)


def test_an_order_is_read_with_its_buyer_and_items(bench: Bench) -> None:
    item = {"sku": "BP-100", "quantity": 2, "order_item_id": "00012345", "unit_price_minor": 1999}
    bench.simulator.put_order(order_id=ID, status="UNSHIPPED", age_s=3600, items=[item])

    order = bench.orders.get("demo", ID)

    assert order is not None
    assert (order.status, order.fulfilled_by) == ("UNSHIPPED", "MERCHANT")
    assert order.buyer is not None
    assert "" not in (order.buyer.email, order.buyer.recipient_name, order.buyer.address_line_1)
    (read,) = order.items
    assert (read.order_item_id, read.sku) == ("00012345", "BP-100")
    assert (read.quantity_ordered, read.quantity_unfulfilled) == (2, 2)
    assert (read.currency, read.unit_price_minor) == ("USD", 1999)


@pytest.mark.parametrize("why", ["pending", "missing role"])
def test_a_withheld_buyer_is_absent_and_no_error(bench: Bench, why: str) -> None:
    if why == "missing role":
        bench.simulator.add_fault("missing_role")
    status = "PENDING" if why == "pending" else "UNSHIPPED"
    bench.simulator.put_order(order_id=ID, status=status, age_s=3600)

    order = bench.orders.get("demo", ID)

    assert order is not None
    assert order.buyer is None or order.buyer.email == order.buyer.recipient_name == ""


def test_an_unknown_order_is_none(bench: Bench) -> None:
    assert bench.orders.get("demo", "999-0000000-0000000") is None


def test_an_expired_token_is_renewed_without_anybody_noticing(bench: Bench) -> None:
    bench.simulator.put_order(order_id=ID)
    assert bench.orders.get("demo", ID)
    bench.simulator.advance(3601)

    assert bench.orders.get("demo", ID)
    assert bench.simulator.calls("token") == 2
    assert bench.quotas.of("failed") == []


def test_a_revoked_grant_suspends_the_account_until_it_works_again(bench: Bench) -> None:
    bench.simulator.put_order(order_id=ID)
    assert bench.orders.get("demo", ID)
    bench.simulator.add_fault("revoke_token")

    with pytest.raises(Suspended) as caught:
        bench.orders.get("demo", ID)
    bench.simulator.clear_faults()

    assert caught.value.scope == "account demo"
    assert "invalid_grant" in caught.value.reason
    assert len(bench.quotas.of("suspend_account")) == 1
    assert bench.orders.get("demo", ID)


def test_a_wrong_secret_suspends_the_account(bench: Bench, simulator: Simulator) -> None:
    wrong = Bench(simulator, bench.client, account(simulator, client_secret="mistyped"))

    with pytest.raises(Suspended, match="invalid_client"):
        wrong.orders.get("demo", ID)


@pytest.mark.parametrize("kind", ["error_500", "error_503_html", "drop_after_effect"])
def test_an_operation_in_trouble_is_unavailable_and_heals(bench: Bench, kind: str) -> None:
    bench.simulator.put_order(order_id=ID)
    bench.simulator.add_fault(kind, operation="getOrder")

    with pytest.raises(Unavailable):
        bench.orders.get("demo", ID)

    assert bench.orders.get("demo", ID)
    assert len(bench.quotas.of("failed")) == 1


def test_an_answer_that_does_not_come_is_unavailable_in_time(
    bench: Bench, simulator: Simulator
) -> None:
    simulator.add_fault("hang", operation="getOrder", seconds=30)
    with make_client(Http(call_timeout_s=0.2)) as client, pytest.raises(Unavailable) as caught:
        Bench(simulator, client, bench.account).orders.get("demo", ID)

    assert str(caught.value) == "getOrder: ReadTimeout"


def test_a_used_up_quota_is_throttled_and_the_rate_is_learned(bench: Bench) -> None:
    bench.simulator.put_order(order_id=ID)
    assert bench.orders.get("demo", ID)
    bench.simulator.add_fault("throttle", operation="getOrder")

    with pytest.raises(Throttled):
        bench.orders.get("demo", ID)

    assert bench.quotas.of("learn_rate") == [("demo", "getOrder", 0.5)]
    assert bench.quotas.of("push_back") == [("demo", "getOrder", 2.0)]
