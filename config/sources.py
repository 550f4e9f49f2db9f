"""Where settings come from, and how a wrong one is told: in one line, never with its value."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableValue

from domain.errors import Permanent

DELIMITER = "__"
SHOWN_ERRORS = 3
GROUP = "{0} is a group of settings and has no value itself: set {0}__…"


class SettingsError(Permanent):
    """A setting is missing or wrong; the message names it and says what to do."""


def process_variables() -> dict[str, str]:
    """Return the environment over what ``.env`` in the working directory says."""
    written = {k: v for k, v in dotenv_values(".env").items() if v is not None}
    return _lower_names(written) | _lower_names(os.environ)


def read_sources(model: type[BaseSettings], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return what variables and secret files say, nested as the settings are.

    Raises:
        SettingsError: a secret file cannot be read, or a section is given as one value.
    """
    given = _lower_names(variables)
    folder = given.get("secrets_dir", "").strip()
    if folder:
        given = _secret_files(Path(folder), frozenset(model.model_fields)) | given
    source = EnvSettingsSource(model, case_sensitive=False, env_nested_delimiter=DELIMITER)
    source.env_vars = {name: value.strip() for name, value in given.items() if value.strip()}
    try:
        return source()
    except UnreadableValue as unreadable:
        raise SettingsError(GROUP.format(str(unreadable).split('"')[1].upper())) from None


def in_one_line(invalid: ValidationError, model: type[BaseModel]) -> str:
    """Return what is wrong, naming each variable, without any of their values."""
    errors = invalid.errors(include_input=False, include_url=False, include_context=False)
    missing = [_variable(error["loc"]) for error in errors if error["type"] == "missing"]
    told = [_tell(error, model) for error in errors if error["type"] != "missing"]
    if missing:
        told.append(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: set in the "
            "environment, in .env, or as a file of that name in SECRETS_DIR"
        )
    more = f"; and {len(told) - SHOWN_ERRORS} more" if len(told) > SHOWN_ERRORS else ""
    return "; ".join(told[:SHOWN_ERRORS]) + more


def _tell(error: ErrorDetails, model: type[BaseModel]) -> str:
    variable, loc = _variable(error["loc"]), error["loc"]
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(loc[-1]), _names_beside(loc, model), n=1)
        hint = f": did you mean {close[0].upper()}?" if close else ""
        return f"{variable} is not a setting{hint}"
    if error["type"] == "model_type":
        return GROUP.format(variable)
    text = error["msg"].removeprefix("Value error, ")
    text = text if text[:2].isupper() else f"{text[0].lower()}{text[1:]}"
    return f"{variable}: {text}" if variable else text


def _variable(loc: Sequence[int | str]) -> str:
    return DELIMITER.join(str(part).upper() for part in loc if part != "[key]")


def _names_beside(loc: Sequence[int | str], model: type[BaseModel]) -> list[str]:
    annotation: Any = model.model_fields[str(loc[0])].annotation
    section = getattr(annotation, "__args__", (annotation,))[-1]
    return list(getattr(section, "model_fields", ()))


def _lower_names(variables: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in variables.items()}


def _secret_files(folder: Path, fields: frozenset[str]) -> dict[str, str]:
    try:
        files = [path for path in sorted(folder.iterdir()) if path.is_file()]
        return {
            path.name.lower(): path.read_text(encoding="utf-8").strip()
            for path in files
            if path.name.lower().split(DELIMITER)[0] in fields
        }
    except (OSError, UnicodeDecodeError) as unreadable:
        what = getattr(unreadable, "filename", None) or folder
        raise SettingsError(f"SECRETS_DIR: {what} cannot be read as text") from None
