"""The whole installation as processes, watched by a real Prometheus with the rules that ship."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from actors.flow import FLOW
from actors.processes import PROCESSES
from actors.runtime.exchange import Exchange
from domain.messages import FulfillmentDue, RefreshDue, ReportDue, ReportKind
from domain.orders import EnrichmentState, Order
from simulator.server import Simulator
from tests.conftest import missing_service
from tests.fakes.composition import demo_variables, environment, services
from tests.fakes.image import Image
from tests.fakes.installation import (
    VHOST,
    Targets,
    empty_panels,
    log_text,
    start_service,
    watched,
)
from tests.fakes.mongo import mongodb_url
from tests.fakes.prometheus import PrivatePrometheus, PrometheusMissing, find
from tests.fakes.rabbitmq_node import PrivateRabbitMQ, installed_scripts
from tests.fakes.system import Places, System

pytestmark = pytest.mark.rabbitmq

US = "ATVPDKIKX0DER"
ORDERS = ("111-0000001-0000001", "111-0000002-0000002", "111-0000003-0000003")
REJECTED = ORDERS[0]
STAGES = [stage.name for stage in FLOW]
QUICK_AMAZON: dict[str, Any] = {
    "throttle": False,
    "report_queue_s": 0,
    "report_progress_s": 0,
    "orders_lag_s": 0,
    "feed_queue_s": 0,
    "feed_progress_s": 1,
    "visibility_s": 0,
}
PATIENCE_S = 300
"""For facts that come soon, but on a machine that is busy with other things."""
TELLING = 5
"""A shorter text of a buyer (a country, a state) may be in a log for other reasons."""
PRIVATE = re.compile(r"Atz[ar]\||amzn1\.oa2-cs|X-Amz-Signature|[\w.+-]+@[\w-]+\.\w")


@pytest.fixture(scope="module")
def node() -> Iterator[PrivateRabbitMQ]:
    scripts = installed_scripts()
    if scripts is None:
        missing_service("an installed rabbitmq-server is needed, with its Prometheus plugin")
    try:
        find("prometheus")
    except PrometheusMissing as missing:
        missing_service(str(missing))
    assert scripts is not None
    made = PrivateRabbitMQ(scripts, with_metrics=True)
    made.start()
    made.add_vhost(VHOST)
    yield made
    made.close()


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    made = Image()
    yield made
    made.close()


@pytest.fixture
def amazon() -> Iterator[Simulator]:
    with Simulator(seed=3, orders=0, marketplaces=[US], **QUICK_AMAZON) as running:
        yield running


def installed(
    folder: Path, node: PrivateRabbitMQ, image: Image, mongodb: str, amazon: Simulator, *more: str
) -> System:
    """Return the system of docker-compose.yml and demo.env, with more accounts if wanted."""
    broker_url = node.amqp_url.rpartition("/")[0] + f"/{VHOST}"
    places = Places(broker_url, mongodb, f"live_{folder.name[-8:]}", amazon.url)
    extra = environment(services(demo_variables())["scheduler"]) | {
        "BROKER_URL": broker_url,
        "MONGODB_URL": mongodb,
        "AMAZON_ENDPOINT": amazon.url,
        "SECRETS_DIR": str(image.secrets),
    }
    return System(folder, places, accounts=more, extra=extra)


def enter_tracking(system: System, order: Order, *, event_id: str) -> None:
    now = datetime.now(UTC)
    body = {
        "event_id": event_id,
        "version": 1,
        "account": order.account,
        "order_id": order.order_id,
        "carrier": "UPS",
        "tracking_number": f"1Z999AA1{order.order_id[-7:]}",
        "shipped_at": (now - timedelta(minutes=5)).isoformat(),
        "items": [{"order_item_id": each.order_item_id, "quantity": 1} for each in order.items],
        "entered_at": now.isoformat(),
    }
    exchange = Exchange(system.settings_env["BROKER_URL"])
    try:
        exchange("tracking.entered", event_id, json.dumps(body).encode())
    finally:
        exchange.close()


def seen(prometheus: PrivatePrometheus, expr: str) -> Callable[[], bool]:
    return lambda: bool(prometheus.query(expr))


def drive(system: System, amazon: Simulator) -> None:
    """Bring something through every stage: an order in, tracking out, a row that is rejected."""
    store, now = system.app.store, datetime.now(UTC)
    for key, order_id in enumerate(ORDERS):
        amazon.put_order(account="demo", order_id=order_id, age_s=7200 + key, status="UNSHIPPED")
    system.publish(
        ReportDue.first(key="live", account="demo", at=now, kind=ReportKind.ORDERS, marketplace=US)
    )

    def orders() -> list[Order]:
        found = list(store.views.list_orders(account="demo", limit=10))
        return [each for each in found if each.enrichment is not EnrichmentState.DUE]

    system.wait_until(
        lambda: len(orders()) == len(ORDERS), "the orders are read", timeout_s=PATIENCE_S
    )
    amazon.add_fault("row_verdict", code="13013", message="Not now.", order_id=REJECTED)
    for order in orders():
        enter_tracking(system, order, event_id=f"live-{order.order_id}")
    books = store.database["shipment_books"]
    system.wait_until(
        lambda: books.count_documents({"outbounds": "due"}) == len(ORDERS),
        "tracking is due",
        timeout_s=PATIENCE_S,
    )
    now = store.now()
    system.publish(FulfillmentDue.first(key="live", account="demo", at=now, due_at=now))
    system.wait_until(
        lambda: (
            books.count_documents({"outbounds": "accepted"}) == len(ORDERS) - 1
            and books.count_documents({"outbounds": "refused"}) == 1
        ),
        "Amazon's verdict is taken",
        timeout_s=PATIENCE_S,
    )


def bury_one(system: System) -> None:
    """Put a message on a stage's queue that nobody can read: it becomes a dead letter."""
    system.app.broker.channel.basic_publish("", "import_orders", b"not one of ours")  # type: ignore[attr-defined]


def test_every_panel_shows_something_and_every_rule_is_healthy(
    tmp_path: Path, node: PrivateRabbitMQ, image: Image, amazon: Simulator
) -> None:
    targets: Targets = {}
    check = image.health_check()
    with mongodb_url() as url, installed(tmp_path, node, image, url, amazon) as system:
        system.app.store.ensure_indexes()
        given = {
            name: start_service(system, image, name, targets) for name in (*STAGES, *PROCESSES)
        }
        with watched(targets, node) as prometheus:
            # What happens before Prometheus has seen the zero is no increase to it.
            up = f'sum(up{{job=~"connector-.+"}}) == {len(targets)}'
            system.wait_until(seen(prometheus, up), "every process is up", timeout_s=PATIENCE_S)
            healthy = [name for name in given if not image.run(check, given[name]).returncode]
            drive(system, amazon)
            bury_one(system)
            dead = 'rabbitmq_detailed_queue_messages{kind="XQ"} > 0'
            system.wait_until(
                seen(prometheus, dead), "the dead letter is seen", timeout_s=PATIENCE_S
            )
            keep_reading(system, prometheus)

            down = [each["labels"] for each in prometheus.targets() if each["health"] != "up"]
            rules = {each["name"]: each["health"] for each in prometheus.rules()}
            done = prometheus.query(
                'sum by (stage) (connector_stage_messages_total{outcome="done"}) > 0'
            )

            known = buyer_data(system)

        assert healthy == [*STAGES, *PROCESSES]
        assert down == []
        assert {name for name, health in rules.items() if health != "ok"} == set()
        assert {each["metric"]["stage"] for each in done} == set(STAGES)
    log = log_text(tmp_path)
    assert not_about_anything(log) == []
    assert PRIVATE.findall(log) == []
    assert len(known) > len(ORDERS)
    assert [text for text in known if text in log] == []


def not_about_anything(log: str) -> list[dict[str, Any]]:
    """Return the lines of stages that do not say which message they are about."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    ended = [line for line in lines if line["event"] == "stage_ended"]
    assert {line["stage"] for line in ended} == set(STAGES)
    about = ("flow_id", "stage", "account", "message_id")
    return [line for line in ended if not all(line.get(name) for name in about)]


def buyer_data(system: System) -> set[str]:
    """Return what is stored of the buyers, as far as it can be told from other words."""
    buyers = [system.app.store.orders.get("demo", order_id) for order_id in ORDERS]
    fields = [asdict(each.buyer) for each in buyers if each and each.buyer]
    return {str(text) for each in fields for text in each.values() if len(str(text)) > TELLING}


def keep_reading(system: System, prometheus: PrivatePrometheus) -> None:
    """Let a little happen until every panel has two samples of everything it shows.

    A rate needs something that happens while Prometheus looks.
    """
    deadline = time.monotonic() + PATIENCE_S
    while missing := empty_panels(prometheus):
        assert time.monotonic() < deadline, f"empty: {missing}\n{system.last_words()}"
        now = system.app.store.now()
        system.publish(RefreshDue.first(key=now.isoformat(), account="demo", at=now, due_at=now))
        time.sleep(1)


LANES = 20
SLOW_S = 0.5


def time_to_request(system: System, prometheus: PrivatePrometheus, turn: str) -> float:
    """Return how long it takes to ask for a report in every account; Amazon is slow."""
    reports = system.app.store.database["reports"]
    begun = time.monotonic()
    for number in range(LANES):
        now = datetime.now(UTC)
        system.publish(
            ReportDue.first(
                key=turn, account=f"a{number}", at=now, kind=ReportKind.ORDERS, marketplace=US
            )
        )
    system.wait_until(
        lambda: reports.count_documents({"state": "requested"}) == LANES,
        f"asked for {turn}",
        timeout_s=PATIENCE_S,
    )
    took = time.monotonic() - begun
    reports.delete_many({})
    return took


def test_a_second_worker_raises_the_throughput_and_both_are_seen(
    tmp_path: Path, node: PrivateRabbitMQ, image: Image, amazon: Simulator
) -> None:
    accounts = [f"a{number}" for number in range(LANES)]
    stage, targets = "request_report", Targets()
    amazon.add_fault("hang", operation="createReport", times=10_000, seconds=SLOW_S)
    with mongodb_url() as url, installed(tmp_path, node, image, url, amazon, *accounts) as system:
        system.app.store.ensure_indexes()
        start_service(system, image, stage, targets, "--threads", "1")
        start_service(system, image, stage, targets, "--threads", "1")
        with watched(targets, node) as prometheus:
            up = f'sum(up{{service="{stage}"}}) == 2'
            system.wait_until(seen(prometheus, up), "both workers are up", timeout_s=PATIENCE_S)
            of_two = time_to_request(system, prometheus, "by two")
            both = f'count(connector_stage_messages_total{{stage="{stage}",outcome="done"}} > 0)'
            system.wait_until(
                seen(prometheus, f"{both} == 2"), "both have worked", timeout_s=PATIENCE_S
            )
            system.terminate(stage)
            of_one = time_to_request(system, prometheus, "by one")

    # Half the time and more is waiting for Amazon, which no busy machine makes longer or shorter.
    assert of_one > LANES * SLOW_S
    assert of_two < 0.75 * of_one
