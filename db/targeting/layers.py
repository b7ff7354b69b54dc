"""Ranges of layers: read from the JSON that people send, and checked against what the model allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from db import validation
from db.errors import InvalidInputError
from flagstaff.targeting import TOTAL_WEIGHT, LayerRange, Share, Span

_CODE: Final = "invalid_layer"


def read_layer_range(given: object, field: str = "layer") -> LayerRange:
    """Read a flag's range, `{"key", "from", "to"}`, from JSON that may be anything; raises InvalidInputError."""
    if not isinstance(given, Mapping) or set(given) != {"key", "from", "to"}:
        raise InvalidInputError(_CODE, field, f"{field} must be an object with key, from and to")
    key = validation.key(given["key"], f"{field}.key", code=_CODE)
    return LayerRange(key, read_span({name: given[name] for name in ("from", "to")}, field))


def read_span(given: object, field: str) -> Span:
    """Read a part of a layer, `{"from", "to"}` in percent, from JSON that may be anything; raises InvalidInputError."""
    if not isinstance(given, Mapping) or set(given) != {"from", "to"}:
        raise InvalidInputError(_CODE, field, f"{field} must be an object with from and to")
    span = Span(_place(given["from"], f"{field}.from"), _place(given["to"], f"{field}.to"))
    check_span(span, field)
    return span


def _place(given: object, field: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 100:
        raise InvalidInputError(_CODE, field, f"{field} must be a percentage from 0 to 100")
    try:
        return Share.of_percent("", given).weight
    except ValueError:
        raise InvalidInputError(_CODE, field, f"{field} must have at most 3 decimals, not {given}") from None


def check_span(span: Span, field: str) -> None:
    """Raise InvalidInputError for what is no part of a layer, or an empty one."""
    if not 0 <= span.start < span.end <= TOTAL_WEIGHT:
        message = f"{field}.to must be more than {field}.from, and both from 0 to 100"
        raise InvalidInputError(_CODE, f"{field}.to", message)
