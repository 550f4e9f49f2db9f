"""``run``: the processes that do the work, as containers start them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from actors.flow import FLOW
from actors.processes import PROCESSES, stop_on_signals
from cli.flow_page import ROOT
from cli.inline import needs_workers
from cli.session import Session, pass_session
from config.logging import configure_logging

STAGES = [stage.name for stage in FLOW]


@click.group
def run() -> None:
    """Start a process: workers, scheduler, bridge, outbox, exporter."""


@run.command("worker")
@click.argument("stages", nargs=-1, type=click.Choice(STAGES))
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=8, show_default=True)
@pass_session
def worker(session: Session, *, stages: Sequence[str], processes: int, threads: int) -> None:
    """Work off the queues of STAGES (all of them when none is named) until SIGTERM."""
    with session.app() as app:  # What is missing is told in one line, before the workers start.
        needs_workers(app)
    arguments = worker_arguments(stages, processes, threads)
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606  our own command line


def worker_arguments(stages: Sequence[str], processes: int, threads: int) -> list[str]:
    """Return Dramatiq's own command line for these stages."""
    queues = ["--queues", *stages] if stages else []
    size = ["--processes", str(processes), "--threads", str(threads)]
    return ["-m", "dramatiq", "actors.app:setup", *size, *queues]


@run.command("scheduler")
@pass_session
def scheduler(session: Session) -> None:
    """Announce what the clock says is due, and sweep; any number may run."""
    _serve(session, "scheduler")


@run.command("bridge")
@pass_session
def bridge(session: Session) -> None:
    """Let events of other systems in; any number may run."""
    _serve(session, "bridge")


@run.command("outbox")
@pass_session
def outbox(session: Session) -> None:
    """Tell other systems what was decided; run one."""
    _serve(session, "outbox")


@run.command("exporter")
@pass_session
def exporter(session: Session) -> None:
    """Show the state of the business to Prometheus; one is enough."""
    _serve(session, "exporter")


def _serve(session: Session, name: str) -> None:
    configure_logging("DEBUG" if session.debug else session.settings.log_level)
    stop = stop_on_signals()
    with session.app() as app:
        needs_workers(app)
        PROCESSES[name](app, stop)
