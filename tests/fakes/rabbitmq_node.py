"""A RabbitMQ of the tests' own: private ports, directory, cookie and port mapper, loopback only."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import BinaryIO

from tests.fakes.rabbitmq_management import Management, Vhost

BOOT_ATTEMPTS, BOOT_TIMEOUT_S = 3, 120
# Debian's /usr/sbin/rabbitmq-server insists on the user rabbitmq; the release's own does not.
INSTALLED = (
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    "/opt/homebrew/opt/rabbitmq/sbin",
    "/usr/local/opt/rabbitmq/sbin",
    "/opt/rabbitmq*/sbin",
)
CONFIG = """\
listeners.tcp.default = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
disk_free_limit.absolute = 1MB
"""
METRICS_CONFIG = """\
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {port}
"""


def installed_scripts() -> Path | None:
    """Return the folder of the installed server's own scripts, or None."""
    for pattern in INSTALLED:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            if (folder / "rabbitmq-server").exists():
                return folder
    on_path = shutil.which("rabbitmq-server")
    folder = Path(on_path).resolve().parent if on_path else Path("/nonexistent")
    return folder if (folder / "rabbitmq-defaults").exists() else None


_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nobody listens on now, none of them twice in a process.

    Whoever is given one may take a while to listen on it.  They lie below the range that systems
    take for outgoing connections, where another test's client could come to sit on one meanwhile.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(range(20_000, 32_000), k=2_000):
        if len(found) == count:
            break
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            if port not in _given:
                found.append(port)
    _given.update(found)
    return found


class PrivateRabbitMQ:
    """A node that lives in a temporary directory and dies with the process that made it.

    Its processes share a process group with a reaper, which kills the group as soon as this
    process is gone, however it went.  Data and ports outlive ``kill`` and ``stop``, so that
    ``start`` brings the same broker back.
    """

    def __init__(self, scripts: Path, *, with_metrics: bool = False) -> None:
        self._scripts = scripts
        self._home = Path(tempfile.mkdtemp(prefix="rabbitmq-"))
        self._amqp, self._dist, self._http, self._epmd_port, self.metrics_port = free_ports(5)
        self._plugins = ["rabbitmq_management", *(["rabbitmq_prometheus"] if with_metrics else [])]
        self.node = f"n{uuid.uuid4().hex[:8]}@localhost"
        self.management = Management(f"http://guest:guest@127.0.0.1:{self._http}")
        self._reaper: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._write_files()

    @property
    def amqp_url(self) -> str:
        """The default virtual host's address."""
        return f"amqp://guest:guest@127.0.0.1:{self._amqp}/%2F"

    @property
    def management_url(self) -> str:
        """The management API's address, credentials included."""
        return self.management.url

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self._home / "server.log"

    def start(self) -> None:
        """Start the node, or start it again on the data it had, and wait until it is usable.

        Raises:
            RuntimeError: it does not start, with the end of what it printed.
        """
        if self._reaper is None:
            self._start_companions()
        for _attempt in range(BOOT_ATTEMPTS):
            if self._boots():
                return
            # A node killed a moment ago may still be known to the port mapper.
            self._end_server(signal.SIGKILL)
        told = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        self.close()
        raise RuntimeError(f"RabbitMQ did not start:\n{told}")

    def _boots(self) -> bool:
        with self.log.open("ab") as log:
            self._server = self._spawn(
                [str(self._scripts / "rabbitmq-server"), "-noinput"], log=log
            )
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        while self._server.poll() is None and time.monotonic() < deadline:
            if self.management.is_up():
                return True
            time.sleep(0.1)
        return False

    def stop(self) -> None:
        """Stop the node in good order; its data stay."""
        self._end_server(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the node as a power cut would (SIGKILL); its data stay."""
        self._end_server(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the node (SIGSTOP): it takes bytes and stores nothing; only ``kill`` helps."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        os.waitpid(self._server.pid, os.WUNTRACED)

    def settle(self) -> None:
        """Have declared queues and virtual hosts on disk before a ``kill``.

        RabbitMQ confirms messages when they are safe, but declarations before: one made in the
        last seconds before a kill may be forgotten, and its queue's messages with it; or the
        queue is there, and its only member is not known to be its own: it never gets a leader.
        """
        self.ctl("eval", "catch mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()].")

    def close(self) -> None:
        """End everything and forget the data.  Again is harmless."""
        self._end_server(signal.SIGKILL)
        for process in (self._epmd, self._reaper):
            if process is not None:
                process.kill()
                process.wait()
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.close()
        self._epmd = self._reaper = None
        shutil.rmtree(self._home, ignore_errors=True)

    def ctl(self, *args: str) -> str:
        """Run rabbitmqctl against this node and return what it printed."""
        command = [str(self._scripts / "rabbitmqctl"), "--silent", "-n", self.node, *args]
        done = subprocess.run(
            command,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {args[0]}: {done.stderr.strip()}")
        return done.stdout

    def add_vhost(self, name: str) -> Vhost:
        """Make a virtual host whose queues are quorum queues."""
        self.management.add_vhost(name)
        return Vhost(name, f"amqp://guest:guest@127.0.0.1:{self._amqp}/{name}")

    def delete_vhost(self, name: str) -> None:
        """Remove a virtual host with everything in it."""
        self.management.delete_vhost(name)

    def close_all_connections(self) -> int:
        """Cut every client's connection; return how many there were."""
        # Not by the management API: its list of connections lags by up to five seconds.
        count = len(self.ctl("list_connections", "pid").split())
        self.ctl("close_all_connections", "--global", "closed by a test")
        return count

    def _start_companions(self) -> None:
        # The reaper leads the group and blocks on a pipe whose other end only this process holds.
        self._reaper = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; rm -rf "$0"; kill -KILL 0', str(self._home)],
            stdin=subprocess.PIPE,
            process_group=0,
        )
        with self.log.open("ab") as log:
            self._epmd = self._spawn(["epmd", "-port", str(self._epmd_port)], log=log)

    def _spawn(self, command: list[str], *, log: BinaryIO) -> subprocess.Popen[bytes]:
        assert self._reaper is not None
        return subprocess.Popen(
            command,
            env=self._environment(),
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=self._reaper.pid,
        )

    def _end_server(self, how: signal.Signals) -> None:
        if self._server is None:
            return
        self._server.send_signal(how)
        try:
            self._server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def _write_files(self) -> None:
        config = CONFIG.format(amqp=self._amqp, management=self._http)
        if "rabbitmq_prometheus" in self._plugins:
            config += METRICS_CONFIG.format(port=self.metrics_port)
        (self._home / "rabbitmq.conf").write_text(config)
        (self._home / "enabled_plugins").write_text(f"[{','.join(self._plugins)}].\n")
        cookie = self._home / ".erlang.cookie"
        cookie.write_text(uuid.uuid4().hex)
        cookie.chmod(0o400)

    def _environment(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
        ours.pop("NOTIFY_SOCKET", None)
        path = os.pathsep.join((ours.get("PATH", ""), "/opt/homebrew/bin", "/usr/local/bin"))
        return ours | {
            "HOME": str(self._home),  # Erlang looks for its cookie there.
            "PATH": path,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_ALLOW_INPUT": "1",  # The script then becomes the server, no shell between.
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(self._home / "rabbitmq.conf"),
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._home / "enabled_plugins"),
            "RABBITMQ_LOG_BASE": str(self._home / "log"),
            "RABBITMQ_MNESIA_BASE": str(self._home / "data"),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._amqp),
        }
