"""What people edit of a flag itself, the same in every environment. Edits, the change log and restore follow it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from db import validation
from db.configuration import ownership
from db.configuration.edits import FlagEdit, NewFlag
from db.configuration.state import canonical_json
from db.models import Flag
from db.vocabulary import JsonObject, JsonValue, Unset


def _itself(value: Any) -> Any:
    return value


def _day(value: Any) -> str | None:
    return None if value is None else str(value)


def _client_side(value: Any) -> bool:
    return value is not None and validation.boolean(value, "clientSide")


class FlagField(NamedTuple):
    """One of the flag's own columns."""

    json: str
    """Its name in requests, answers and the change log."""
    check: Callable[[Any], Any]
    """Returns what the column holds, of what people give or of what the change log has; raises InvalidInputError."""
    to_json: Callable[[Any], JsonValue] = _itself
    """Returns what the change log has of it."""


FLAG_FIELDS: Final[Mapping[str, FlagField]] = {
    "name": FlagField("name", validation.name),
    "description": FlagField("description", validation.description),
    "tags": FlagField("tags", validation.tags),
    "owner": FlagField("owner", ownership.owner),
    "purpose": FlagField("purpose", ownership.purpose),
    "expected_end": FlagField("expectedEnd", ownership.expected_end, _day),
    "links": FlagField("links", ownership.links),
    "metadata": FlagField("metadata", ownership.metadata),
    "client_side": FlagField("clientSide", _client_side),
}
"""By column, in the order in which people read them."""


def checked(given: NewFlag | FlagEdit) -> dict[str, Any]:
    """Check the fields that a new flag or an edit gives. Raises InvalidInputError."""
    values = {name: getattr(given, name) for name in FLAG_FIELDS}
    return {name: FLAG_FIELDS[name].check(value) for name, value in values.items() if not isinstance(value, Unset)}


def differing(flag: Flag, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of these columns that the flag does not have like this."""
    now, wanted = fields_of(flag), to_json(columns)
    return {name: value for name, value in columns.items() if not _same(name, now, wanted)}


def edited(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns in which two logged states differ, as `before` has them. Raises InvalidInputError."""
    names = [name for name in FLAG_FIELDS if not _same(name, before, after)]
    return {name: FLAG_FIELDS[name].check(before.get(FLAG_FIELDS[name].json)) for name in names}


def fields_of(flag: Flag) -> JsonObject:
    """Return a flag's own fields, as the change log keeps them."""
    return to_json({name: getattr(flag, name) for name in FLAG_FIELDS})


def to_json(columns: Mapping[str, Any]) -> JsonObject:
    """Return these columns as the change log keeps them; others than the table's are left out."""
    return {field.json: field.to_json(columns[name]) for name, field in FLAG_FIELDS.items() if name in columns}


def _same(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    field = FLAG_FIELDS[name].json
    return canonical_json(one.get(field)) == canonical_json(other.get(field))
