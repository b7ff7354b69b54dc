"""Ask for the ids of entities: as many as somebody pastes."""

from __future__ import annotations

from typing import Any, Final

from db import validation
from db.forms.entities import read_entities
from interval_app.forms.form import validator
from interval_app.session.interaction import ActionInteraction

MAX_LIST: Final = 8_000_000
HOW_TO_LIST: Final = "One id per line, or with commas between them; as many as you like."


def entity_fields(interaction: ActionInteraction, entity_type: str, typed: str) -> dict[str, Any]:
    """Make the inputs for a type and ids, which `read_entities` reads."""
    text = interaction.io.input.text
    kind = text("Entity type", default_value=entity_type, max_length=64)
    return {
        "type": kind.validate(validator(lambda given: validation.entity_type(given.strip(), "the type"))),
        "ids": text(
            "Ids",
            default_value=typed or None,
            multiline=True,
            lines=8,
            max_length=MAX_LIST,
            placeholder="john, mary",
        ).validate(validator(lambda given: read_entities("user", given))),
    }
