from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import SettingsError, load_settings
from domain.errors import UnknownAccount
from domain.order_import import FirstSeen

DEALER = {
    "ACCOUNTS__dealer1__MARKETPLACES": "US, ca",
    "ACCOUNTS__dealer1__CLIENT_ID": "amzn1.application-oa2-client.one",
    "ACCOUNTS__dealer1__CLIENT_SECRET": "client-secret-one",
    "ACCOUNTS__dealer1__REFRESH_TOKEN": "Atzr|refresh-one",
}
KEY = base64.b64encode(bytes(range(32))).decode()


def refusal(env: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(env)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_nothing_set_is_the_embedded_mode() -> None:
    settings = load_settings({})

    assert settings.is_embedded
    assert settings.is_in_memory
    assert settings.data_dir == Path("var")
    assert settings.order_import.first_seen is FirstSeen.OPEN_ORDERS
    assert settings.order_import.chunk_rows == 400
    assert settings.schedule.order_report_minutes == 30


def test_settings_are_read_by_their_nested_names_in_any_case() -> None:
    settings = load_settings(
        {
            "order_import__first_seen": "pending_only",
            "ORDER_IMPORT__CHUNK_ROWS": "250",
            "Schedule__Fulfillment_Minutes": "45",
            "METRICS_PORT": "0",
            "LOG_LEVEL": "debug",
        }
    )

    assert settings.order_import.first_seen is FirstSeen.PENDING_ONLY
    assert settings.order_import.chunk_rows == 250
    assert settings.schedule.fulfillment_minutes == 45
    assert settings.metrics_port == 0
    assert settings.log_level == "DEBUG"


def test_an_empty_or_blank_variable_is_as_good_as_none() -> None:
    assert load_settings({"MONGODB_URL": "", "BROKER_URL": "  ", "DATA_DIR": ""}) == load_settings(
        {}
    )


def test_settings_cannot_be_changed() -> None:
    settings = load_settings({})

    with pytest.raises(ValidationError):
        settings.order_import.chunk_rows = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.broker_url = "amqp://elsewhere"  # type: ignore[misc]


def test_secret_files_are_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "accounts__dealer1__refresh_token").write_text("Atzr|from-file\n")
    (tmp_path / "accounts__dealer1__client_secret").write_text("from-file\n")
    (tmp_path / "unrelated.pem").write_bytes(b"\xff\xfe")
    env = DEALER | {"SECRETS_DIR": str(tmp_path)}
    del env["ACCOUNTS__dealer1__REFRESH_TOKEN"]

    account = load_settings(env).account("dealer1")

    assert account.refresh_token.get_secret_value() == "Atzr|from-file"
    assert account.client_secret.get_secret_value() == "client-secret-one"


def test_the_environment_wins_over_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("METRICS_PORT=1111\nLOG_LEVEL=ERROR\n")
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.delenv("METRICS_PORT", raising=False)

    settings = load_settings()

    assert settings.metrics_port == 1111
    assert settings.log_level == "WARNING"


def test_variables_handed_in_are_all_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("METRICS_PORT=1111\n")
    monkeypatch.setenv("LOG_LEVEL", "ERROR")

    assert load_settings({}).metrics_port == 9191
    assert load_settings({}).log_level == "INFO"


def test_an_account_without_writes_switched_on_does_not_write() -> None:
    assert not load_settings(DEALER).account("dealer1").amazon_writes
    on = DEALER | {"ACCOUNTS__dealer1__AMAZON_WRITES": "true"}
    assert load_settings(on).account("dealer1").amazon_writes


def test_an_unknown_account_is_named() -> None:
    with pytest.raises(UnknownAccount, match="unknown account 'dealer9'"):
        load_settings(DEALER).account("dealer9")


_REFUSALS = [
    (
        {"ORDER_IMPORT__CHUNK_ROWS": "0"},
        "ORDER_IMPORT__CHUNK_ROWS: input should be greater than or equal to 1",
    ),
    (
        {"ORDER_IMPORT__CHUNK_ROW": "9"},
        "ORDER_IMPORT__CHUNK_ROW is not a setting: did you mean CHUNK_ROWS?",
    ),
    (
        {"ORDER_IMPORT": "9"},
        "ORDER_IMPORT is a group of settings and has no value itself: set ORDER_IMPORT__…",
    ),
    (
        {"BROKER_URL": "redis://localhost"},
        "BROKER_URL: must be an address that starts with amqp://, or amqps://",
    ),
    (
        {"MONGODB_URL": "localhost:27017"},
        "MONGODB_URL: must be an address that starts with mongodb://, or mongodb+srv://",
    ),
    (
        {"AMAZON_ENDPOINT": "http://sellingpartnerapi-na.amazon.com"},
        "AMAZON_ENDPOINT: must start with https:// where Amazon's own hosts are called",
    ),
    (
        {"MONGODB_URL": "mongodb://localhost/"},
        (
            "ENCRYPTION__KEYS__<id> is missing: with MONGODB_URL set, buyer data needs a key; "
            "make one with `openssl rand -base64 32`"
        ),
    ),
    (
        {"ENCRYPTION__KEYS__k1": "c2hvcnQ="},
        (
            "ENCRYPTION__KEYS__K1: must be 32 random bytes in base64: "
            "make one with `openssl rand -base64 32`"
        ),
    ),
    (
        {"ENCRYPTION__KEYS__k1": KEY, "ENCRYPTION__KEYS__k2": KEY},
        "ENCRYPTION: say which key is active: ACTIVE_KEY=k1 | k2",
    ),
    (
        {"ENCRYPTION__KEYS__k1": KEY, "ENCRYPTION__ACTIVE_KEY": "k3"},
        "ENCRYPTION: ACTIVE_KEY=k3 names no key: set KEYS__<id> for it",
    ),
    (
        {"SCHEDULE__ORDER_REPORT_MINUTES": "4320"},
        (
            "SCHEDULE__ORDER_REPORT_MINUTES must be shorter than ORDER_IMPORT__LOOKBACK_DAYS: "
            "otherwise orders fall between two reports"
        ),
    ),
    (
        DEALER | {"ACCOUNTS__dealer1__MARKETPLACES": "US,JP"},
        (
            "ACCOUNTS__DEALER1: MARKETPLACES lie in fe and na: "
            "one account is one region, configure another account for the other"
        ),
    ),
    (
        DEALER | {"ACCOUNTS__dealer1__REGION": "eu"},
        (
            "ACCOUNTS__DEALER1: MARKETPLACES lie in na, REGION says eu: "
            "one account is one region, configure another account for the other"
        ),
    ),
    (
        DEALER | {"ACCOUNTS__dealer1__MARKETPLACES": "US,XX"},
        (
            "ACCOUNTS__DEALER1__MARKETPLACES: 'XX' is no marketplace of Amazon's: "
            "use a country code (US, DE, JP …) or a marketplace id"
        ),
    ),
    (
        DEALER | {"ACCOUNTS__dealer1__TIMEZONE": "Mars/Olympus"},
        "ACCOUNTS__DEALER1__TIMEZONE: is no time zone: use an IANA name such as Europe/Berlin",
    ),
    (
        {"ACCOUNTS__dealer1__MARKETPLACES": "US", "ACCOUNTS__dealer1__CLIENT_ID": "x"},
        (
            "ACCOUNTS__DEALER1__CLIENT_SECRET, ACCOUNTS__DEALER1__REFRESH_TOKEN are missing: "
            "set in the environment, in .env, or as a file of that name in SECRETS_DIR"
        ),
    ),
    (
        {name.replace("dealer1", "a b"): value for name, value in DEALER.items()},
        "ACCOUNTS__A B: is no account name: use up to 40 of a-z, 0-9, - and _",
    ),
    ({"SECRETS_DIR": "no/such/folder"}, "SECRETS_DIR: no/such/folder cannot be read as text"),
]


@pytest.mark.parametrize(("env", "line"), _REFUSALS)
def test_a_wrong_setting_is_told_in_one_line(env: dict[str, str], line: str) -> None:
    assert refusal(env) == line


def test_many_wrong_settings_still_make_one_short_line() -> None:
    wrong = {f"ORDER_IMPORT__X{n}": "1" for n in range(9)}

    assert refusal(wrong).endswith("ORDER_IMPORT__X2 is not a setting; and 6 more")


def test_a_refusal_never_shows_the_value_of_a_secret() -> None:
    secrets = {
        "ENCRYPTION__KEYS__k1": "do-not-print-1",
        "BROKER_URL": "http://user:do-not-print-2@host",
        "MONGODB_URL": "mongo://user:do-not-print-3@host",
        "ACCOUNTS__dealer1__CLIENT_SECRET": "do-not-print-4",
        "ACCOUNTS__dealer1__AMAZON_WRITES": "do-not-print-5",
    }

    with pytest.raises(SettingsError) as refused:
        load_settings(secrets)

    assert "do-not-print" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
