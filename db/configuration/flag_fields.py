"""What people edit of a flag itself, the same in every environment. Edits, the change log and restore follow it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from db import validation
from db.configuration.edits import FlagEdit, NewFlag
from db.models import Flag
from db.vocabulary import JsonObject, Unset

FLAG_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "name": validation.name,
    "description": validation.description,
    "tags": validation.tags,
}
"""The columns, in the order in which people read them, each with what checks a value (and raises InvalidInputError)."""


def checked(given: NewFlag | FlagEdit) -> dict[str, Any]:
    """Check the fields that a new flag or an edit gives. Raises InvalidInputError."""
    values = {name: getattr(given, name) for name in FLAG_FIELDS}
    return {name: FLAG_FIELDS[name](value) for name, value in values.items() if not isinstance(value, Unset)}


def fields_of(flag: Flag) -> JsonObject:
    """Return a flag's own fields, as the change log keeps them."""
    return {name: getattr(flag, name) for name in FLAG_FIELDS}
