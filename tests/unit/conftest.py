"""Unit tests touch no network: a socket in one of them is a defect."""

from __future__ import annotations

import pytest
from pytest_socket import disable_socket


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Unix sockets stay allowed: an event loop makes a pair of them for itself.
    disable_socket(allow_unix_socket=True)
