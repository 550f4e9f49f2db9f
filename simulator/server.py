"""The simulator on a socket: in a thread for tests and demo, in the foreground for the shell."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from simulator import control
from simulator.app import App
from simulator.clock import Clock
from simulator.faults import Fault
from simulator.feeds import Feed
from simulator.marketplaces import DEFAULT_MARKETPLACES
from simulator.orders import Order
from simulator.report_content import Content
from simulator.tokens import CLIENT_ID, CLIENT_SECRET
from simulator.wire import Request, Response
from simulator.world import TOKEN_PREFIX, Seller, Settings, World

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "TOKEN_PREFIX", "Simulator", "serve"]


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, asks the app, writes the answer, or drops the connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )
        response = self.server.app.handle(request)
        if response.hang_s:
            self.server.stopping.wait(response.hang_s)
        if response.drop or self.server.stopping.is_set():
            self.close_connection = True
            return
        self._write(response)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 -- http.server's names

    def _write(self, response: Response) -> None:
        reason = self.responses.get(response.status, ("",))[0]
        lines = [f"{self.protocol_version} {response.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines += [f"Content-Length: {len(response.body)}", "", ""]
        head = "\r\n".join(lines).encode("latin-1")
        with contextlib.suppress(ConnectionError):  # The client may have given up by now.
            self.wfile.write(head + response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
        """Say nothing: the counters tell what was called."""


class _Server(ThreadingHTTPServer):
    """A threading server that can be stopped while clients keep their connections open."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: App) -> None:
        self.app = app
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it in its own thread."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; a defect of ours is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop, whatever the clients do."""
        self.stopping.set()
        self.shutdown()
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Simulator:
    """A local Amazon on ``url``.  Use it as a context manager, or ``start`` and ``stop`` it.

    Any refresh token that begins ``Atzr|sim-`` is an account of its own, with ``orders`` orders
    made from ``seed``; the application is ``CLIENT_ID`` with ``CLIENT_SECRET``.  ``speed`` 0
    freezes the clock; ``start_at`` is its first time (default: now).  ``settings`` are those of
    ``world.Settings``, e.g. ``throttle=False``.
    """

    def __init__(  # noqa: PLR0913 -- each is a choice of its own
        self,
        *,
        seed: int = 7,
        orders: int = 300,
        speed: float = 1.0,
        port: int = 0,
        host: str = "127.0.0.1",
        start_at: datetime | None = None,
        marketplaces: Sequence[str] = DEFAULT_MARKETPLACES,
        arrivals_per_hour: float = 0.0,
        **settings: Any,
    ) -> None:
        self.world = World(
            seed=seed,
            orders=orders,
            clock=Clock(start_at, speed),
            marketplaces=marketplaces,
            arrivals_per_hour=arrivals_per_hour,
            settings=Settings(**settings),
        )
        self.app = App(self.world, self._base_url)
        self._address = (host, port)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, e.g. ``http://127.0.0.1:4711``."""
        host, port = self._server.server_address[:2] if self._server else self._address
        return f"http://{host!s}:{port}"

    def _base_url(self, request: Request) -> str:
        """Begin presigned URLs with where it listens or, listening anywhere, was asked."""
        anywhere = self._address[0] in ("", "0.0.0.0", "::")  # noqa: S104 -- compared, not bound
        host = request.headers.get("host", "")
        return f"http://{host}" if anywhere and host else self.url

    def start(self) -> Self:
        """Listen, in a thread of its own."""
        self._server = _Server(self._address, self.app)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simulator"
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._server and self._thread:
            self._server.stop()
            self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def handle(self, request: Request) -> Response:
        """Answer a request without a socket (unit tests)."""
        return self.app.handle(request)

    def advance(self, seconds: float) -> datetime:
        """Let simulated time pass and everything due happen; return the time it is."""
        with self.world.lock:
            self.world.clock.advance(seconds)
            return self.world.settle()

    def seller(self, account: str = "demo") -> Seller:
        """Return an account by its refresh token or its name; made when first met."""
        with self.world.lock:
            self.world.settle()
            return self.world.seller(account)

    def put_order(self, **spec: Any) -> Order:
        """Add or change an order exactly; see ``order_spec.put_order``."""
        return control.put_order(self.world, spec)

    def add_fault(self, kind: str, **spec: Any) -> Fault:
        """Order a fault; see ``faults.Faults.add``."""
        return control.add_fault(self.world, {"kind": kind, **spec})

    def add_foreign_feed(self, **spec: Any) -> Feed:
        """Add a feed another application sent; see ``control.add_foreign_feed``."""
        return control.add_foreign_feed(self.world, spec)

    def clear_faults(self) -> int:
        """Take every fault away; what one of them held up goes on."""
        return control.clear_faults(self.world)

    def serve_report_document(
        self,
        content: bytes,
        content_type: str = "text/plain; charset=UTF-8",
        *,
        gzipped: bool = False,
    ) -> None:
        """Let the next report hold exactly these bytes; ``gzipped`` only declares them so."""
        with self.world.lock:
            self.world.canned.append(Content(content, content_type, gzipped))

    def configure(self, **changes: Any) -> None:
        """Change settings; see ``world.Settings``."""
        control.change_settings(self.world, changes)

    def state(self) -> dict[str, Any]:
        """Return what ``GET /_simulator/state`` tells."""
        with self.world.lock:
            return control.state(self.world, self.world.settle())

    def calls(self, operation: str, account: str | None = None) -> int:
        """Return how often an operation was called (by one account)."""
        told: Mapping[str, Any] = self.state()
        if account is None:
            return int(told["calls"].get(operation, 0))
        by_seller = told["calls_by_seller"].get(self.seller(account).seller_id, {})
        return int(by_seller.get(operation, 0))


def serve(  # noqa: PLR0913 -- each is a choice of its own
    port: int,
    *,
    seed: int,
    orders: int,
    speed: float,
    host: str = "127.0.0.1",
    arrivals_per_hour: float = 6.0,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Run a simulator until SIGINT or SIGTERM; call it from the main thread.

    ``ready`` is told the URL once it listens.

    Raises:
        OSError: the port cannot be had.
    """
    stop = threading.Event()
    simulator = Simulator(
        seed=seed,
        orders=orders,
        speed=speed,
        port=port,
        host=host,
        arrivals_per_hour=arrivals_per_hour,
    )
    with simulator:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        if ready:
            ready(simulator.url)
        stop.wait()
