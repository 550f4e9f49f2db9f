"""Ports that are the last thing a worker uses: it dies right after the n-th call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Steps:
    """Counts what a worker does; ``die`` is called right after the step ``last``."""

    def __init__(self, die: Callable[[], object], *, last: int = 0) -> None:
        self._die, self._last = die, last
        self.made: list[str] = []

    def done(self, name: str) -> None:
        """A step was made."""
        self.made.append(name)
        if len(self.made) == self._last:
            self._die()


class Dying:
    """A port whose every call, once it has had its effect, is a step."""

    def __init__(self, port: Any, steps: Steps) -> None:
        self._port, self._steps = port, steps

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = method(*args, **kwargs)
            self._steps.done(name)
            return answer

        return call
