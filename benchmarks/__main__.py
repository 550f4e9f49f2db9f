"""``python -m benchmarks [NAME …] [--rows N] [--million] …``: measure, and print ratios."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from benchmarks import chain_speed, enrichment_hours, import_memory, import_speed
from config.logging import configure_logging

SIZES = (1_000, 10_000, 100_000)
A_MILLION = 1_000_000


def main() -> None:
    """Run the benchmarks asked for, or all of them."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "name", nargs="*", help="speed, memory, enrichment, chain; all when left out"
    )
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the report of 'speed'")
    parser.add_argument("--orders", type=int, default=10_000, help="orders of 'enrichment'")
    parser.add_argument("--chains", type=int, default=2_000, help="chains of 'chain'")
    parser.add_argument("--million", action="store_true", help="'memory' with a million rows, too")
    asked = parser.parse_args()
    configure_logging("WARNING")
    sizes = (*SIZES, A_MILLION) if asked.million else SIZES
    benchmarks: dict[str, Callable[[], None]] = {
        "speed": lambda: import_speed.measure(asked.rows),
        "memory": lambda: import_memory.measure(sizes),
        "enrichment": lambda: enrichment_hours.measure(asked.orders),
        "chain": lambda: chain_speed.measure(asked.chains),
    }
    if unknown := set(asked.name) - set(benchmarks):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: choose from {list(benchmarks)}")
    for name in asked.name or benchmarks:
        benchmarks[name]()


if __name__ == "__main__":
    main()
