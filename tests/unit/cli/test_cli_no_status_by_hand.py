from __future__ import annotations

from collections.abc import Iterator

import click

from cli.root import COMMANDS, cli
from domain.events import INBOUND_MODELS


def commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (path, what it can be told) of every command and group below."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), " ".join([name, *(each.name or "" for each in command.params)])
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_no_command_and_no_event_sets_the_status_of_an_order_by_hand() -> None:
    told = dict(commands(cli, ()))

    assert {path[0] for path in told} == set(COMMANDS)
    of_a_status = {path for path, words in told.items() if "status" in words}
    assert ("orders", "list") in of_a_status
    assert {path[-1] for path in of_a_status} == {"list"}, "a status is looked for, never given"
    for model in INBOUND_MODELS.values():
        assert "status" not in str(model.model_json_schema()).lower()
