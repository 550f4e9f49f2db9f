"""``schedule``: what runs by the clock, and running it now."""

from __future__ import annotations

from datetime import timedelta

import click

from actors.processes import scheduler_ports
from actors.runtime.scheduler import JobStatus, SchedulerPorts, run_now, schedule_list
from cli.failing import Stop
from cli.inline import in_this_process
from cli.output import json_option, plain, print_json, short, show, table
from cli.session import Session, pass_session


@click.group
def schedule() -> None:
    """See the scheduled jobs, run one now."""


@schedule.command("list")
@json_option
@pass_session
def list_jobs(session: Session, *, as_json: bool) -> None:
    """Show every job with its cadence, its last slot and its next one."""
    with session.app() as app:
        ports = scheduler_ports(app)
        jobs = schedule_list(ports)
    if as_json:
        print_json({"jobs": [_row(each) for each in jobs], "not_running": list(ports.unheard)})
        return
    show(
        table(
            "Jobs of the scheduler",
            ("job", "every", "last slot (UTC)", "announced", "next slot (UTC)"),
            (_cells(each) for each in jobs),
        ),
        "",
        *_unheard(ports),
        "One of them now: schedule run JOB (or a beginning of its name)",
    )


def _unheard(ports: SchedulerPorts) -> tuple[str, ...]:
    """Return a line about jobs one may look for in vain."""
    if not ports.unheard:
        return ()
    return (f"Not running, this version has no stage for it: {', '.join(ports.unheard)}",)


def _row(status: JobStatus) -> dict[str, object]:
    last = status.last
    return {
        "job": status.job.key,
        "cadence_s": status.job.cadence.total_seconds(),
        "last_slot_at": plain(last and last.slot),
        "announced_at": plain(last and last.announced_at),
        "next_slot_at": plain(status.next_at),
    }


def _cells(status: JobStatus) -> tuple[str, ...]:
    last = status.last
    return (
        status.job.key,
        _words(status.job.cadence),
        short(last.slot) if last else "never",
        short(last.announced_at) if last else "-",
        short(status.next_at),
    )


def _words(cadence: timedelta) -> str:
    minutes = cadence.total_seconds() / 60
    return f"{minutes / 60:g} h" if minutes % 60 == 0 else f"{minutes:g} min"


@schedule.command("run")
@click.argument("job")
@json_option
@pass_session
def run_job(session: Session, *, job: str, as_json: bool) -> None:
    """Do JOB now, out of turn; a beginning of its name means all jobs that begin so."""
    with session.app() as app:
        ports = scheduler_ports(app)
        keys = matching(ports, job)
        with in_this_process(app.broker):
            slots = {key: run_now(ports, key) for key in keys}
    if as_json:
        print_json({"jobs": [{"job": key, "slot_at": at} for key, at in slots.items()]})
    else:
        show(*(f"{key}: announced as slot {short(at)} UTC" for key, at in slots.items()))


def matching(ports: SchedulerPorts, job: str) -> list[str]:
    """Return the keys of the jobs meant.

    Raises:
        Stop: there is none.
    """
    keys = [each.key for each in ports.jobs]
    found = [key for key in keys if key == job or key.startswith(f"{job.rstrip('/')}/")]
    if not found and job.partition("/")[0] in ports.unheard:
        raise Stop(f"no job {job!r} is scheduled: this version has no stage that does its work")
    if not found:
        kinds = ", ".join(dict.fromkeys(key.partition("/")[0] for key in keys))
        raise Stop(f"no job {job!r} is scheduled: use one of {kinds} (schedule list shows all)")
    return found
