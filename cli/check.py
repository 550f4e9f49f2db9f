"""``check``: the settings in effect, and whether everything is there that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from cli.failing import FAILED, line_for
from cli.output import json_option, print_json, show, table
from cli.probing import Probe, probes
from cli.session import Session, pass_session
from config.masking import Shown, masked


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether something we depend on answers; ``said`` is its answer or what is wrong."""

    name: str
    is_reached: bool
    said: str


@click.command
@json_option
@click.pass_context
@pass_session
def check(session: Session, ctx: click.Context, *, as_json: bool) -> None:
    """Show the settings and whether everything is reached; exit code 1 if not."""
    settings = masked(session.settings)
    reached = list(ask_all(probes(session.settings)))
    if as_json:
        print_json({"settings": settings, "reached": reached})
    else:
        show(
            table("Settings (docs/settings.md)", ("", ""), _set(settings)),
            "",
            table("Reached?", ("", "", ""), (_row(each) for each in reached)),
        )
    if not all(each.is_reached for each in reached):
        ctx.exit(FAILED)


def _set(settings: dict[str, Shown]) -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        yield name, "-" if value in (None, "") else value


def _row(each: Reached) -> tuple[str, str, str]:
    return each.name, "yes" if each.is_reached else "NO", each.said


def ask_all(every: dict[str, Probe]) -> Iterator[Reached]:
    """Ask each dependency; one that does not answer keeps nobody from being asked."""
    for name, probe in every.items():
        yield _ask(name, probe)


def _ask(name: str, probe: Callable[[], str]) -> Reached:
    try:
        return Reached(name, is_reached=True, said=probe())
    except Exception as exc:  # noqa: BLE001  whatever is wrong, it is one line of the answer
        said = line_for(exc) or f"{type(exc).__name__}: run with --debug"
        return Reached(name, is_reached=False, said=" ".join(said.split()))
