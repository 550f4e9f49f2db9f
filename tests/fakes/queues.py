"""What the queues of a virtual host hold: what waits and what is in a worker's hands alike."""

from __future__ import annotations

import subprocess

from tests.fakes.rabbitmq_node import PrivateRabbitMQ

COUNT = """\
[begin {{ok, Held, _}} = ra:consistent_query(
     amqqueue:get_pid(Q), fun rabbit_fifo:query_messages_total/1),
     io:format("~s ~w~n", [element(4, amqqueue:get_name(Q)), Held]) end
 || Q <- rabbit_amqqueue:list(<<"{vhost}">>)], ok.
"""
"""Asked of the queues' own logs: what the management API and ``list_queues`` tell of messages in
workers' hands is up to ten seconds old, and a passive declare tells nothing of them."""


UNTOLD = {"as much as RabbitMQ does not tell": 1}
DEAD_LETTERS = ".XQ"


def under_way(node: PrivateRabbitMQ, vhost: str, *, beside: str) -> dict[str, int]:
    """Return the messages that nobody has acked yet, by quorum queue that has any.

    Dead letters are not under way; nor is what waits in ``beside``, which nobody reads.
    """
    try:
        told = node.ctl("eval", COUNT.format(vhost=vhost)).splitlines()
    except (RuntimeError, subprocess.TimeoutExpired):
        return UNTOLD
    counts = {queue: int(count) for queue, count in (line.split() for line in told if line != "ok")}
    return {
        queue: count
        for queue, count in counts.items()
        if count and queue != beside and not queue.endswith(DEAD_LETTERS)
    }
