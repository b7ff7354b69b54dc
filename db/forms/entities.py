"""Ids of entities as people paste them: as many as they like, one a line or with commas between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from db import validation
from db.errors import InvalidInputError
from db.wording import phrases

BATCH: Final = 10_000
"""Entities of one write."""
MAX_NAMED: Final = 10
"""Entities are named up to this number."""


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


def named(picked: Sequence[Entities]) -> str:
    """Name the entities, up to `MAX_NAMED`."""
    ids = [f"{entities.type} {entity_id}" for entities in picked for entity_id in entities.ids]
    return ", ".join(ids[:MAX_NAMED]) + (f" and {len(ids) - MAX_NAMED:,} more" if len(ids) > MAX_NAMED else "")
