"""Amazon's default usage plans, as data (``usage_plans.json``).

``amazon`` holds the default rate and burst of each operation we call; ``ours`` the presigned URLs,
which have no plan at Amazon but, like operations, a state of health of their own.

Source: the rate table in the description of each operation in Amazon's API models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from domain.quota import Plan


@cache
def usage_plans() -> Mapping[str, Plan]:
    """Return the plans by operation."""
    sections = json.loads(Path(__file__).with_name("usage_plans.json").read_text("utf-8"))
    return {
        operation: Plan(rate=float(plan["rate"]), burst=plan["burst"])
        for section in sections.values()
        for operation, plan in section.items()
    }
