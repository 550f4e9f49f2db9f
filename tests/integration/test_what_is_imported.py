"""One order of Amazon's, told whole: what of it is here after its import."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from actors.app import App, build
from actors.runtime.memory_broker import MemoryBroker
from cli.inline import until_quiet, workers
from config.settings import load_settings
from domain.messages import RefreshDue, ReportDue, ReportKind
from domain.orders import Buyer, EnrichmentState, Order
from simulator.server import Simulator
from tests.fakes.mongo import fresh_database, mongodb_url

ACCOUNT = "alpha"
US = "ATVPDKIKX0DER"
ORDER_ID = "111-1234567-1234567"
LATE_ORDER_ID = "111-7654321-7654321"
PATIENCE_S = 60
PERSON = {
    "name": "Buyer 17",
    "email": "buyer-17@example.invalid",
    "phone": "+00 555 0000017",
    "recipient": "Recipient 71",
    "address_line_1": "Example Street 17",
    "address_line_2": "Unit 3",
    "address_line_3": "Rear building",
    "city": "Exampleville",
    "state": "OR",
    "postal_code": "00017-0001",
    "country": "US",
}
ITEMS = [
    {"order_item_id": "00000000000017", "sku": "BP-100", "quantity": 2},
    {"order_item_id": "00000000000018", "sku": "0042 A"},
]


@pytest.fixture(scope="module")
def amazon() -> Iterator[Simulator]:
    """Two orders: one is paid, of the other the payment is not through yet."""
    with Simulator(
        orders=0, throttle=False, report_queue_s=0, report_progress_s=0, orders_lag_s=0
    ) as running:
        for order_id, status in ((ORDER_ID, "UNSHIPPED"), (LATE_ORDER_ID, "PENDING")):
            running.put_order(
                account=ACCOUNT,
                order_id=order_id,
                status=status,
                age_s=3600,
                person=PERSON,
                items=ITEMS,
            )
        yield running


@pytest.fixture(scope="module")
def app(amazon: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Everything in this process, after the import of the report."""
    with mongodb_url() as url, fresh_database(url) as database:
        settings = load_settings(
            {
                "mongodb_url": url,
                "mongodb_database": database,
                "amazon_endpoint": amazon.url,
                "data_dir": str(tmp_path_factory.mktemp("data")),
                "encryption__keys__test": base64.b64encode(bytes(32)).decode(),
                f"accounts__{ACCOUNT}__marketplaces": "US",
                f"accounts__{ACCOUNT}__client_id": "amzn1.application-oa2-client.demo",
                f"accounts__{ACCOUNT}__client_secret": "demo",
                f"accounts__{ACCOUNT}__refresh_token": f"Atzr|sim-{ACCOUNT}",
            }
        )
        running = build(settings, broker=MemoryBroker())
        try:
            with workers(running.broker):
                now = datetime.now(UTC)
                due = ReportDue.first(
                    key="1", account=ACCOUNT, at=now, kind=ReportKind.ORDERS, marketplace=US
                )
                running.publish(due)
                assert until_quiet(running.broker, PATIENCE_S)
                yield running
        finally:
            running.close()


def stored(app: App, order_id: str = ORDER_ID) -> Order:
    order = app.ports.orders.get(ACCOUNT, order_id)
    assert order is not None
    return order


def buyer(app: App, order_id: str = ORDER_ID) -> Buyer:
    found = stored(app, order_id).buyer
    assert found is not None
    return found


def test_amazons_order_id_is_imported(app: App) -> None:
    assert stored(app).order_id == "111-1234567-1234567"


def test_the_order_item_id_of_each_line_item_is_imported(app: App) -> None:
    items = {item.order_item_id: item.quantity_ordered for item in stored(app).items}

    assert items == {"00000000000017": 2, "00000000000018": 1}


def test_the_seller_sku_of_each_line_item_is_imported(app: App) -> None:
    order = stored(app)

    assert [line.sku for line in order.lines] == ["BP-100", "0042 A"]
    assert [item.sku for item in order.items] == ["BP-100", "0042 A"]


def test_the_email_of_the_buyer_is_imported(app: App) -> None:
    assert buyer(app).email == "buyer-17@example.invalid"


def test_the_name_of_the_buyer_is_imported(app: App) -> None:
    assert buyer(app).name == "Buyer 17"


def test_the_phone_number_is_imported_where_amazon_gives_one(app: App) -> None:
    assert buyer(app).phone == "+00 555 0000017"


def test_the_recipients_name_is_imported_beside_the_buyers_different_one(app: App) -> None:
    assert (buyer(app).recipient_name, buyer(app).name) == ("Recipient 71", "Buyer 17")


def test_the_first_second_and_third_line_of_the_ship_address_are_imported(app: App) -> None:
    found = buyer(app)

    assert (found.address_line_1, found.address_line_2, found.address_line_3) == (
        "Example Street 17",
        "Unit 3",
        "Rear building",
    )


def test_ship_city_state_country_and_postal_code_are_imported(app: App) -> None:
    found = buyer(app)

    assert (found.city, found.state, found.country_code, found.postal_code) == (
        "Exampleville",
        "OR",
        "US",
        "00017-0001",
    )


def test_what_amazon_withholds_while_pending_is_filled_in_afterwards(
    app: App, amazon: Simulator
) -> None:
    before = stored(app, LATE_ORDER_ID)
    assert (before.buyer, before.enrichment) == (None, EnrichmentState.INCOMPLETE_PENDING)

    amazon.put_order(account=ACCOUNT, order_id=LATE_ORDER_ID, status="UNSHIPPED")
    now = app.store.now()
    app.publish(RefreshDue.first(key="2", account=ACCOUNT, at=now, due_at=now))
    assert until_quiet(app.broker, PATIENCE_S)

    assert buyer(app, LATE_ORDER_ID).email == "buyer-17@example.invalid"
    assert stored(app, LATE_ORDER_ID).enrichment is EnrichmentState.COMPLETE
