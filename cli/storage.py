"""``store``: indexes and data changes, made on purpose."""

from __future__ import annotations

import click

from cli.output import json_option, print_json, show
from cli.session import Session, pass_session
from store import migrations


@click.group("store")
def storage() -> None:
    """Indexes and data changes of the store."""


@storage.command("migrate")
@json_option
@pass_session
def migrate(session: Session, *, as_json: bool) -> None:
    """Make missing indexes and data changes; again is harmless.

    Workers of the version before may go on meanwhile.
    """
    with session.app() as app:  # Opening it makes the indexes.
        done = migrations.migrate(app.store.database)
        version = migrations.schema_version(app.store.database)
    if as_json:
        print_json({"version": version, "done": done})
    else:
        show(*done, f"The store is at version {version}; its indexes are there.")
