from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator

import httpx
import pytest

from domain.errors import LinkExpired, Malformed, Refused, Suspended, Throttled, Unavailable
from spapi.reports import AmazonReportsGateway
from tests.fakes.amazon_http import ScriptedAmazon, answer, seller, stream

URL = "https://files.example/report?X-Amz-Signature=made-up-signature"
EXPIRED = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


@pytest.fixture
def gateway(amazon: ScriptedAmazon) -> AmazonReportsGateway:
    return AmazonReportsGateway({"garage": seller()}, amazon.calls)


def described(url: str = URL, compression: str | None = None) -> httpx.Response:
    extra = {"compressionAlgorithm": compression} if compression else {}
    return answer({"reportDocumentId": "d-1", "url": url, **extra})


def read(gateway: AmazonReportsGateway) -> list[str]:
    with gateway.open_document("garage", "d-1") as document:
        return list(document)


def test_a_document_is_read_in_the_charset_of_its_content_type(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(described())
    raw = "header\nMünchen\n".encode("cp1252")
    amazon.files.append(stream([raw], content_type="text/plain; charset=Cp1252"))

    with gateway.open_document("garage", "d-1") as document:
        assert list(document) == ["header", "München"]
        assert document.charset == "cp1252"
        assert not document.truncated
    assert amazon.requests[0].url.path == "/reports/2021-06-30/documents/d-1"
    assert amazon.params() == {}


def test_a_presigned_url_gets_no_token_and_no_offer_to_unpack(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(described())
    amazon.files.append(stream([b"header\n"]))

    read(gateway)

    (request,) = amazon.file_requests
    assert str(request.url) == URL
    assert "x-amz-access-token" not in request.headers
    assert request.headers["accept-encoding"] == "identity"
    assert request.extensions["timeout"]["read"] == 60.0


def test_a_packed_document_is_unpacked_once(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    packed = gzip.compress(b"header\nrow\n")
    amazon.will(described(compression="GZIP"), described(compression="GZIP"))
    amazon.files.append(stream([packed]))
    amazon.files.append(stream([packed], content_encoding="gzip"))

    assert read(gateway) == ["header", "row"]
    assert read(gateway) == ["header", "row"]


def test_a_cut_off_packed_document_says_so(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(described(compression="GZIP"))
    amazon.files.append(stream([gzip.compress(b"header\nrow\n", compresslevel=0)[:-10]]))

    with gateway.open_document("garage", "d-1") as document:
        assert list(document) == ["header"]
        assert document.truncated


def test_an_expired_url_is_fetched_afresh_once(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(described(), described())
    amazon.files.append(stream([EXPIRED.encode()], status=403))
    amazon.files.append(stream([b"header\n"]))

    assert read(gateway) == ["header"]
    assert len(amazon.requests) == len(amazon.file_requests) == 2
    assert amazon.quotas.of("failed") == []


def test_a_url_that_is_expired_twice_is_unavailable(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(described(), described())
    amazon.files.append(stream([EXPIRED.encode()], status=403))
    amazon.files.append(stream([EXPIRED.encode()], status=403))

    with pytest.raises(LinkExpired) as caught:
        read(gateway)

    assert isinstance(caught.value, Unavailable)
    assert str(caught.value) == "downloadDocument: 403 AccessDenied"


@pytest.mark.parametrize(
    "scripted",
    [
        stream([b"<html>Slow Down</html>"], status=503),
        stream([b"slow down"], status=429),
        stream([b"too slow"], status=408),
        stream([b""], status=307),
        httpx.ConnectTimeout("slow"),
        httpx.ReadError("reset"),
    ],
)
def test_a_host_that_does_not_serve_is_unavailable(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway, scripted: httpx.Response | Exception
) -> None:
    amazon.will(described())
    amazon.files.append(scripted)

    with pytest.raises(Unavailable):
        read(gateway)

    ((_, operation, _),) = amazon.quotas.of("failed")
    assert operation == "downloadDocument"


def dropping() -> Iterator[bytes]:
    yield b"header\nrow one\nro"
    raise httpx.ReadError("reset")


@pytest.mark.parametrize(
    "response",
    [
        stream(dropping()),
        stream([b"header\nrow one\nro"], content_length="40"),
    ],
)
def test_a_connection_that_drops_is_unavailable_after_the_lines_so_far(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway, response: httpx.Response
) -> None:
    amazon.will(described())
    amazon.files.append(response)
    got: list[str] = []

    with (
        pytest.raises(Unavailable),
        gateway.open_document("garage", "d-1") as document,
    ):
        got.extend(iter(document))

    assert got == ["header", "row one"]
    assert response.is_closed
    assert amazon.quotas.of("failed")[0][1] == "downloadDocument"


def test_a_reader_that_stops_early_closes_the_connection(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    response = stream([b"header\n", b"row\n"])
    amazon.will(described())
    amazon.files.append(response)

    with gateway.open_document("garage", "d-1") as document:
        assert next(iter(document)) == "header"

    assert response.is_closed
    assert amazon.quotas.of("failed") == []


@pytest.mark.parametrize("url", ["http://files.example/report", "ftp://files.example/report"])
def test_a_url_that_is_not_https_is_refused(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway, url: str
) -> None:
    amazon.will(described(url))

    with pytest.raises(Refused) as caught:
        read(gateway)

    assert caught.value.code == "InsecureURL"
    assert amazon.file_requests == []


def test_a_simulator_on_http_may_give_http_urls(amazon: ScriptedAmazon) -> None:
    account = seller(endpoint="http://simulator.example:8080")
    gateway = AmazonReportsGateway({"garage": account}, amazon.calls)
    amazon.will(described("http://files.example/report"))
    amazon.files.append(stream([b"header\n"]))

    assert read(gateway) == ["header"]


def test_a_url_that_is_none_is_malformed(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway
) -> None:
    amazon.will(described("https://files.example:port/report"))

    with pytest.raises(Malformed):
        read(gateway)


@pytest.mark.parametrize(
    "refusal",
    [
        Throttled("downloadDocument", retry_after_s=1.0),
        Suspended("downloadDocument", "503", retry_after_s=900.0),
    ],
)
def test_nothing_is_downloaded_while_the_host_is_suspended(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway, refusal: Throttled | Suspended
) -> None:
    amazon.quotas.refusals["downloadDocument"] = refusal
    amazon.will(described())

    with pytest.raises(type(refusal)):
        read(gateway)

    assert amazon.file_requests == []


def test_no_signed_url_reaches_logs_or_errors(
    amazon: ScriptedAmazon, gateway: AmazonReportsGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    amazon.will(described(), described())
    amazon.files.append(httpx.ReadTimeout(f"timed out at {URL}"))
    amazon.files.append(stream([b"header\n"]))

    with pytest.raises(Unavailable) as caught:
        read(gateway)
    read(gateway)

    assert "downloadDocument of garage: 200" in caplog.text
    assert caught.value.__suppress_context__
    for spoken in (caplog.text, str(caught.value)):
        assert "made-up-signature" not in spoken
        assert "files.example" not in spoken
