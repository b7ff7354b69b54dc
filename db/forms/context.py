"""For whom a flag is evaluated, as people type it."""

from __future__ import annotations

from typing import Any

from db import validation
from db.forms.values import read_json


def read_context(entity_type: str, entity_id: str, attributes: str) -> dict[str, Any]:
    """Make the context that a program would send.

    Args:
        entity_type: such as user.
        entity_id: empty for a program that sends none.
        attributes: what else it sends, a JSON object; these win over the entity. Empty: nothing.

    Raises ValueError or InvalidInputError with a sentence.
    """
    others = read_json(attributes) if attributes.strip() else {}
    if not isinstance(others, dict):
        raise ValueError("the attributes must be a JSON object")
    if not entity_id:
        return others
    validation.entity_type(entity_type, "the type")
    validation.text(entity_id, "the id", longest=validation.MAX_ENTITY_ID, code="invalid_entity")
    return {"entityType": entity_type, "entityId": entity_id, "targetingKey": entity_id, **others}
