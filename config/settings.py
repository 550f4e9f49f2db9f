"""All settings, from the environment, ``.env`` and secret files.  Read by ``load_settings`` only.

``BROKER_URL``, ``MONGODB_URL`` and ``AMAZON_ENDPOINT`` choose what is real: left out, the broker
is in memory, the store embedded and Amazon a simulator.  No code differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.accounts import Account
from config.endpoints import demo_account, is_amazons, resolve
from config.sections import (
    AccountName,
    AccountSettings,
    Encryption,
    Feeds,
    Fulfillment,
    Http,
    OrderImport,
    Privacy,
    Schedule,
)
from config.sources import SettingsError, in_one_line, process_variables, read_sources
from domain.errors import UnknownAccount

__all__ = ["Settings", "SettingsError", "load_settings"]

DEMO = "demo"
SCHEMES = {
    "broker_url": ("amqp", "amqps"),
    "mongodb_url": ("mongodb", "mongodb+srv"),
    "amazon_endpoint": ("https", "http"),
}


class Settings(BaseSettings):
    """Everything that can be set.  Frozen; a process reads it once, at its start."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        env_nested_delimiter="__",
    )

    data_dir: Path = Path("var")
    """Where the embedded mode keeps everything: a fresh folder is a fresh start."""

    broker_url: str = Field(default="", repr=False)
    """RabbitMQ, ``amqp://user:password@host:5672/vhost``.  Empty: the in-memory broker of the demo,
    which forgets everything when its process ends."""

    mongodb_url: str = Field(default="", repr=False)
    """MongoDB, ``mongodb://…`` or ``mongodb+srv://…``.  Empty: an embedded store under DATA_DIR,
    for demo and tests, never for production."""

    mongodb_database: str = Field(default="amazon_orders", pattern=r"^[A-Za-z0-9_-]{1,63}$")
    """The name of the database."""

    amazon_endpoint: str = ""
    """Where Amazon's API is, for all accounts: a simulator or Amazon's sandbox.  Empty: the real
    endpoint of each account's region."""

    secrets_dir: Path | None = None
    """A folder of files named like settings (``accounts__dealer1__refresh_token``), each holding
    one value, as container platforms mount secrets.  The environment wins over them."""

    accounts: dict[AccountName, AccountSettings] = {}
    """The sellers' accounts by name: ``ACCOUNTS__<name>__…``."""

    order_import: OrderImport = OrderImport()
    feeds: Feeds = Feeds()
    fulfillment: Fulfillment = Fulfillment()
    schedule: Schedule = Schedule()
    privacy: Privacy = Privacy()
    encryption: Encryption = Encryption()
    http: Http = Http()

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        BeforeValidator(lambda value: value.strip().upper() if isinstance(value, str) else value),
    ] = "INFO"
    """The least severity that is logged: DEBUG, INFO, WARNING or ERROR."""

    metrics_host: str = "127.0.0.1"
    """The address a process shows its metrics on; ``0.0.0.0`` in a container."""

    metrics_port: int = Field(default=9191, ge=0, le=65535)
    """Where a process shows its metrics: one process per container.  0: nowhere, for several
    processes on one machine."""

    @property
    def is_embedded(self) -> bool:
        """Whether the store is the embedded one."""
        return not self.mongodb_url

    @property
    def is_in_memory(self) -> bool:
        """Whether the broker is the in-memory one."""
        return not self.broker_url

    def account(self, name: str) -> Account:
        """Return a configured account, ready to be called for.

        Raises:
            UnknownAccount: there is none of this name.
        """
        try:
            return self.resolved_accounts()[name]
        except KeyError:
            raise UnknownAccount(name) from None

    def resolved_accounts(self) -> dict[str, Account]:
        """Return all accounts by name, the embedded mode's ``demo`` among them."""
        known = {
            name: resolve(name, one, self.amazon_endpoint) for name, one in self.accounts.items()
        }
        if self.is_embedded and not is_amazons(self.amazon_endpoint):
            known.setdefault(DEMO, demo_account(DEMO, self.amazon_endpoint))
        return known

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic-settings' signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing by itself: ``load_settings`` hands in what the sources say."""
        return (init_settings,)

    @field_validator("broker_url", "mongodb_url", "amazon_endpoint")
    @classmethod
    def _is_url(cls, value: str, info: ValidationInfo) -> str:
        schemes = SCHEMES[info.field_name or ""]
        if value and (urlsplit(value).scheme not in schemes or not urlsplit(value).netloc):
            raise ValueError(f"must be an address that starts with {'://, or '.join(schemes)}://")
        if value.startswith("http://") and is_amazons(value):
            raise ValueError("must start with https:// where Amazon's own hosts are called")
        return value.rstrip("/") if info.field_name == "amazon_endpoint" else value

    @model_validator(mode="after")
    def _a_real_store_needs_a_key(self) -> Self:
        if not self.is_embedded and not self.encryption.keys:
            raise ValueError(
                "ENCRYPTION__KEYS__<id> is missing: with MONGODB_URL set, buyer data needs a key; "
                "make one with `openssl rand -base64 32`"
            )
        return self

    @model_validator(mode="after")
    def _windows_overlap(self) -> Self:
        if self.schedule.order_report_minutes >= self.order_import.lookback_days * 24 * 60:
            raise ValueError(
                "SCHEDULE__ORDER_REPORT_MINUTES must be shorter than ORDER_IMPORT__LOOKBACK_DAYS: "
                "otherwise orders fall between two reports"
            )
        return self


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings.

    Args:
        env: variables to read instead of the process's environment and ``.env``.

    Raises:
        SettingsError: a setting is missing or wrong; one line, without any secret.
    """
    values = read_sources(Settings, process_variables() if env is None else env)
    try:
        return Settings(**values)
    except ValidationError as invalid:
        raise SettingsError(in_one_line(invalid, Settings)) from None
