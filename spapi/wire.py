"""Amazon's JSON in our types: the parts all models share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
)

from domain.errors import Malformed


class AmazonJSON(BaseModel):
    """A part of an answer: only the fields we read, unknown ones ignored."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True
    )


Model = TypeVar("Model", bound=AmazonJSON)


def in_utc_ms(at: datetime) -> datetime:
    """Return the moment in UTC, cut to the milliseconds Amazon and the store keep."""
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def to_wire(at: datetime) -> str:
    """Write a moment as Amazon does, e.g. ``2026-11-23T10:00:00.125Z``; it comes back equal."""
    return in_utc_ms(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> Any:
    return "" if value is None else value


def _several(value: Any) -> Any:
    return () if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
"""Text that may be null or absent; empty then."""
Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]
Moment = Annotated[AwareDatetime, AfterValidator(in_utc_ms)]


def read(model: type[Model], payload: Any, operation: str) -> Model:
    """Read an answer.

    Raises:
        Malformed: it is not what Amazon's model promises.  The text names fields, never values.
    """
    try:
        return model.model_validate(payload)
    except ValidationError as exc:
        raise Malformed(f"{operation}: unreadable {fields_of(exc)}") from None


def fields_of(exc: ValidationError) -> str:
    """Name the fields that are wrong, and how, without their values."""
    told = {f"{'.'.join(map(str, e['loc'])) or 'answer'} ({e['type']})" for e in exc.errors()}
    return ", ".join(sorted(told))
