from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fulfillment_file import read
from tests.unit.simulator.driver import US, FeedCaller, file_of, frozen, row, summary_of, text_of

ID, OTHER = "111-0000000-0000001", "111-0000000-0000002"
A, B = "00000000000001", "00000000000002"
T1, T2, T3 = "1Z999AA10123456784", "1Z999AA10123456785", "1Z999AA10123456786"


def caller_with(**spec: Any) -> FeedCaller:
    sim = frozen(throttle=False)
    items = [
        {"sku": "A", "order_item_id": A, "quantity": 3},
        {"sku": "B", "order_item_id": B, "quantity": 1},
    ]
    sim.put_order(**{"order_id": ID, "items": items, "age_s": 3600, **spec})
    return FeedCaller(sim)


def packages(caller: FeedCaller) -> list[tuple[str, dict[str, int]]]:
    """What the order shows once everything is visible."""
    caller.sim.advance(120)
    return [
        (
            package["trackingNumber"],
            {item["orderItemId"]: item["quantity"] for item in package["packageItems"]},
        )
        for package in caller.order(ID, "PACKAGES")["packages"]
    ]


def test_several_packages_hold_several_items() -> None:
    caller = caller_with()
    rows = [
        row(ID, A, 2, tracking_number=T1),
        row(ID, B, 1, tracking_number=T1),
        row(ID, A, 1, tracking_number=T2),
    ]

    assert caller.verdict(*rows) == (3, 3, [])

    assert packages(caller) == [(T1, {A: 2, B: 1}), (T2, {A: 1})]
    shown = caller.order(ID, "PACKAGES")["packages"]
    assert [package["packageReferenceId"] for package in shown] == ["1", "2"]


def test_a_part_of_an_order_makes_it_partially_shipped() -> None:
    caller = caller_with()
    caller.verdict(row(ID, A, 2))
    caller.sim.advance(120)

    order = caller.order(ID, "FULFILLMENT")

    assert order["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"
    assert order["orderItems"][0]["fulfillment"] == {
        "quantityFulfilled": 2,
        "quantityUnfulfilled": 1,
    }


def test_a_row_without_an_item_confirms_all_that_is_left() -> None:
    caller = caller_with()
    caller.verdict(row(ID, A, 1, tracking_number=T1))

    assert caller.verdict(row(ID, tracking_number=T2)) == (1, 1, [])

    assert packages(caller) == [(T1, {A: 1}), (T2, {A: 2, B: 1})]


def test_the_same_row_again_changes_nothing() -> None:
    caller = caller_with()
    caller.verdict(row(ID, A, 2, tracking_number=T1))

    assert caller.verdict(row(ID, A, 2, tracking_number=T1)) == (1, 1, [])

    assert packages(caller) == [(T1, {A: 2})]


def test_another_number_for_units_already_sent_corrects_it() -> None:
    caller = caller_with()
    caller.verdict(row(ID, A, 3, tracking_number=T1), row(ID, B, 1, tracking_number=T1))

    assert caller.verdict(row(ID, A, 3, tracking_number=T2, carrier_code="FedEx"))[1] == 1

    assert packages(caller) == [(T1, {B: 1}), (T2, {A: 3})]


def test_more_units_than_are_left_are_refused() -> None:
    caller = caller_with()
    rows = [row(ID, A, 2, tracking_number=T1), row(ID, A, 2, tracking_number=T2)]

    assert caller.verdict(*rows) == (2, 1, [["2", "18029", "Error"]])
    assert caller.verdict(row(ID, A, 4)) == (1, 0, [["1", "18029", "Error"]])

    assert packages(caller) == [(T1, {A: 2})]


def test_an_item_in_several_packages_cannot_be_corrected() -> None:
    caller = caller_with()
    caller.verdict(row(ID, A, 1, tracking_number=T1), row(ID, A, 2, tracking_number=T2))

    assert caller.verdict(row(ID, A, 2, tracking_number=T3)) == (1, 0, [["1", "18029", "Error"]])


def test_units_confirmed_but_not_yet_shown_count() -> None:
    caller = caller_with()
    caller.sim.configure(visibility_s=86400)
    caller.verdict(row(ID, B, 1, tracking_number=T1), row(ID, A, 1, tracking_number=T1))

    assert caller.verdict(row(ID, A, 3, tracking_number=T2)) == (1, 0, [["1", "18029", "Error"]])


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (row("999-0000000-0000000", A, 1), "25441"),
        (row("", A, 1), "25441"),
        (row(ID, "1", 1), "18028"),
        (row(ID, A, "two"), "18029"),
        (row(ID, A, 0), "18029"),
        (row(ID, A, "1.5"), "18029"),
        (row(ID, "", 1), "18029"),
        (row(ID, A, 1, carrier_code=""), "90012"),
        (row(ID, A, 1, carrier_code="ups"), "18031"),
        (row(ID, A, 1, carrier_code="Purolator"), "18031"),
        (row(ID, A, 1, carrier_code="Other"), "18031"),
        (row(ID, A, 1, carrier_code="Other", carrier_name="x" * 51), "18031"),
        (row(ID, A, 1, ship_date=""), "90012"),
        (row(ID, A, 1, ship_date="23.11.2026"), "18030"),
        (row(ID, A, 1, ship_date="2026-02-30"), "18030"),
        (row(ID, A, 1, ship_date="2026-11-26"), "18030"),
        (row(ID, A, 1, ship_date="2026-11-20"), "18030"),
        (row(ID, A, 1, ship_date="2026-11-23T14:00:00+00:00"), "18030"),
        (row(ID, A, 1, ship_date="2026-11-23T10:00:00+00:00"), "18030"),
    ],
)
def test_one_bad_row_is_refused_and_the_others_are_not(bad: dict[str, str], code: str) -> None:
    caller = caller_with()
    caller.sim.put_order(order_id=OTHER, age_s=3600)

    told = caller.verdict(bad, row(OTHER))

    assert told == (2, 1, [["1", code, "Error"]])
    assert packages(caller) == []


@pytest.mark.parametrize(
    "good",
    [
        row(ID, A, 1, carrier_code="Other", carrier_name="Spee-Dee", tracking_number="SP1"),
        row(ID, A, 1, carrier_code="PUROLATOR"),
        row(ID, A, "01"),
        row(ID, A),
        row(ID, A, 1, ship_date="2026-11-23T20:30:00+09:00"),
        row(ID, A, 1, ship_date="2026-11-24"),
        row(ID, A, 1, ship_date="2026-11-23T11:00:00+00:00"),
        row(ID, A, 1, ship_date="2026-11-23T12:00:00+00:00"),
        row(ID, A, 1, tracking_number=""),
    ],
)
def test_a_good_row_is_accepted(good: dict[str, str]) -> None:
    assert caller_with().verdict(good) == (1, 1, [])


@pytest.mark.parametrize(
    "spec", [{"status": "PENDING"}, {"status": "CANCELLED"}, {"fulfilled_by": "AMAZON"}]
)
def test_an_order_that_cannot_be_shipped_by_the_seller_is_refused(spec: dict[str, str]) -> None:
    assert caller_with(**spec).verdict(row(ID, A, 1)) == (1, 0, [["1", "18027", "Error"]])


def test_a_tracking_number_of_the_wrong_format_is_a_warning_and_confirmed() -> None:
    caller = caller_with()

    told = caller.verdict(row(ID, A, 3, tracking_number="12"), row(ID, B, 1, tracking_number="12"))

    assert told == (2, 2, [["1", "18032", "Warning"], ["2", "18032", "Warning"]])
    assert packages(caller) == [("12", {A: 3, B: 1})]


def test_other_is_no_carrier_in_india() -> None:
    caller = caller_with(marketplace_id="A21TJRUUN4KGV")

    told = caller.verdict(row(ID, A, 1, carrier_code="Other", carrier_name="Spee-Dee"))

    assert told == (1, 0, [["1", "18031", "Error"]])


def verdict_on(content: bytes) -> tuple[int, int, list[list[str]]]:
    caller = caller_with()
    feed_id = caller.create_feed(caller.document_for(content)).json()["feedId"]
    caller.sim.advance(60)
    return summary_of(text_of(caller.result(feed_id)))


@pytest.mark.parametrize("column", ["order-id", "ship-date", "carrier-code"])
def test_a_missing_column_fails_the_whole_file(column: str) -> None:
    content = file_of(row(ID, A, 1)).replace(column.encode(), b"x-" + column.encode())

    processed, successful, issues = verdict_on(content)

    assert (processed, successful) == (0, 0)
    assert issues == [["0", "90012", "Fatal"], ["0", "90061", "Warning"]]


def test_an_unknown_column_is_ignored_with_a_warning() -> None:
    content = file_of(row(ID, A, 1)).replace(b"ship-method", b"shipping-method")

    assert verdict_on(content) == (1, 1, [["0", "90061", "Warning"]])


def test_xml_and_spaces_are_read_as_headings() -> None:
    for content in (b"<?xml version='1.0'?><AmazonEnvelope/>", b"order-id ship-date carrier-code"):
        processed, successful, issues = verdict_on(content)
        assert (processed, successful) == (0, 0)
        assert [issue[1] for issue in issues] == ["90012", "90012", "90012", "90061"]


def test_an_empty_file_lacks_every_column() -> None:
    assert verdict_on(b"")[2] == [["0", "90012", "Fatal"]] * 3


def test_the_template_form_and_windows_line_ends_are_read() -> None:
    template = b"TemplateType=OrderFulfillment\tVersion=2011.1102\t...\nOrder\tItem\n"
    content = template + file_of(row(ID, A, 1)).replace(b"\n", b"\r\n")

    assert verdict_on(content) == (1, 1, [])


def test_a_file_in_the_announced_charset_is_understood() -> None:
    caller = caller_with()
    content = file_of(row(ID, A, 1, carrier_code="Other", carrier_name="Spedition Müßig"))
    kind = "text/tab-separated-values; charset=Cp1252"
    document_id = caller.document_for(content.decode().encode("cp1252"), kind)
    caller.create_feed(document_id, marketplaceIds=[US])
    caller.sim.advance(200)

    (package,) = caller.order(ID, "PACKAGES")["packages"]

    assert package["carrier"] == "Spedition Müßig"


@given(text=st.text(max_size=200), good_headings=st.booleans())
def test_any_text_is_read_without_an_error_and_every_line_is_a_record(
    text: str, good_headings: object
) -> None:
    if good_headings:
        text = "order-id\tship-date\tcarrier-code\n" + text

    file = read(text)

    assert bool(file.rows) <= bool(good_headings)
    assert [one.record for one in file.rows] == list(range(1, len(file.rows) + 1))
    assert all(issue.record == 0 for issue in file.issues)
