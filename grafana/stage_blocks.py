"""The parts of files that name every stage: written between two marks, from the flow.

A stage is one service of docker-compose.yml and one DNS name for Prometheus, both named like it.
The rest of those files is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

BEGIN, END = "# begin: stages of actors/flow.py", "# end: stages of actors/flow.py"
BLOCK = re.compile(rf"(?P<head>^ *{BEGIN}.*\n)(?:.*\n)*?(?P<tail>^ *{END}.*\n)", re.MULTILINE)


def service(stage: str) -> str:
    """Return the service of a stage: what all workers have in common, and its queue."""
    return (
        f"  {stage}:\n"
        "    <<: *worker\n"
        f'    command: ["run", "worker", "{stage}", "--threads", "${{WORKER_THREADS:-4}}"]\n'
    )


def target(stage: str) -> str:
    """Return the DNS name under which Docker knows every container of the service."""
    return f"          - {stage}\n"


BLOCKS: Mapping[str, Callable[[str], str]] = {
    "docker-compose.yml": service,
    "grafana/prometheus/prometheus.yml": target,
}
"""What a stage is in each file."""


def with_stages(text: str, stages: Iterable[str], written: Callable[[str], str]) -> str:
    """Return the text with the block between the marks written anew.

    Raises:
        ValueError: the marks are not there.
    """
    block = "".join(written(stage) for stage in stages)
    found, count = BLOCK.subn(lambda marks: marks["head"] + block + marks["tail"], text)
    if count != 1:
        raise ValueError("the marks around the stages are not there, or twice")
    return found


def stage_blocks(stages: Iterable[str], root: Path) -> Mapping[str, Callable[[], str]]:
    """Return each file and what its text shall be."""
    names = tuple(stages)

    def page(path: str, written: Callable[[str], str]) -> Callable[[], str]:
        return lambda: with_stages((root / path).read_text(encoding="utf-8"), names, written)

    return {path: page(path, written) for path, written in BLOCKS.items()}
