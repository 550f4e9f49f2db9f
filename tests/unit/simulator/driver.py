"""A client for the simulator that needs no socket."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from simulator.clock import iso
from simulator.report_content import ALL_ORDERS
from simulator.server import CLIENT_ID, CLIENT_SECRET, Simulator
from simulator.wire import Request, Response

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
US, DE, GB, JP = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A1VC38T7YXB528"
CODECS = {"UTF-8": "utf-8", "Cp1252": "cp1252", "Windows-31J": "cp932"}


def frozen(orders: int = 0, **settings: Any) -> Simulator:
    """A simulator whose time stands still at START."""
    return Simulator(orders=orders, speed=0, start_at=START, **settings)


class Caller:
    """An application calling for one account."""

    def __init__(self, sim: Simulator, account: str = "demo", application: str = CLIENT_ID) -> None:
        self.sim = sim
        self.account = account
        self.application = application
        self.token = ""

    def login(self, **changes: str) -> Response:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": f"Atzr|sim-{self.account}",
            "client_id": self.application,
            "client_secret": CLIENT_SECRET,
            **changes,
        }
        headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
        request = Request("POST", "/auth/o2/token", headers, urlencode(form).encode())
        return self.sim.handle(request)

    def call(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        if not self.token:
            self.token = self.login().json()["access_token"]
        listed = {
            name: ",".join(value) if isinstance(value, (list, tuple)) else value
            for name, value in (query or {}).items()
        }
        target = f"{path}?{urlencode(listed)}" if listed else path
        sent = {"user-agent": "Tests/1.0", "x-amz-access-token": self.token, **(headers or {})}
        content = b"" if body is None else json.dumps(body).encode()
        return self.sim.handle(Request(method, target, sent, content))

    def admin(self, method: str, page: str, body: Any = None) -> Response:
        content = b"" if body is None else json.dumps(body).encode()
        return self.sim.handle(Request(method, f"/_simulator/{page}", {}, content))

    def create_report(self, **changes: Any) -> Response:
        now = self.sim.world.now()
        body = {
            "reportType": ALL_ORDERS,
            "marketplaceIds": [US],
            "dataStartTime": iso(now - timedelta(days=3)),
            "dataEndTime": iso(now),
            **changes,
        }
        return self.call("POST", "/reports/2021-06-30/reports", body=body)

    def report(self, report_id: str) -> dict[str, Any]:
        told: dict[str, Any] = self.call("GET", f"/reports/2021-06-30/reports/{report_id}").json()
        return told

    def finished_report(self, **changes: Any) -> dict[str, Any]:
        """Ask for a report, let a minute pass and return what became of it."""
        report_id = self.create_report(**changes).json()["reportId"]
        self.sim.advance(60)
        return self.report(report_id)

    def document(self, document_id: str) -> Response:
        path = f"/reports/2021-06-30/documents/{document_id}"
        return self.download(self.call("GET", path).json()["url"])

    def download(self, url: str) -> Response:
        return self.sim.handle(Request("GET", url))

    def rows(self, **changes: Any) -> list[dict[str, str]]:
        """Return the rows of a new report."""
        response = self.document(self.finished_report(**changes)["reportDocumentId"])
        header, *lines = text_of(response).splitlines()
        names = header.split("\t")
        return [dict(zip(names, line.split("\t"), strict=True)) for line in lines]

    def upload(self, url: str, content_type: str, content: bytes) -> Response:
        return self.sim.handle(Request("PUT", url, {"content-type": content_type}, content))

    def search(self, **query: Any) -> Response:
        return self.call("GET", "/orders/2026-01-01/orders", query)

    def order(self, order_id: str, *included: str) -> dict[str, Any]:
        query = {"includedData": included} if included else None
        answer = self.call("GET", f"/orders/2026-01-01/orders/{order_id}", query)
        told: dict[str, Any] = answer.json()["order"]
        return told


def text_of(response: Response) -> str:
    """Decode a downloaded document by its Content-Type, gunzipped if need be."""
    charset = response.headers["Content-Type"].partition("charset=")[2]
    packed = response.body[:2] == b"\x1f\x8b"
    return (gzip.decompress(response.body) if packed else response.body).decode(CODECS[charset])


TSV = "text/tab-separated-values; charset=UTF-8"
HEADINGS = (
    "order-id",
    "order-item-id",
    "quantity",
    "ship-date",
    "carrier-code",
    "carrier-name",
    "tracking-number",
    "ship-method",
)


def row(order_id: str, item_id: str = "", quantity: object = "", **cells: str) -> dict[str, str]:
    """A good row for the day of START, by UPS."""
    return {
        "order-id": order_id,
        "order-item-id": item_id,
        "quantity": str(quantity),
        "ship-date": "2026-11-23",
        "carrier-code": "UPS",
        "tracking-number": "1Z999AA10123456784",
        **{name.replace("_", "-"): value for name, value in cells.items()},
    }


def file_of(*rows: dict[str, str]) -> bytes:
    lines = ["\t".join(HEADINGS)]
    lines += ["\t".join(cells.get(name, "") for name in HEADINGS) for cells in rows]
    return ("\n".join(lines) + "\n").encode()


class FeedCaller(Caller):
    """Sends fulfillment feeds."""

    def document_for(self, content: bytes, content_type: str = TSV) -> str:
        """Upload a document and return its id."""
        body = {"contentType": content_type}
        told = self.call("POST", "/feeds/2021-06-30/documents", body=body).json()
        assert self.upload(told["url"], content_type, content).status == 200
        return str(told["feedDocumentId"])

    def create_feed(self, document_id: str, **changes: Any) -> Response:
        body = {
            "feedType": "POST_FLAT_FILE_FULFILLMENT_DATA",
            "marketplaceIds": [US],
            "inputFeedDocumentId": document_id,
            **changes,
        }
        return self.call("POST", "/feeds/2021-06-30/feeds", body=body)

    def send(self, *rows: dict[str, str], **changes: Any) -> str:
        """Send a feed of these rows and return its id."""
        document_id = self.document_for(file_of(*rows))
        return str(self.create_feed(document_id, **changes).json()["feedId"])

    def feed(self, feed_id: str) -> dict[str, Any]:
        told: dict[str, Any] = self.call("GET", f"/feeds/2021-06-30/feeds/{feed_id}").json()
        return told

    def result(self, feed_id: str) -> Response:
        """Download the result document of a feed."""
        document_id = self.feed(feed_id)["resultFeedDocumentId"]
        path = f"/feeds/2021-06-30/documents/{document_id}"
        return self.download(self.call("GET", path).json()["url"])

    def verdict(self, *rows: dict[str, str]) -> tuple[int, int, list[list[str]]]:
        """Send rows; return (processed, successful, [record, code, severity] of each issue)."""
        feed_id = self.send(*rows)
        self.sim.advance(60)
        return summary_of(text_of(self.result(feed_id)))


def summary_of(text: str) -> tuple[int, int, list[list[str]]]:
    lines = text.splitlines()
    counts = [int(line.split("\t")[-1]) for line in lines if "Number of records" in line]
    table = [line.split("\t") for line in lines[4:]]
    issues = [[cells[0], cells[3], cells[4]] for cells in table[1:]]
    return counts[0], counts[1], issues
