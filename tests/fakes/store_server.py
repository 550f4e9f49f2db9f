"""An embedded store that can be killed and comes back with what was on disk."""

from __future__ import annotations

from pathlib import Path

from store import embedded_server


class StoreServer:
    """An embedded server on a port that it keeps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = embedded_server.start(folder / "store", folder / "store.log")
        self.url = self._server.url
        self._port = int(self.url.rstrip("/").rsplit(":", 1)[1].partition("/")[0])

    def kill_and_restart(self) -> None:
        """Kill -9, then start on what was on disk."""
        self._server.process.kill()
        self._server.process.wait()
        self._server = embedded_server.start(
            self._folder / "store", self._folder / "store.log", port=self._port
        )

    def stop(self) -> None:
        """End it."""
        self._server.stop()
