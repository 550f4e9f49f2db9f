"""Between the domain's frozen values and what MongoDB holds, by the values' own type hints.

A value becomes a sub-document with the same names; None is left out; times are cut to the
milliseconds MongoDB keeps.  Reading is tolerant: names we do not know are ignored, absent ones
take the value's default, so workers of two versions can share a collection.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from domain.errors import Malformed

T = TypeVar("T")
Convert = Callable[[Any], Any]
Codec = tuple[Convert, Convert] | None
"""How to write and how to read a field; None: as it is."""


def to_document(value: Any) -> dict[str, Any]:
    """Return a frozen value as a sub-document."""
    document = {}
    for name, codec in _shape(type(value)).codecs.items():
        part = getattr(value, name)
        if part is not None:
            document[name] = codec[0](part) if codec else part
    return document


def encode_field(cls: type[Any], name: str, value: Any) -> Any:
    """Return one field of ``cls`` as MongoDB holds it; None stays None."""
    codec = _shape(cls).codecs[name]
    return codec[0](value) if codec and value is not None else value


def from_document(cls: type[T], document: Mapping[str, Any]) -> T:
    """Return the value a (sub-)document holds.

    Raises:
        Malformed: a field without default is absent, or a value is not of its type.  The text
            names the field, never the value.
    """
    shape, found = _shape(cls), dict[str, Any]()
    for name, codec in shape.codecs.items():
        part = document.get(name)
        if part is None:
            continue
        try:
            found[name] = codec[1](part) if codec else part
        except (ValueError, TypeError, AttributeError):
            raise Malformed(f"a stored {cls.__name__} has an unreadable {name}") from None
    absent = shape.needed - found.keys()
    if absent:
        raise Malformed(f"a stored {cls.__name__} lacks {', '.join(sorted(absent))}")
    return cls(**shape.absent | found)


def in_ms(at: datetime) -> datetime:
    """Return an aware time in UTC, cut to milliseconds."""
    if at.tzinfo is None:
        raise ValueError("a time without zone")
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the type hints of a class say about its fields."""

    codecs: dict[str, Codec]
    needed: frozenset[str]
    """Fields that must be there: neither a default nor None will do."""
    absent: dict[str, None]
    """None for the fields that have no default of their own but may be None."""


_SHAPES: dict[type[Any], _Shape] = {}


def _shape(cls: type[Any]) -> _Shape:
    shape = _SHAPES.get(cls)
    if shape is None:
        hints = get_type_hints(cls)
        plain = [each.name for each in fields(cls) if _has_no_default(each)]
        shape = _SHAPES[cls] = _Shape(
            codecs={each.name: _codec(hints[each.name]) for each in fields(cls)},
            needed=frozenset(name for name in plain if not _may_be_none(hints[name])),
            absent={name: None for name in plain if _may_be_none(hints[name])},
        )
    return shape


def _has_no_default(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _may_be_none(hint: Any) -> bool:
    return type(None) in get_args(hint)


def _codec(hint: Any) -> Codec:
    if get_origin(hint) in (types.UnionType, Union):
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    if get_origin(hint) is tuple:
        return _tuple_codec(get_args(hint)[0])
    if not isinstance(hint, type):
        return None
    if issubclass(hint, datetime):
        return in_ms, _aware
    if issubclass(hint, Enum):
        return _value_of, hint
    if is_dataclass(hint):
        return to_document, lambda part: from_document(hint, part)
    return None


def _tuple_codec(of: Any) -> Codec:
    inner = _codec(of)
    if inner is None:
        return list, tuple
    write, read = inner
    return (
        lambda parts: [write(part) for part in parts],
        lambda parts: tuple(read(part) for part in parts),
    )


def _value_of(member: Enum) -> Any:
    return member.value


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without zone")
    return at
