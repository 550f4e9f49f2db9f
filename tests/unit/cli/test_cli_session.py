from __future__ import annotations

import click
import pytest

from cli.failing import Stop
from cli.requesting import marketplace_ids
from cli.root import COMMANDS, cli, main
from cli.session import Session
from config.settings import load_settings
from domain.errors import UnknownAccount
from tests.fakes.cli_app import TWO_ACCOUNTS


def session(env: dict[str, str]) -> Session:
    return Session(lambda: load_settings(env))


def test_the_only_account_need_not_be_named() -> None:
    assert session({}).account(None) == "demo"
    assert session({}).account("demo") == "demo"


def test_one_of_several_accounts_must_be_named() -> None:
    with pytest.raises(click.UsageError, match=r"demo \| east \| west"):
        session(TWO_ACCOUNTS).account(None)


def test_an_account_that_is_not_configured_is_unknown() -> None:
    with pytest.raises(UnknownAccount):
        session(TWO_ACCOUNTS).account("north")


def test_without_any_account_there_is_advice_how_to_configure_one() -> None:
    real = {"amazon_endpoint": "https://sellingpartnerapi-na.amazon.com"}

    with pytest.raises(Stop, match=r"README\.md"):
        session(real).account(None)


def test_marketplaces_are_named_by_country_or_id_and_must_be_the_accounts_own() -> None:
    account = load_settings(TWO_ACCOUNTS).account("east")

    assert marketplace_ids(account, ["us"]) == ("ATVPDKIKX0DER",)
    assert marketplace_ids(account, ["ATVPDKIKX0DER", "US"]) == ("ATVPDKIKX0DER",)
    assert marketplace_ids(account, []) == ("ATVPDKIKX0DER",)
    with pytest.raises(click.UsageError, match="does not sell in"):
        marketplace_ids(account, ["DE"])


def test_more_marketplaces_than_amazon_lets_one_ask_for_must_be_named() -> None:
    everywhere = load_settings({}).account("demo")

    with pytest.raises(click.UsageError, match="--marketplace"):
        marketplace_ids(everywhere, [])


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_list_of_commands_says_what_each_one_says_of_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert (command.help or "").partition("\n")[0] == COMMANDS[name].summary


def test_help_and_wrong_usage_have_their_exit_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    assert main(["nonsense"]) == 2
    assert main(["orders", "show"]) == 2
    assert main(["orders"]) == 2

    assert "Traceback" not in capsys.readouterr().err


def test_a_wrong_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ORDER_IMPORT__LOOKBACK_DAYS", "many")

    assert main(["orders", "list"]) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "ORDER_IMPORT__LOOKBACK_DAYS" in told.err
