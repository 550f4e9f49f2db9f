from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.cli_process import CommandLine
from tests.fakes.report_lines import HEADER, line, order_id


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    home = tmp_path_factory.mktemp("explain")
    file = home / "report.txt"
    rows = [
        line(amazon_order_id=order_id(1)),
        line(amazon_order_id=order_id(2), fulfillment_channel="Amazon"),
        line(amazon_order_id=order_id(3), quantity="two"),
    ]
    file.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    with CommandLine(home).store_kept_up() as command_line:
        assert command_line("report", "import", file).code == 0
        yield command_line


def test_an_imported_order_is_explained_from_its_first_report_on(cli: CommandLine) -> None:
    done = cli("explain", "order", order_id(1), "--json")

    (answer,) = done.json["explanations"]
    assert done.code == 0
    assert answer["standing"] == "imported"
    assert "when first seen Pending" in answer["verdict"]
    assert any("row created" in fact["what"] for fact in answer["facts"])


def test_a_skipped_order_tells_report_reason_and_what_to_do(cli: CommandLine) -> None:
    done = cli("explain", "order", order_id(2), "--json")

    (answer,) = done.json["explanations"]
    assert done.code == 1
    assert answer["standing"] == "skipped"
    assert "Amazon packs and ships this order itself" in answer["verdict"]
    assert [fact["what"] for fact in answer["facts"]] == ["row skipped (fulfilled_by_amazon)"]


def test_an_order_whose_line_was_rejected_names_line_and_column(cli: CommandLine) -> None:
    done = cli("explain", "order", order_id(3), "--json")

    (answer,) = done.json["explanations"]
    assert answer["standing"] == "rejected"
    assert "Line 4" in answer["verdict"]
    assert "quantity" in answer["verdict"]


def test_an_order_nobody_ever_saw_is_explained_too(cli: CommandLine) -> None:
    done = cli("explain", "order", order_id(99))

    assert done.code == 1
    assert "No order report of this account has been complete yet" in done.out
    assert done.err == ""


def test_an_order_that_is_not_here_says_how_to_find_out_why(cli: CommandLine) -> None:
    done = cli("orders", "show", order_id(99))

    assert done.code == 1
    assert done.error == (
        f"error: no order {order_id(99)} here; why: python -m cli explain order {order_id(99)}"
    )
