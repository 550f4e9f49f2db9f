"""``simulator``: the local Amazon in the foreground."""

from __future__ import annotations

import click

from cli.failing import Stop
from cli.output import show
from config.endpoints import SIMULATOR

DEFAULT_PORT = int(SIMULATOR.rpartition(":")[2])


@click.command
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed, same orders.")
@click.option("--orders", type=click.IntRange(0), default=300, show_default=True)
@click.option(
    "--speed", type=click.FloatRange(0), default=1.0, show_default=True, help="0 stops its clock."
)
@click.option(
    "--arrivals",
    type=click.FloatRange(0),
    default=6.0,
    show_default=True,
    help="New orders per simulated hour.",
)
def simulator(
    *, host: str, port: int, seed: int, orders: int, speed: float, arrivals: float
) -> None:
    """Start the local Amazon; Ctrl-C ends it."""
    from simulator.server import serve  # noqa: PLC0415  the other name is this command's

    url = f"http://{host}:{port}"
    show(
        f"A local Amazon at {url}: {orders} orders per account from seed {seed},"
        f" its clock runs {speed:g} times as fast as yours.",
        f"Point the connector at it: AMAZON_ENDPOINT={url}"
        + (" (which is what account 'demo' does by itself)" if url == SIMULATOR else ""),
        f"What it knows: curl {url}/_simulator/state",
    )
    try:
        serve(
            port,
            host=host,
            seed=seed,
            orders=orders,
            speed=speed,
            arrivals_per_hour=arrivals,
        )
    except OSError as exc:
        raise Stop(
            f"port {port} of {host} cannot be had ({exc.strerror}): --port takes another"
        ) from None
