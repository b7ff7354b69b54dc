"""From OpenFeature's evaluation context to the one mapping that the engine evaluates, of JSON types only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from types import NoneType
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import InvalidContextError

from flagstaff.jsonlogic.values import text
from flagstaff.targeting.entity import ENTITY_FIELDS

PLAIN = frozenset({str, int, float, bool, NoneType})
NOTHING: Mapping[str, Any] = {}


def attributes_of(context: EvaluationContext | None) -> Mapping[str, Any]:
    """Return the attributes, with the targeting key as one of them. Raises InvalidContextError for what JSON does not
    have.
    """
    if context is None:
        return NOTHING
    attributes = context.attributes
    for value in attributes.values():
        if type(value) not in PLAIN:
            attributes = {name: as_json(value, name) for name, value in attributes.items()}
            break
    if context.targeting_key is not None:
        attributes = {**attributes, "targetingKey": context.targeting_key}
    return with_entity_as_text(attributes)


def with_entity_as_text(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the context with the fields that say whom it is about as texts; null counts as absent.

    Evaluators differ in what they make of a number there, and a list or an object would be turned into text for each
    flag anew. Raises InvalidContextError for what is neither text nor number.
    """
    for name in ENTITY_FIELDS:
        value = context.get(name)
        if value is not None and type(value) is not str:
            context = {**context, name: _entity_text(name, value)}
    return context


def _entity_text(name: str, value: Any) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError):  # Python writes no integer of more than 4,300 digits
            return text(int(value) if is_written_whole(value) else value)
    raise InvalidContextError(f"{name} must be text or a number")


def is_written_whole(value: str | int | float) -> bool:
    """Tell whether JavaScript writes this float as a whole number (ECMA-262, Number::toString): all of its digits."""
    return isinstance(value, float) and value.is_integer() and abs(value) < 1e21


def as_json(value: Any, name: str) -> Any:
    """Return the value as JSON would have it: a time as ISO 8601 text. Raises InvalidContextError."""
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    try:
        if isinstance(value, Mapping):
            return {key: as_json(item, name) for key, item in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            return [as_json(item, name) for item in value]
    except RecursionError:
        raise InvalidContextError(f"the attribute {name!r} is nested too deeply") from None
    raise InvalidContextError(f"the attribute {name!r} is a {type(value).__name__}, which JSON does not have")
