"""What the queues of a virtual host hold: what waits and what is in a worker's hands alike."""

from __future__ import annotations

import subprocess

from tests.fakes.rabbitmq_node import PrivateRabbitMQ

DEAD_LETTERS = ".XQ"
COUNT = """\
[case ra:consistent_query(amqqueue:get_pid(Q), fun rabbit_fifo:query_messages_total/1) of
     {{ok, Held, _}} -> io:format("~s ~w~n", [Name, Held]);
     _ -> io:format("~s {untold}~n", [Name]) end
 || Q <- rabbit_amqqueue:list(<<"{vhost}">>), Name <- [element(4, amqqueue:get_name(Q))],
    not lists:suffix("{dead_letters}", binary_to_list(Name))], ok.
"""
"""Asked of the queues' own logs: what the management API and ``list_queues`` tell of messages in
workers' hands is up to ten seconds old, and a passive declare tells nothing of them."""


UNTOLD = 1_000_000
"""Counted for a queue that does not tell: it is not known to be empty."""


def under_way(node: PrivateRabbitMQ, vhost: str, *, beside: str) -> dict[str, int]:
    """Return the messages that nobody has acked yet, by quorum queue that has any.

    Dead letters are not under way; nor is what waits in ``beside``, which nobody reads.
    """
    asked = COUNT.format(vhost=vhost, dead_letters=DEAD_LETTERS, untold=UNTOLD)
    try:
        told = node.ctl("eval", asked).splitlines()
    except (RuntimeError, subprocess.TimeoutExpired):
        return {"every queue": UNTOLD}
    counts = {queue: int(count) for queue, count in (line.split() for line in told if line != "ok")}
    return {queue: count for queue, count in counts.items() if count and queue != beside}
