"""What a command may ask for: the settings, the running application, an account.

Everything is opened when it is first asked for, so that a command needs no service it does not use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.failing import Stop
from config.logging import configure_logging
from domain.errors import UnknownAccount

if TYPE_CHECKING:
    from actors.app import App
    from config.settings import Settings


def _settings() -> Settings:
    from config.settings import load_settings  # noqa: PLC0415  takes time that --help has not

    return load_settings()


def _app(settings: Settings) -> App:
    from actors.app import build  # noqa: PLC0415  same: it imports every client library

    return build(settings)


class Session:
    """One invocation of the command line.  Tests hand in what settings and application shall be."""

    def __init__(
        self,
        load_settings: Callable[[], Settings] = _settings,
        build_app: Callable[[Settings], App] = _app,
    ) -> None:
        self._load_settings, self._build_app = load_settings, build_app
        self._known: Settings | None = None
        self.debug = False

    @property
    def settings(self) -> Settings:
        """The settings, read once.

        Raises:
            SettingsError: a setting is missing or wrong.
        """
        if self._known is None:
            self._known = self._load_settings()
        return self._known

    @contextmanager
    def app(self) -> Iterator[App]:
        """Open the application for the time of a ``with`` block.

        Raises:
            SettingsError, Unavailable
        """
        app = self._build_app(self.settings)
        try:
            yield app
        finally:
            app.close()

    def account(self, given: str | None) -> str:
        """Return the account meant: the one given, or the only one there is.

        Raises:
            UnknownAccount: no such account is configured.
            Stop: there are several, or none.
        """
        names = sorted(self.settings.resolved_accounts())
        if given is not None:
            if given not in names:
                raise UnknownAccount(given)
            return given
        if len(names) == 1:
            return names[0]
        if not names:
            raise Stop("no account is configured: see README.md, 'A real account'")
        raise click.UsageError(f"say which account: --account {' | '.join(names)}")

    def account_filter(self, given: str | None) -> str | None:
        """Return the account to narrow a list to; None: all of them."""
        return None if given is None else self.account(given)

    def start_logging(self) -> None:
        """Send the log to stderr; what is printed on stdout stays the result alone."""
        configure_logging("DEBUG" if self.debug else "CRITICAL")


pass_session = click.make_pass_decorator(Session)

account_option = click.option(
    "--account", metavar="NAME", help="The seller account; needed when there are several."
)
