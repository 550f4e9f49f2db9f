import gzip

from simulator.report_content import ALL_ORDERS
from tests.unit.simulator.driver import Caller, FeedCaller, frozen, row


def test_a_gzipped_document_can_be_had_with_its_content_encoding() -> None:
    sim = frozen()
    sim.put_order()
    caller = Caller(sim)
    document_id = caller.finished_report()["reportDocumentId"]
    path = f"/reports/2021-06-30/documents/{document_id}"

    asked = caller.call("GET", path, {"enableContentEncodingUrlHeader": "true"}).json()
    plain = caller.call("GET", path, {"enableContentEncodingUrlHeader": "false"}).json()

    encoded = caller.download(asked["url"])
    assert encoded.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(encoded.body).startswith(b"amazon-order-id\t")
    assert "Content-Encoding" not in caller.download(plain["url"]).headers


def test_the_same_document_gets_a_new_url_each_time() -> None:
    sim = frozen()
    sim.put_order()
    caller = Caller(sim)
    path = f"/reports/2021-06-30/documents/{caller.finished_report()['reportDocumentId']}"

    urls = {caller.call("GET", path).json()["url"] for _ in range(3)}

    assert len(urls) == 3


def test_a_document_is_the_sellers_own() -> None:
    sim = frozen()
    sim.put_order()
    path = f"/reports/2021-06-30/documents/{Caller(sim).finished_report()['reportDocumentId']}"

    assert Caller(sim, "other").call("GET", path).status == 404


def test_reports_and_feeds_are_listed_for_ninety_days() -> None:
    sim = frozen(throttle=False)
    caller = FeedCaller(sim)
    caller.create_report()
    caller.send(row("111-0000000-0000001"))

    def listed() -> tuple[int, int]:
        caller.token = ""
        reports = caller.call("GET", "/reports/2021-06-30/reports", {"reportTypes": ALL_ORDERS})
        kind = "POST_FLAT_FILE_FULFILLMENT_DATA"
        feeds = caller.call("GET", "/feeds/2021-06-30/feeds", {"feedTypes": kind})
        return len(reports.json()["reports"]), len(feeds.json()["feeds"])

    sim.advance(90 * 86400)
    assert listed() == (1, 1)
    sim.advance(1)
    assert listed() == (0, 0)
