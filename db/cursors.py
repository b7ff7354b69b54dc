"""Marks in lists: where a page ends, as an opaque text that the next page begins after."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar

from db import validation
from db.errors import InvalidInputError

T = TypeVar("T")


def write_cursor(*parts: object) -> str:
    """Write the values by which a list is sorted, of its last item so far."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def read_cursor(cursor: str, read: Callable[[list[Any]], T]) -> T:
    """Read what `write_cursor` wrote; `read` checks the values. Raises InvalidInputError for what nobody wrote."""
    try:
        parts: Any = validation.json_value(json.loads(base64.urlsafe_b64decode(cursor.encode("ascii"))), "next")
        return read(parts)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, InvalidInputError):
        raise not_a_cursor() from None


def not_a_cursor() -> InvalidInputError:
    """Return the error for a mark that no page gave. Clients know it as `next`, from where they have it."""
    return InvalidInputError("invalid_cursor", "next", "next must be the `next` of the page before")
