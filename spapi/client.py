"""The one HTTP client: timeouts, User-Agent, and loggers that must not speak."""

from __future__ import annotations

import logging
import platform

import httpx

from config.sections import Http

VERSION = "0.1.0"

USER_AGENT = (
    f"AmazonOrdersFulfillment/{VERSION} "
    f"(Language=Python/{platform.python_version()}; Platform={platform.system()})"
)
"""Amazon refuses requests without one.  Source: SP-API developer guide, User-Agent header."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

TALKATIVE = ("httpx", "httpcore", "sp_api", "sp_api.base.client", "sp_api.auth.access_token_client")
"""Loggers that print whole URLs (signed ones too) at INFO, or access tokens at DEBUG."""


def make_client(
    limits: Http | None = None, *, transport: httpx.BaseTransport | None = None
) -> httpx.Client:
    """Return the client all calls of this process share; it is safe to use from many threads.

    ``limits`` are the settings' time limits; ``transport`` replaces the network, for tests.
    """
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(
        transport=transport,
        timeout=call_timeout(limits or Http()),
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
        headers={"user-agent": USER_AGENT},
        follow_redirects=False,
        # A proxy of the environment is for the world, never for a simulator on this machine.
        mounts=None if transport else {f"all://{host}": None for host in LOOPBACK},
    )


def call_timeout(limits: Http) -> httpx.Timeout:
    """Return the time limits of an API call; reading and writing are counted between packets."""
    return httpx.Timeout(limits.call_timeout_s, connect=limits.connect_timeout_s)


def document_timeout(limits: Http) -> httpx.Timeout:
    """Return the time limits of a document: a million rows pause longer than an answer."""
    return httpx.Timeout(limits.document_timeout_s, connect=limits.connect_timeout_s)
