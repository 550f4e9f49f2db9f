"""Which process waits how long for RabbitMQ's confirm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from actors.runtime.confirms import CONFIRM_LIMIT_S, WORKER_LIMIT_S
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.system import KEY

BOTH = """
import dramatiq
from actors.app import build, setup
from config.settings import load_settings
setup()
print(dramatiq.get_broker().confirm_limit_s, build(load_settings()).broker.confirm_limit_s)
"""


def test_a_worker_waits_long_and_whoever_does_several_things_in_turn_does_not(
    tmp_path: Path,
) -> None:
    with mongodb_url() as url, fresh_database(url) as name:
        settings = {
            "MONGODB_URL": url,
            "MONGODB_DATABASE": name,
            "BROKER_URL": "amqp://nowhere",
            "DATA_DIR": str(tmp_path),
            "ENCRYPTION__KEYS__TEST": KEY,
            "METRICS_PORT": "0",
        }
        done = subprocess.run(
            [sys.executable, "-c", BOTH], env=settings, capture_output=True, text=True, check=False
        )
    assert done.stdout.split() == [str(WORKER_LIMIT_S), str(CONFIRM_LIMIT_S)], done.stderr
