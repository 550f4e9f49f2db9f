"""docs/settings.md: every setting with its type, default and meaning, written from the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.sections import AccountSettings
from config.settings import Settings

HEAD = """\
# Settings

Written from `config/` by `python -m cli docs`; a test keeps it true.

Settings come from the environment, a file `.env` (see `.env.example`) and secret files
(`SECRETS_DIR`), in this order.  `python -m cli check` shows what is in effect, secrets masked.
"""


def settings_page() -> str:
    """Return the whole page docs/settings.md."""
    parts = [HEAD, "## General\n", *_rows(Settings, ""), ""]
    for name, section in _sections(Settings):
        parts += [f"## {_title(section)}\n", *_rows(section, f"{name.upper()}__"), ""]
    parts += ["## Accounts\n", *_account_note(), *_rows(AccountSettings, "ACCOUNTS__<NAME>__"), ""]
    return "\n".join(parts)


def _sections(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation


def _title(section: type[BaseModel]) -> str:
    return (section.__doc__ or section.__name__).partition(":")[0].partition("\n")[0].rstrip(".")


def _account_note() -> Iterator[str]:
    yield "One group per account, by name; a name has letters, digits, `-` and `_`."
    yield "With the embedded store an account `demo` in all marketplaces exists by itself;"
    yield "it may write, because only a simulator stands behind it.\n"


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for name, field in model.model_fields.items():
        if field.annotation is not None and not _is_group(field.annotation):
            yield f"| `{prefix}{_name(name, field)}` | {_default(field)} | {_meaning(field)} |"


def _name(name: str, field: FieldInfo) -> str:
    return f"{name.upper()}__<ID>" if _is_mapping(field.annotation) else name.upper()


def _is_mapping(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is dict


def _is_group(annotation: Any) -> bool:
    kinds = get_args(annotation) if _is_mapping(annotation) else (annotation,)
    return any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds)


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "needed"
    if default in ("", None, {}, (), frozenset()):
        return "-"
    value = getattr(default, "value", default)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(field: FieldInfo) -> str:
    return re.sub(r"\s+", " ", field.description or "").replace("``", "`").replace("|", "\\|")
