"""docker-compose.yml as data, its variables filled in: what Compose would start, and with what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^{}]*))?\}")
"""One that holds no other; those around it are next."""


def services(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the services.

    Raises:
        KeyError: a variable without default is not given.
    """
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(filled(text, variables))["services"]
    return found


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Return the text with Compose's variables replaced; empty counts as not given, as there."""

    def value(found: re.Match[str]) -> str:
        if given := variables.get(found["name"]):
            return given
        if found["kind"] == "-":
            return found["rest"]
        raise KeyError(found["name"])

    while VARIABLE.search(text):
        text = VARIABLE.sub(value, text)
    return text


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables a container of the service gets: its files', then its own."""
    found: dict[str, str] = {}
    for each in service.get("env_file", ()):
        path = ROOT / each["path"]
        if path.exists() or each["required"]:
            found |= variables_of(path)
    found |= service.get("environment", {})
    return found


def demo_variables() -> dict[str, str]:
    """Return the variables of demo.env."""
    return variables_of(ROOT / "demo.env")


def variables_of(path: Path) -> dict[str, str]:
    """Return the variables of a file for Compose."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}
