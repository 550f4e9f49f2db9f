"""RabbitMQ's management API, as far as tests need it: virtual hosts, queues, connections."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpx


@dataclass(frozen=True, slots=True)
class Vhost:
    """A virtual host of its own for one test; queues declared in it are quorum queues."""

    name: str
    amqp_url: str


@dataclass(frozen=True, slots=True)
class Management:
    """The API at ``url``, e.g. ``http://guest:guest@127.0.0.1:15672``."""

    url: str

    def is_up(self) -> bool:
        """Return whether it answers, and with it the whole node."""
        try:
            return self._call("GET", "/api/vhosts").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def add_vhost(self, name: str) -> None:
        """Make a virtual host whose queues are quorum queues unless they say otherwise.

        An import of definitions is used because RabbitMQ 3.10 ignores the default queue type in
        ``PUT /api/vhosts`` and rabbitmqctl takes half a second.
        """
        quorum = {"default_queue_type": "quorum"}
        allowed = {"configure": ".*", "write": ".*", "read": ".*"}
        user = urlsplit(self.url).username
        definitions = {
            "vhosts": [{"name": name, "metadata": quorum | {"tags": []}, **quorum}],
            "permissions": [{"user": user, "vhost": name, **allowed}],
        }
        self._call("POST", "/api/definitions", json=definitions).raise_for_status()

    def delete_vhost(self, name: str) -> None:
        """Remove a virtual host with everything in it."""
        self._call("DELETE", f"/api/vhosts/{quote(name, safe='')}").raise_for_status()

    def queues(self, vhost: str) -> dict[str, dict[str, object]]:
        """Return the queues of a virtual host by name: ``type``, ``arguments``, ``messages``, …

        Message counts are up to 5 s old; a passive declare is exact.
        """
        answer = self._call("GET", f"/api/queues/{quote(vhost, safe='')}").raise_for_status()
        return {queue["name"]: queue for queue in answer.json()}

    def close_all_connections(self) -> int:
        """Cut every client's connection, as an operator or a fail-over would; return how many."""
        names = [row["name"] for row in self._call("GET", "/api/connections").json()]
        for name in names:
            self._call("DELETE", f"/api/connections/{quote(name, safe='')}")
        return len(names)

    def _call(self, method: str, path: str, json: object = None) -> httpx.Response:
        return httpx.request(method, self.url + path, json=json, timeout=10, trust_env=False)
