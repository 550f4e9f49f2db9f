from __future__ import annotations

import gzip
import logging
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domain.amazon_feeds import AmazonFeed, FeedDocument
from domain.errors import LinkExpired, Refused, Unavailable
from spapi.feeds import AmazonFeedsGateway
from tests.fakes.amazon_http import ScriptedAmazon, answer, seller, stream

TSV = "text/tab-separated-values; charset=UTF-8"
FULFILLMENT = "POST_FLAT_FILE_FULFILLMENT_DATA"
GERMANY = "A1PA6795UKMFR9"
URL = "https://files.example/feed?X-Amz-Signature=made-up-signature"
SINCE = datetime(2026, 11, 23, 9, 55, tzinfo=UTC)
DATE = {"date": "Mon, 23 Nov 2026 10:00:00 GMT"}


@pytest.fixture
def gateway(amazon: ScriptedAmazon) -> AmazonFeedsGateway:
    accounts = {"garage": seller(amazon_writes=True), "new": seller("new")}
    return AmazonFeedsGateway(accounts, amazon.calls)


def amazons(feed_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "feedId": feed_id,
        "feedType": FULFILLMENT,
        "createdTime": "2026-11-23T10:00:06.5Z",
        "processingStatus": "IN_QUEUE",
        **changes,
    }


def test_a_document_comes_with_its_url_and_amazons_clock(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    amazon.will(answer({"feedDocumentId": "d-1", "url": URL}, 201, DATE))

    document = gateway.create_document("garage", TSV)

    at = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert document == FeedDocument(document_id="d-1", url=URL, served_at=at)
    assert "made-up-signature" not in repr(document)
    assert amazon.requests[0].url.path == "/feeds/2021-06-30/documents"
    assert amazon.body() == {"contentType": TSV}


def test_an_upload_sends_the_very_content_type_and_no_token(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    amazon.files.append(stream([b""]))

    gateway.upload("garage", URL, TSV, b"order-id\torder-item-id\n")

    (request,) = amazon.file_requests
    assert (request.method, str(request.url)) == ("PUT", URL)
    assert request.headers.get_list("content-type") == [TSV]
    assert request.content == b"order-id\torder-item-id\n"
    assert "x-amz-access-token" not in request.headers
    assert amazon.quotas.of("succeeded") == [("garage", "uploadDocument")]


def test_an_expired_upload_url_is_told_with_the_storages_code(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    page = b"<Error><Code>SignatureDoesNotMatch</Code><StringToSign>x</StringToSign></Error>"
    amazon.files.append(stream([page], status=403))

    with pytest.raises(LinkExpired) as caught:
        gateway.upload("garage", URL, TSV, b"")

    assert str(caught.value) == "uploadDocument: 403 SignatureDoesNotMatch"


def test_an_upload_over_plain_http_is_refused(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    with pytest.raises(Refused) as caught:
        gateway.upload("garage", URL.replace("https", "http"), TSV, b"")

    assert caught.value.code == "InsecureURL"
    assert amazon.file_requests == []


def test_a_feed_is_created_from_its_document(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    amazon.will(answer({"feedId": "70001"}, 202))

    assert gateway.create_feed("garage", FULFILLMENT, [GERMANY], "d-1") == "70001"

    (request,) = amazon.requests
    assert (request.method, request.url.path) == ("POST", "/feeds/2021-06-30/feeds")
    assert amazon.body() == {
        "feedType": FULFILLMENT,
        "marketplaceIds": [GERMANY],
        "inputFeedDocumentId": "d-1",
    }


def test_a_feed_whose_creation_got_no_answer_is_unavailable_and_not_repeated(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    amazon.will(httpx.ReadTimeout("slow"))

    with pytest.raises(Unavailable):
        gateway.create_feed("garage", FULFILLMENT, [GERMANY], "d-1")

    assert len(amazon.requests) == 1


def test_an_account_that_may_not_write_sends_nothing(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    for write in (
        lambda: gateway.create_document("new", TSV),
        lambda: gateway.upload("new", URL, TSV, b""),
        lambda: gateway.create_feed("new", FULFILLMENT, [GERMANY], "d-1"),
    ):
        with pytest.raises(Refused) as caught:
            write()
        assert caught.value.code == "AmazonWritesOff"

    assert amazon.requests == amazon.file_requests == amazon.token_requests == []


def test_a_feed_is_amazons_word_in_our_types(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    amazon.will(
        answer(
            amazons(
                "70002",
                processingStatus="DONE",
                marketplaceIds=[GERMANY],
                processingStartTime="2026-11-23T10:01:00Z",
                processingEndTime="2026-11-23T10:02:00Z",
                resultFeedDocumentId="d-2",
            )
        )
    )

    assert gateway.feed("garage", "70002") == AmazonFeed(
        feed_id="70002",
        processing_status="DONE",
        feed_type=FULFILLMENT,
        created_at=datetime(2026, 11, 23, 10, 0, 6, 500_000, tzinfo=UTC),
        marketplaces=(GERMANY,),
        processing_started_at=datetime(2026, 11, 23, 10, 1, tzinfo=UTC),
        processing_ended_at=datetime(2026, 11, 23, 10, 2, tzinfo=UTC),
        result_document_id="d-2",
    )
    assert amazon.requests[0].url.path == "/feeds/2021-06-30/feeds/70002"
    assert amazon.params() == {}


def test_feeds_are_listed_over_all_pages_with_amazons_clock_of_the_first(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    amazon.will(
        answer({"feeds": [amazons("70003")], "nextToken": "more=="}, headers=DATE),
        answer({"feeds": [amazons("70004"), amazons("70005")]}),
    )

    found = gateway.feeds("garage", FULFILLMENT, SINCE, [GERMANY, "A13V1IB3VIYZZH"])

    assert [feed.feed_id for feed in found.feeds] == ["70003", "70004", "70005"]
    assert found.served_at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert amazon.params(0) == {
        "feedTypes": FULFILLMENT,
        "marketplaceIds": f"{GERMANY},A13V1IB3VIYZZH",
        "createdSince": "2026-11-23T09:55:00.000Z",
        "pageSize": "100",
    }
    assert amazon.params(1) == {"nextToken": "more=="}


@pytest.mark.parametrize("compression", ["GZIP", None])
def test_a_result_is_read_whole(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway, compression: str | None
) -> None:
    table = "Feed Processing Summary:\r\n\tNumber of records processed\t\t1\r\nGrüße"
    raw = table.encode("cp1252")
    document = {"feedDocumentId": "d-2", "url": URL}
    amazon.will(answer(document | ({"compressionAlgorithm": compression} if compression else {})))
    sent = gzip.compress(raw) if compression else raw
    amazon.files.append(stream([sent], content_type="text/plain; charset=Cp1252"))

    result = gateway.result("garage", "d-2")

    assert (result.text, result.charset, result.truncated) == (table, "cp1252", False)
    assert amazon.requests[0].url.path == "/feeds/2021-06-30/documents/d-2"
    assert amazon.params() == {}


def test_a_result_that_is_one_long_line_of_json_is_read(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway
) -> None:
    raw = b'\xef\xbb\xbf{"issues": "' + b"x" * 3_000_000 + b'"}'
    amazon.will(answer({"feedDocumentId": "d-2", "url": URL}))
    amazon.files.append(stream([raw]))

    result = gateway.result("garage", "d-2")

    assert len(result.text) == 3_000_000 + len('{"issues": ""}')
    assert result.text.startswith('{"issues"')


def test_a_cut_off_result_says_so(amazon: ScriptedAmazon, gateway: AmazonFeedsGateway) -> None:
    amazon.will(answer({"feedDocumentId": "d-2", "url": URL, "compressionAlgorithm": "GZIP"}))
    amazon.files.append(stream([gzip.compress(b"original-record-number\n")[:-9]]))

    assert gateway.result("garage", "d-2").truncated


def test_no_signed_url_or_content_reaches_logs_or_errors(
    amazon: ScriptedAmazon, gateway: AmazonFeedsGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    amazon.files.append(httpx.WriteTimeout(f"timed out at {URL}"))
    amazon.files.append(stream([b""]))

    with pytest.raises(Unavailable) as caught:
        gateway.upload("garage", URL, TSV, b"tracking-of-buyer-17")
    gateway.upload("garage", URL, TSV, b"tracking-of-buyer-17")

    assert "uploadDocument of garage: 200" in caplog.text
    for spoken in (caplog.text, str(caught.value)):
        assert "made-up-signature" not in spoken
        assert "tracking-of-buyer-17" not in spoken
