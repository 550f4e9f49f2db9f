"""A RabbitMQ for the bridge, in memory: one queue, acks that can be lost, connections that end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event as Flag
from types import SimpleNamespace
from typing import Any

from pika.exceptions import AMQPConnectionError


@dataclass
class InboundQueue:
    """What was sent and is not acked.  Each ``connect`` delivers all of it, as a new session."""

    waiting: list[bytes]
    is_cut_after_ack: bool = False
    """The connection ends once, after an ack was sent and before RabbitMQ has read it."""
    pauses: list[float] = field(default_factory=list)
    _sessions: int = 0

    def connect(self, stop: Flag) -> InboundConnection:
        self._sessions += 1
        return InboundConnection(self, stop, redelivered=self._sessions > 1)


class InboundConnection:
    """As much of pika's connection and channel as the bridge uses; at the end it sets ``stop``."""

    def __init__(self, queue: InboundQueue, stop: Flag, *, redelivered: bool) -> None:
        self._queue, self._stop, self._redelivered = queue, stop, redelivered
        self._on_message: Callable[..., None] | None = None
        self._unread_ack = 0
        self._undelivered = list(queue.waiting)

    def channel(self) -> InboundConnection:
        return self

    def exchange_declare(self, *_: Any, **__: Any) -> None:
        self._answer()

    queue_declare = queue_bind = exchange_declare

    def add_on_cancel_callback(self, callback: Callable[..., None]) -> None:
        """No queue is deleted here."""

    def basic_qos(self, *, prefetch_count: int) -> None:
        assert prefetch_count > 0
        self._answer()

    def basic_consume(self, _queue: str, on_message: Callable[..., None]) -> None:
        self._on_message = on_message

    def basic_ack(self, tag: int, *, multiple: bool) -> None:
        assert multiple
        self._unread_ack = tag

    def sleep(self, seconds: float) -> None:
        self._queue.pauses.append(seconds)

    def process_data_events(self, *, time_limit: float) -> None:
        assert time_limit > 0
        self._answer()
        if not self._queue.waiting:
            self._stop.set()
        assert self._on_message is not None
        for tag, body in enumerate(self._undelivered, start=1):
            method = SimpleNamespace(redelivered=self._redelivered, delivery_tag=tag)
            self._on_message(self, method, None, body)
        self._undelivered = []

    def _answer(self) -> None:
        """RabbitMQ reads in order: when it answers, it has read what was sent before."""
        if self._unread_ack and self._queue.is_cut_after_ack:
            self._queue.is_cut_after_ack = False
            raise AMQPConnectionError
        del self._queue.waiting[: self._unread_ack]
        self._unread_ack = 0
