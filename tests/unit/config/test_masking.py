from __future__ import annotations

import pytest

from config.masking import masked, without_password
from config.settings import load_settings

_ADDRESSES = [
    ("amqp://user:secret@host:5672/vhost", "amqp://user:***@host:5672/vhost"),
    ("mongodb://u:p%40ss@a:1,b:2/?x=1", "mongodb://u:***@a:1,b:2/?x=1"),
    ("amqp://user@host", "amqp://user@host"),
    ("http://127.0.0.1:8090", "http://127.0.0.1:8090"),
]


@pytest.mark.parametrize(("address", "shown"), _ADDRESSES)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_every_setting_is_shown_and_every_secret_hidden() -> None:
    settings = load_settings(
        {
            "BROKER_URL": "amqp://user:hush1@host",
            "MONGODB_URL": "mongodb://user:hush2@host",
            "ENCRYPTION__KEYS__k1": "aHVzaDMtaHVzaDMtaHVzaDMtaHVzaDMtaHVzaDMtaHU=",
            "ACCOUNTS__dealer1__MARKETPLACES": "US,CA",
            "ACCOUNTS__dealer1__CLIENT_ID": "the-client",
            "ACCOUNTS__dealer1__CLIENT_SECRET": "hush4",
            "ACCOUNTS__dealer1__REFRESH_TOKEN": "hush5",
        }
    )

    shown = masked(settings)

    assert shown["BROKER_URL"] == "amqp://user:***@host"
    assert shown["MONGODB_URL"] == "mongodb://user:***@host"
    assert shown["ENCRYPTION__KEYS__K1"] == "***"
    assert shown["ACCOUNTS__DEALER1__CLIENT_SECRET"] == "***"
    assert shown["ACCOUNTS__DEALER1__REFRESH_TOKEN"] == "***"
    assert shown["ACCOUNTS__DEALER1__CLIENT_ID"] == "the-client"
    assert shown["ACCOUNTS__DEALER1__MARKETPLACES"] == "ATVPDKIKX0DER,A2EUQ1WTGCTBG2"
    assert shown["ORDER_IMPORT__FIRST_SEEN"] == "open_orders"
    assert shown["DATA_DIR"] == "var"
    assert "hush" not in repr(shown)
    assert "hush" not in repr(settings)
