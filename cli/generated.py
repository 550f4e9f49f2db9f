"""Pages in docs/ that are written from the code, so that they cannot be wrong.

A test holds every committed page against what its function says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from actors.flow import FLOW
from cli.failing import FAILED
from cli.flow_page import ROOT, flow_page

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/flow.md": lambda: flow_page(FLOW),
}


def stale(root: Path = ROOT) -> list[str]:
    """Return the pages that do not say what the code says."""
    return [
        path
        for path, page in PAGES.items()
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != page()
    ]


@click.command
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if any is stale.")
@click.pass_context
def docs(ctx: click.Context, *, only_check: bool) -> None:
    """Write the generated pages in docs/ anew."""
    changed = stale()
    for path in changed:
        if not only_check:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(PAGES[path](), encoding="utf-8")
        click.echo(f"{'stale' if only_check else 'written'}: {path}")
    if not changed:
        click.echo("all generated pages are true")
    if only_check and changed:
        ctx.exit(FAILED)
