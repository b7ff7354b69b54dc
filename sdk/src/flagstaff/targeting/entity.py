"""The entity that a context is about: the fields that say it, the JsonLogic that reads them, and the same in Python.

A split is by the entity, or by what another field holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flagstaff.jsonlogic import values

ID_FIELDS = ("entityId", "targetingKey")
"""The fields that may hold the entity's id; the first that does counts."""

ENTITY_FIELDS = (*ID_FIELDS, "entityType")

DEFAULT_ENTITY_TYPE = "user"

_TYPE_FIELD: Any = {"var": "entityType"}
# For Java and JavaScript, where `cat` of null gives "null" or fails.
ENTITY_TYPE: Any = {"if": [_TYPE_FIELD, _TYPE_FIELD, DEFAULT_ENTITY_TYPE]}

_ID_FIELD: Any = {"var": "entityId"}
_KEY_FIELD: Any = {"var": "targetingKey"}
# For JavaScript, where an `or` inside `cat` gives "", and for Java, where `cat` of null gives "null": an `if` inside
# one `cat`, which makes every id a text. Zero is an id, although it is false.
ENTITY_ID: Any = {
    "cat": [{"if": [_ID_FIELD, _ID_FIELD, {"===": [_ID_FIELD, 0]}, _ID_FIELD, _KEY_FIELD, _KEY_FIELD, ""]}]
}


def split_subject(field: str | None) -> Any:
    """Return the JsonLogic of what a split is by, as a text; "" where the context has nothing of the kind.

    That is what a field holds, of which 0 is a value like any other; where no field is named, the entity's id.
    """
    if field is None:
        return ENTITY_ID
    found = {"var": field}
    return {"cat": [{"if": [found, found, {"===": [found, 0]}, found, ""]}]}


def read_split_field(logic: Any) -> str | None:
    """Return the field by which a split is, from what `split_subject` wrote of it; None for anything else."""
    match logic:
        case {"cat": [{"if": [{"var": str(field)}, *_]}]} if logic == split_subject(field):
            return field
    return None


def entity_id(context: Mapping[str, Any]) -> str:
    """Return the id of the entity, as a text; "" where the context names none. It is what `ENTITY_ID` computes."""
    found, key = context.get("entityId"), context.get("targetingKey")
    if values.truthy(found) or values.strictly_equal(found, 0):
        return values.text(found)
    return values.text(key) if values.truthy(key) else ""


def entity_type(context: Mapping[str, Any]) -> str:
    """Return the type of the entity, as a text. It is what `ENTITY_TYPE` computes."""
    found = context.get("entityType")
    return values.text(found) if values.truthy(found) else DEFAULT_ENTITY_TYPE
