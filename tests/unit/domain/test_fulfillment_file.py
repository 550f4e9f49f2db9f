from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fulfillment_file import (
    COLUMNS,
    MAX_BYTES,
    CarrierName,
    FulfillmentFile,
    FulfillmentRecord,
    PackageRecords,
    fulfillment_files,
    package_records,
    ship_date,
)
from tests.fakes.order_values import NOW, ORDER_ID, PLACED
from tests.fakes.shipping_values import (
    FILTER,
    NUMBER,
    PADS,
    after,
    book_of,
    entry,
    in_feed,
    only,
    to_ship,
)

LA = ZoneInfo("America/Los_Angeles")
BERLIN = ZoneInfo("Europe/Berlin")


def record(**changes: object) -> FulfillmentRecord:
    fields: dict[str, object] = {
        "order_id": "111-1234567-1234567",
        "order_item_id": "05835637773450",
        "quantity": 1,
        "ship_date": "2026-11-20",
        "carrier_code": "UPS",
        "carrier_name": "UPS",
        "tracking_number": "1Z999AA10123456784",
        "ship_method": "Ground",
    }
    return FulfillmentRecord(**(fields | changes))  # type: ignore[arg-type]


def package(number: int, *records: FulfillmentRecord, hours: int | None = None) -> PackageRecords:
    ship_by = None if hours is None else NOW + timedelta(hours=hours)
    return PackageRecords(f"S{number}", "digest", ship_by, records or (record(),))


def one_file(*packages: PackageRecords, **options: object) -> FulfillmentFile:
    [file] = fulfillment_files(packages, **options)  # type: ignore[arg-type]
    return file


def test_the_file_is_exactly_amazons_template() -> None:
    file = one_file(
        package(1),
        package(
            2,
            record(
                order_id="111-7654321-7654321",
                order_item_id="05835637773999",
                quantity=2,
                carrier_code="Other",
                carrier_name="Spee-Dee",
                tracking_number="SP123456",
            ),
        ),
    )

    assert file.content.decode() == (
        "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\t"
        "tracking-number\tship-method\n"
        "111-1234567-1234567\t05835637773450\t1\t2026-11-20\tUPS\t\t1Z999AA10123456784\tGround\n"
        "111-7654321-7654321\t05835637773999\t2\t2026-11-20\tOther\tSpee-Dee\tSP123456\tGround\n"
    )


def test_the_carriers_name_may_be_written_always() -> None:
    file = one_file(package(1), carrier_name=CarrierName.ALWAYS)

    assert file.content.decode().splitlines()[1].split("\t")[5] == "UPS"


def test_the_record_holds_all_eight_fields_whatever_the_file_says() -> None:
    order = to_ship()
    shipment = only(after(entry(1, (PADS, 2), (FILTER, 1), ref="P1"), order=order))

    made = package_records(shipment, order, zone=LA, now=NOW)

    assert made is not None
    assert made.digest == shipment.wanted
    assert made.ship_by == order.ship_by
    assert made.records == (
        FulfillmentRecord(ORDER_ID, PADS, 2, "2026-11-23", "UPS", "UPS", NUMBER, "Ground"),
        FulfillmentRecord(ORDER_ID, FILTER, 1, "2026-11-23", "UPS", "UPS", NUMBER, "Ground"),
    )


def test_only_what_is_due_with_what_is_wanted_now_gets_into_a_file() -> None:
    order = to_ship()
    out = only(in_feed(after(entry(1), order=order), order))
    waiting = only(after(entry(1), order=None))

    assert package_records(out, order, zone=LA, now=NOW) is None
    assert package_records(waiting, order, zone=LA, now=NOW) is None


def test_a_correction_that_was_not_judged_yet_gets_into_no_file() -> None:
    order = to_ship()
    book = after(entry(1, ref="P1"), order=order)
    corrected = only(book_of(entry(2, ref="P1", tracking_number="other"), book=book))

    assert package_records(corrected, order, zone=LA, now=NOW) is None


@pytest.mark.parametrize(
    ("_case", "shipped_at", "zone", "day"),
    [
        ("in the account's zone", datetime(2026, 11, 23, 7, 30, tzinfo=UTC), LA, (2026, 11, 22)),
        ("elsewhere", datetime(2026, 11, 22, 23, 30, tzinfo=UTC), BERLIN, (2026, 11, 23)),
        ("not in the future", NOW + timedelta(days=3), LA, (2026, 11, 23)),
        ("not before the purchase", PLACED - timedelta(days=3), LA, (2026, 11, 22)),
    ],
)
def test_the_ship_date_is_a_day_of_the_accounts_zone_between_purchase_and_now(
    _case: str, shipped_at: datetime, zone: ZoneInfo, day: tuple[int, int, int]
) -> None:
    assert ship_date(shipped_at, purchased_at=PLACED, now=NOW, zone=zone) == date(*day)


def test_the_most_urgent_package_comes_first_and_unknown_ones_last() -> None:
    file = one_file(package(1), package(2, hours=9), package(3, hours=2), package(4, hours=2))

    assert [each.shipment_id for each in file.packages] == ["S3", "S4", "S2", "S1"]


def test_the_same_packages_in_any_order_give_the_same_bytes() -> None:
    packages = [package(n, hours=n % 3) for n in range(6)]

    assert one_file(*packages) == one_file(*reversed(packages))


def test_nothing_due_makes_no_file() -> None:
    assert list(fulfillment_files([])) == []


def test_a_full_file_is_followed_by_another_and_no_package_is_split() -> None:
    packages = [package(n, record(), record(quantity=2)) for n in range(5)]
    size = len(one_file(packages[0]).content)

    files = list(fulfillment_files(packages, max_bytes=size + 10))

    assert [[each.shipment_id for each in file.packages] for file in files] == [
        [f"S{n}"] for n in range(5)
    ]
    assert all(file.content.startswith(b"order-id\t") for file in files)


def test_a_file_has_so_many_rows_at_most_and_no_package_is_split() -> None:
    packages = [package(n, record(), record()) for n in range(5)]

    files = list(fulfillment_files(packages, max_rows=5))

    assert [len(file.rows) for file in files] == [4, 4, 2]


def test_a_package_larger_than_a_file_is_sent_all_the_same() -> None:
    [file] = fulfillment_files([package(1)], max_bytes=10)
    [long] = fulfillment_files([package(1, record(), record())], max_rows=1)

    assert (len(file.rows), len(long.rows)) == (1, 2)


def test_files_stay_below_ten_mebibytes() -> None:
    long = record(ship_method="x" * 2000)
    packages = [package(n, *[long] * 40) for n in range(150)]

    files = list(fulfillment_files(packages))

    assert len(files) > 1
    assert max(len(file.content) for file in files) <= MAX_BYTES
    assert sum(len(file.packages) for file in files) == 150


TEXT = st.text(st.characters(exclude_categories=[]), max_size=30)


@given(
    st.lists(
        st.builds(
            record,
            order_id=TEXT,
            order_item_id=TEXT,
            quantity=st.integers(1, 10**6),
            carrier_code=st.one_of(TEXT, st.just("Other")),
            carrier_name=TEXT,
            tracking_number=TEXT,
            ship_method=TEXT,
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(CarrierName),
    st.integers(1, 400),
)
def test_no_text_in_any_value_ever_breaks_a_row(
    records: list[FulfillmentRecord], carrier_name: CarrierName, max_bytes: int
) -> None:
    packages = [package(n, each) for n, each in enumerate(records)]

    files = list(fulfillment_files(packages, carrier_name=carrier_name, max_bytes=max_bytes))

    told = []
    for file in files:
        lines = file.content.decode().split("\n")
        assert lines[0].split("\t") == list(COLUMNS)
        assert lines[-1] == ""
        assert len(lines) - 2 == len(file.rows)
        for line, (_, sent) in zip(lines[1:], file.rows, strict=False):
            cells = line.split("\t")
            assert len(cells) == len(COLUMNS)
            assert cells[2] == str(sent.quantity)
            assert line.isprintable() or not set(line) & set("\r\x0b\x0c\x1c\x85\u2028\u2029")
        told += [each.shipment_id for each in file.packages]
    assert sorted(told) == sorted(each.shipment_id for each in packages)
