"""``demo``: the whole job in a minute, with nothing but this checkout."""

from __future__ import annotations

import time

import click

from cli.demo_run import first_cycle, place_for, running, second_cycle
from cli.demo_shipping import ship
from cli.demo_shipping_story import shipping_screen
from cli.demo_story import DemoEnd, after, before, counts, cycle_screen
from cli.output import json_option, print_json, show, waiting
from cli.session import Session, pass_session

SECOND_CYCLE = "Second cycle, five hours later at Amazon"
MOST_ORDERS = 1500
"""More than that and Amazon's quota for searchOrders makes it longer than a minute."""


@click.command
@click.option(
    "--orders",
    type=click.IntRange(1, MOST_ORDERS),
    default=300,
    show_default=True,
    help="How many orders the local Amazon has.",
)
@json_option
@pass_session
def demo(session: Session, *, orders: int, as_json: bool) -> None:
    """See the whole job in a minute: nothing but this checkout."""
    begun = time.monotonic()
    with waiting("opening the embedded store", hidden=as_json):
        place = place_for(session.settings.data_dir)
    with running(place, orders) as (app, simulator):
        if not as_json:
            show(*before(place, orders, simulator.url))
        with waiting("asking for reports, importing, enriching", hidden=as_json):
            first = first_cycle(app, simulator)
        if not as_json:
            show(*cycle_screen("First cycle", first))
        with waiting("hours pass at Amazon; the same again", hidden=as_json):
            second = second_cycle(app, simulator)
        if not as_json:
            show(*cycle_screen(SECOND_CYCLE, second, before=first))
        with waiting("shipping, sending tracking, correcting it", hidden=as_json):
            shipping = ship(app, simulator, second.orders)
    seconds = round(time.monotonic() - begun, 1)
    end = DemoEnd(place, place == session.settings.data_dir, first, second, shipping, seconds)
    if as_json:
        print_json(counts(end))
    else:
        show(*shipping_screen(shipping))
        show(*after(end))
