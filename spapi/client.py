"""The one HTTP client: timeouts, User-Agent, and loggers that must not speak."""

from __future__ import annotations

import logging
import platform

import httpx

VERSION = "0.1.0"

USER_AGENT = (
    f"AmazonOrdersFulfillment/{VERSION} "
    f"(Language=Python/{platform.python_version()}; Platform={platform.system()})"
)
"""Amazon refuses requests without one.  Source: SP-API developer guide, User-Agent header."""

CALL_TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=30.0, pool=30.0)
DOCUMENT_TIMEOUT = httpx.Timeout(connect=5.0, read=60.0, write=120.0, pool=30.0)
"""A document of a million rows pauses longer between two packets than an answer does."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

TALKATIVE = ("httpx", "httpcore", "sp_api", "sp_api.base.client", "sp_api.auth.access_token_client")
"""Loggers that print whole URLs (signed ones too) at INFO, or access tokens at DEBUG."""


def make_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return the client all calls of this process share; it is safe to use from many threads.

    ``transport`` replaces the network, for tests.
    """
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(
        transport=transport,
        timeout=CALL_TIMEOUT,
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
        headers={"user-agent": USER_AGENT},
        follow_redirects=False,
        # A proxy of the environment is for the world, never for a simulator on this machine.
        mounts=None if transport else {f"all://{host}": None for host in LOOPBACK},
    )
