"""Amazon's own models, as a judge between the simulator, the gateway and the truth.

``SPAPI_MODELS`` names the folder: a checkout of amzn/selling-partner-api-models, or a flat folder
with its files.  Without it the tests skip; where ``CI`` is ``true`` they fail instead.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

REPORTS = "reports_2021-06-30"
ORDERS = "orders_2026-01-01"
FEEDS = "feeds_2021-06-30"
METHODS = ("get", "post", "put", "patch", "delete")

Model = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SandboxCase:
    """A static sandbox case: what is sent and what comes back (None: no body)."""

    operation: str
    status: int
    parameters: dict[str, Any]
    response: Any


def models_dir() -> Path:
    folder = os.environ.get("SPAPI_MODELS", "")
    if folder and Path(folder).is_dir():
        return Path(folder)
    why = "SPAPI_MODELS does not name a folder with Amazon's API models"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}; in CI they must be there", pytrace=False)
    pytest.skip(why)


def load_model(name: str) -> Model:
    """Return a model by its file name without ``.json``, e.g. ``orders_2026-01-01``."""
    return _read(models_dir(), name)


@cache
def _read(folder: Path, name: str) -> Model:
    found = sorted(folder.glob(f"{name}.json")) or sorted(folder.glob(f"**/{name}.json"))
    if not found:
        pytest.fail(f"{name}.json is not in the folder of Amazon's models", pytrace=False)
    model: Model = json.loads(found[0].read_text("utf-8"))
    return model


def operations(model: Model) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return (path, method, operation) by operation id."""
    return {
        operation["operationId"]: (path, method, operation)
        for path, item in model["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def response_schema(model: Model, path: str, method: str, status: int) -> dict[str, Any] | None:
    """Return the JSON schema of an answer; None when the model gives it no body."""
    schema = model["paths"][path][method.lower()]["responses"][str(status)].get("schema")
    return json_schema(model, schema) if schema else None


def body_schema(model: Model, operation_id: str) -> dict[str, Any]:
    """Return the JSON schema of an operation's request body."""
    _, _, operation = operations(model)[operation_id]
    body = next(p for p in operation["parameters"] if p["in"] == "body")
    return json_schema(model, body["schema"])


def json_schema(model: Model, schema: dict[str, Any]) -> dict[str, Any]:
    """Turn a Swagger 2.0 schema into a self-contained JSON schema; unknown fields are refused."""
    definitions = {name: _strict(body) for name, body in model["definitions"].items()}
    return {**_strict(schema), "definitions": definitions}


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _strict(value) for key, value in schema.items() if not key.startswith("x-")}
    if isinstance(plain.get("properties"), dict) and "type" in plain:
        plain.setdefault("additionalProperties", False)
    return plain


_FORMATS = jsonschema.FormatChecker(formats=())


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_FORMATS.checks("date-time", raises=ValueError)(_is_date_time)


def violations(schema: dict[str, Any], value: Any) -> list[str]:
    """Return what of a value breaks the schema, empty if nothing does."""
    validator = jsonschema.Draft4Validator(schema, format_checker=_FORMATS)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def static_sandbox_cases(model: Model, operation_id: str) -> list[SandboxCase]:
    """Return an operation's static sandbox cases, good and bad."""
    _, _, operation = operations(model)[operation_id]
    return [
        SandboxCase(
            operation=operation_id,
            status=int(status),
            parameters={
                name: given["value"]
                for name, given in case["request"].get("parameters", {}).items()
            },
            response=case.get("response"),
        )
        for status, response in operation["responses"].items()
        for case in response.get("x-amzn-api-sandbox", {}).get("static", [])
    ]


def good_answer(model: Model, operation: str) -> Any:
    """Return the first answer of an operation's static sandbox that is no refusal."""
    return next(c.response for c in static_sandbox_cases(model, operation) if c.status < 300)


def usage_plan(model: Model, operation_id: str) -> tuple[float, int]:
    """Return (rate per second, burst) from the table in an operation's description."""
    _, _, operation = operations(model)[operation_id]
    heading = r"\|\s*Rate \(requests per second\)\s*\|\s*Burst\s*\|"
    table = heading + r"\s*\|[\s:|-]+\|\s*([\d.]+)\s*\|\s*(\d+)"
    found = re.search(table, operation["description"])
    assert found, f"{operation_id} has no usage plan"
    return float(found[1]), int(found[2])
