"""The commands by name, and the one place where their errors become a line for people.

A command's module is imported when it is called: ``--help`` and a mistyped option answer at once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from cli.failing import FAILED, USAGE, silence_stdout, tell, usage_text
from cli.session import Session


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives (``module:attribute``) and what it does, in one line."""

    target: str
    summary: str


COMMANDS = {
    "demo": Entry("cli.demo:demo", "See the whole job in a minute: nothing but this checkout."),
    "check": Entry(
        "cli.check:check",
        "Show the settings and whether everything is reached; exit code 1 if not.",
    ),
    "flow": Entry("cli.flow:flow", "Show the map: every stage, what it hears and says."),
    "report": Entry("cli.reports:report", "Ask for order reports, import files, look at them."),
    "orders": Entry("cli.orders:orders", "Look at orders, fetch one, export them, forget a buyer."),
    "shipments": Entry(
        "cli.shipments:shipments", "Look at packages, enter one, try a refused one again."
    ),
    "fulfillment": Entry(
        "cli.fulfillment:fulfillment", "See what the next fulfillment feed would send."
    ),
    "feeds": Entry(
        "cli.feeds:feeds", "Look at feeds, their rows, Amazon's verdict; release a stuck one."
    ),
    "carriers": Entry("cli.carriers:carriers", "See the carriers Amazon knows, try a name."),
    "explain": Entry("cli.explain:explain", "Say why something is, or is not, as expected."),
    "schedule": Entry("cli.schedule:schedule", "See the scheduled jobs, run one now."),
    "queues": Entry(
        "cli.queues:queues",
        "Show what waits for every stage, who works on it, since when, and what died.",
    ),
    "failed": Entry("cli.failed:failed", "Look at what failed for good; retry or discard it."),
    "events": Entry("cli.events:events", "Events of other systems: the rejected ones, try one."),
    "run": Entry("cli.run:run", "Start a process: workers, scheduler, bridge, outbox, exporter."),
    "store": Entry("cli.storage:storage", "Indexes and data changes of the store."),
    "simulator": Entry("cli.simulated:simulator", "Start the local Amazon; Ctrl-C ends it."),
    "docs": Entry(
        "cli.generated:docs",
        "Write the generated files anew: pages in docs/, dashboards, the stages in compose.",
    ),
}


class Commands(click.Group):
    """A group that imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names in the order of the table above."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Return the command of this name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  a wrong table is a defect, not an input
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Write the log, with details of defects, to stderr.")
@click.pass_context
def cli(ctx: click.Context, *, debug: bool) -> None:
    """Amazon Orders & Fulfillment connector: what operators need, on one screen each.

    Exit codes: 0 done, 1 refused, failed, incomplete or not found, 2 wrong usage.
    """
    session = ctx.ensure_object(Session)
    session.debug = debug
    session.start_logging()


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; whatever goes wrong is one line on stderr."""
    args = list(sys.argv[1:] if argv is None else argv)
    session = Session()
    try:
        result = cli.main(args=args, prog_name="python -m cli", standalone_mode=False, obj=session)
    except click.exceptions.NoArgsIsHelpError as needs_more:
        click.echo(needs_more.format_message(), err=True)
        return USAGE
    except click.UsageError as wrong:
        click.echo(usage_text(wrong), err=True)
        return USAGE
    except BrokenPipeError:
        # Whoever read our output has enough (``| head``): nothing to say, nobody to say it to.
        silence_stdout()
        return FAILED
    except BaseException as trouble:  # noqa: BLE001  the one place where every error becomes a line
        return tell(trouble, debug=session.debug)
    return result if isinstance(result, int) else 0
