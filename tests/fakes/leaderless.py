"""Quorum queues without a leader: RabbitMQ takes what is published to them and confirms nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.rabbitmq_node import PrivateRabbitMQ

MEMBER = """\
{{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, <<"{queue}">>)),
ok = sys:{act}(amqqueue:get_pid(Queue)).
"""


@contextmanager
def leaderless(node: PrivateRabbitMQ, vhost: str, queue: str) -> Iterator[None]:
    """Silence a queue's only member, as the loss of a majority would, and let it speak again."""
    node.ctl("eval", MEMBER.format(vhost=vhost, queue=queue, act="suspend"))
    try:
        yield
    finally:
        node.ctl("eval", MEMBER.format(vhost=vhost, queue=queue, act="resume"))
