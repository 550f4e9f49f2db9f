"""docs/guide-coverage.md: every sentence of the guide, and the test whose name says it.

``GUIDE`` names the guide's text; without it the page is only held against the tests it names.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.guide_text import sentences

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guide-coverage.md"

ORDERS_IN = (
    "How Amazon Orders Arrive in Ecommerce",
    "What This Means for You",
    "What Order Data Is Imported",
    "Order Identification",
    "Customer Information",
    "Shipping Address",
    "Important Notes About Order Data",
    "Order Status Lifecycle",
    "Status Flow",
    "What You Should Know",
    "1. How often are new Amazon orders imported into Ecommerce?",
    "2. An order is showing on Amazon Seller Central but not in Ecommerce. Why?",
    "3. Can I manually import a specific Amazon order into Ecommerce?",
    "9. What happens if an Amazon order is cancelled after I have already shipped it?",
    "Amazon orders are not appearing in Ecommerce",
    "Order imported but missing customer email or phone",
    "Duplicate orders appearing in Ecommerce",
)
TRACKING_OUT = (
    "Fulfilling Orders and Uploading Tracking",
    "How It Works",
    "Best Practices",
    "Supported Shipping Carriers",
    "If Your Carrier Is Not Listed",
    "4. How quickly does tracking information reach Amazon after I enter it in Ecommerce?",
    "5. I entered the wrong tracking number. How do I fix it?",
    "Tracking number not showing on Amazon after uploading",
    "Customer says tracking number is invalid",
    "Fulfillment feed rejected by Amazon",
)
TEST = re.compile(r"`(test_\w+\.py::test_\w+)`")
MARK = re.compile(r"\*\*(staff advice|Amazon's act|deliberate difference|not built yet)\*\*: \S")


def page() -> dict[str, list[tuple[str, str]]]:
    """Return the rows (sentence, what shows it) below each heading of the page."""
    rows: dict[str, list[tuple[str, str]]] = {}
    heading = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("| ") and not line.startswith("| The guide says |"):
            sentence, _, shown = line.strip("| ").partition(" | ")
            rows.setdefault(heading, []).append((sentence, shown))
    return rows


def all_rows() -> list[tuple[str, str]]:
    return [row for rows in page().values() for row in rows]


def test_the_page_covers_every_section_it_must() -> None:
    assert set(page()) >= {*ORDERS_IN, *TRACKING_OUT}
    assert len(all_rows()) > 100


def test_every_row_names_a_test_or_has_a_mark_with_its_reason() -> None:
    bare = [sentence for sentence, shown in all_rows() if not TEST.search(shown)]

    assert [s for s, shown in all_rows() if s in bare and not MARK.search(shown)] == []


def test_every_bold_word_is_a_mark_with_a_reason() -> None:
    shown = [shown for _, shown in all_rows()]

    assert [s for s in shown if s.count("**") != 2 * len(MARK.findall(s))] == []


def test_every_test_the_page_names_exists() -> None:
    existing = set(existing_tests())
    named = {name for _, shown in all_rows() for name in TEST.findall(shown)}

    assert len(named) > 50
    assert sorted(named - existing) == []
    assert sum(shown.count("::") for _, shown in all_rows()) == sum(
        len(TEST.findall(shown)) for _, shown in all_rows()
    ), "a test is named that this test does not see"


def test_nothing_of_the_way_in_is_unbuilt() -> None:
    found = page()

    assert [s for each in ORDERS_IN for s, shown in found[each] if "not built yet" in shown] == []


def test_nothing_of_the_way_out_is_unbuilt_but_what_goes_with_the_stock() -> None:
    found = page()
    unbuilt = [s for each in TRACKING_OUT for s, shown in found[each] if "not built yet" in shown]

    assert [sentence for sentence in unbuilt if "as part of inventory sync" not in sentence] == []


@pytest.mark.parametrize("heading", [*ORDERS_IN, *TRACKING_OUT])
def test_every_sentence_of_the_guide_stands_on_the_page(heading: str) -> None:
    said = sentences(guide())

    assert said[heading] != []
    assert [sentence for sentence, _ in page()[heading]] == said[heading]


def existing_tests() -> Iterator[str]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{path.name}::{node.name}"


def guide() -> str:
    named = os.environ.get("GUIDE", "")
    if not named or not Path(named).is_file():
        pytest.skip("GUIDE does not name the text of the guide")
    return Path(named).read_text(encoding="utf-8")
