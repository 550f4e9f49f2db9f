"""What only a socket can show: connections kept, dropped and hung."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from simulator.server import CLIENT_ID, CLIENT_SECRET, Simulator, serve

ID = "111-0000000-0000001"
ROOT = Path(__file__).parents[2]
ORDER = f"/orders/2026-01-01/orders/{ID}"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(orders=0, speed=0) as simulator:
        simulator.put_order(order_id=ID)
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.url, headers={"user-agent": "Tests/1.0"}) as http:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": "Atzr|sim-demo",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        token = http.post("/auth/o2/token", data=form).json()["access_token"]
        http.headers["x-amz-access-token"] = token
        yield http


def test_one_connection_serves_many_requests(client: httpx.Client) -> None:
    def local_port() -> object:
        with client.stream("GET", ORDER) as response:
            stream = response.extensions["network_stream"]
            response.read()
            return stream.get_extra_info("client_addr")

    assert local_port() == local_port()


def test_every_answer_has_a_date_and_a_request_id(client: httpx.Client) -> None:
    answer = client.get(ORDER)

    assert answer.headers["date"].endswith("GMT")
    assert answer.headers["x-amzn-requestid"]
    assert answer.headers["x-amzn-ratelimit-limit"] == "0.5"


def test_a_dropped_connection_is_seen_by_the_client(sim: Simulator, client: httpx.Client) -> None:
    sim.add_fault("drop_after_effect", operation="getOrder")

    with pytest.raises(httpx.RemoteProtocolError):
        client.get(ORDER)

    assert client.get(ORDER).status_code == 200
    assert sim.calls("getOrder") == 2


def test_a_hang_outlasts_the_clients_patience_and_holds_nobody_else_up(
    sim: Simulator, client: httpx.Client
) -> None:
    sim.add_fault("hang", operation="getOrder", seconds=30)

    with pytest.raises(httpx.ReadTimeout):
        client.get(ORDER, timeout=0.1)

    assert client.get(ORDER).status_code == 200


def test_documents_need_no_token(sim: Simulator, client: httpx.Client) -> None:
    sim.serve_report_document(b"bytes")
    body = {"reportType": "GET_FLAT_FILE_OPEN_LISTINGS_DATA", "marketplaceIds": ["ATVPDKIKX0DER"]}
    report_id = client.post("/reports/2021-06-30/reports", json=body).json()["reportId"]
    sim.advance(60)
    report = client.get(f"/reports/2021-06-30/reports/{report_id}").json()
    path = f"/reports/2021-06-30/documents/{report['reportDocumentId']}"
    url = client.get(path).json()["url"]

    assert url.startswith(sim.url)
    assert httpx.get(url).content == b"bytes"


def test_stopping_does_not_wait_for_idle_or_hung_clients() -> None:
    simulator = Simulator(orders=0, speed=0).start()
    simulator.add_fault("hang", operation="token", seconds=600)
    host, port = simulator.url.removeprefix("http://").split(":")
    idle = socket.create_connection((host, int(port)))
    hung = threading.Thread(target=_post_and_ignore, args=(simulator.url,))
    hung.start()
    deadline = time.monotonic() + 5
    while not simulator.calls("token") and time.monotonic() < deadline:
        threading.Event().wait(0.01)

    began = time.monotonic()
    simulator.stop()

    assert time.monotonic() - began < 3
    hung.join()
    idle.close()


def _post_and_ignore(url: str) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.post(url + "/auth/o2/token", data={"grant_type": "x"}, timeout=20)


def test_a_taken_port_is_told_at_once(sim: Simulator) -> None:
    port = int(sim.url.rpartition(":")[2])

    with pytest.raises(OSError, match="in use"):
        serve(port, seed=7, orders=0, speed=1.0)


def test_in_the_foreground_it_runs_until_it_is_told_to_stop() -> None:
    code = (
        "from simulator.server import serve\n"
        "serve(0, seed=7, orders=3, speed=60, ready=lambda url: print(url, flush=True))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            state = httpx.get(f"{url}/_simulator/state").json()
        finally:
            process.terminate()
        assert process.wait(10) == 0

    assert state["speed"] == 60
