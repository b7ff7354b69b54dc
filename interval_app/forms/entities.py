"""Ask for the ids of entities: as many as somebody pastes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from db import validation
from db.errors import InvalidInputError
from db.wording import phrases
from interval_app.forms.form import validator
from interval_app.session.interaction import ActionInteraction

BATCH: Final = 10_000
"""Entities of one write: so much is done between two steps of the progress that is shown."""
MAX_LIST: Final = 8_000_000
HOW_TO_LIST: Final = "One id per line, or with commas between them; as many as you like."


class Entities(NamedTuple):
    """Ids of one type, each once, in the order in which they were given."""

    type: str
    ids: Sequence[str]
    repeated: int = 0
    """How many were given more than once."""


def split(entities: Entities) -> Iterator[Entities]:
    """Split entities into parts of at most `BATCH`."""
    for start in range(0, len(entities.ids), BATCH):
        yield Entities(entities.type, entities.ids[start : start + BATCH])


def read_entities(entity_type: str, text: str) -> Entities:
    """Read ids from lines or between commas. Raises InvalidInputError that shows what can't be one."""
    validation.entity_type(entity_type, "the type")
    given = [part.strip() for part in re.split(r"[\n,]", text.replace("\r", "\n"))]
    given = [part for part in given if part]
    if not given:
        raise InvalidInputError("invalid_entity", "ids", "there is no id in what was entered")
    once = list(dict.fromkeys(given))
    for number in range(0, len(once), validation.MAX_ENTITIES):
        try:
            validation.entity_ids(once[number : number + validation.MAX_ENTITIES], "the list")
        except InvalidInputError as error:
            wrong = int(re.findall(r"\[(\d+)\]", error.field)[0]) + number
            message = (
                f"{phrases.short(once[wrong], 60)!r} can't be an id: at most 256 characters, no control characters"
            )
            raise InvalidInputError(error.code, "ids", message) from None
    return Entities(entity_type, once, len(given) - len(once))


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


def named(picked: Sequence[Entities]) -> str:
    """Name the entities, up to ten."""
    ids = [f"{entities.type} {entity_id}" for entities in picked for entity_id in entities.ids]
    return ", ".join(ids[:10]) + (f" and {len(ids) - 10:,} more" if len(ids) > 10 else "")
