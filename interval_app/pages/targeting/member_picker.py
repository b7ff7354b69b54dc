"""Find the members that an action is about: named by a link, ticked in a table, or entered as a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from db import validation
from db.errors import InvalidInputError
from db.flags import members
from db.views import EnvironmentView, FlagView, MemberView
from db.wording import phrases
from interval_app.display import tables
from interval_app.forms.form import ask, validator
from interval_app.pages.targeting.members import COLUMNS
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction

BATCH: Final = 10_000
"""Entities of one write: so much is done between two steps of the progress that is shown."""
MAX_LISTED: Final = 200
"""Members to pick from at once; whoever has more searches."""
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


async def picked(
    interaction: ActionInteraction, environment: EnvironmentView, flag: FlagView, verb: str
) -> list[Entities] | str:
    """Find the member that the link names, or those that the person picks or pastes; a text where there are none."""
    if (entity_id := interaction.param("id")) and (entity_type := interaction.param("type")):
        return [Entities(entity_type, [entity_id])]
    if not flag.member_count:
        return f"{flag.key} has no members in {environment.key}."
    problem = None
    while True:
        fields = {"search": interaction.io.input.text("Part of the id", max_length=validation.MAX_NAME).optional()}
        intro = f"{flag.key} has {phrases.count(flag.member_count, 'member')} in {environment.key}. {verb} which?"
        button, found = await ask(
            interaction.io, fields, intro=intro, problem=problem, buttons=["Show members", "Enter ids instead"]
        )
        if button != "Show members":
            return [await _pasted(interaction, verb)]
        listed = await in_thread(
            members.page, flag.id, environment.key, limit=MAX_LISTED, search=(found["search"] or "").strip()
        )
        if listed.items:
            return await _chosen(interaction, listed.items, listed.total, verb)
        problem = f"No member's id has {found['search']} in it."


async def _pasted(interaction: ActionInteraction, verb: str) -> Entities:
    _, found = await ask(interaction.io, entity_fields(interaction, "user", ""), intro=HOW_TO_LIST, buttons=[verb])
    return read_entities(found["type"].strip(), found["ids"])


async def _chosen(
    interaction: ActionInteraction, listed: Sequence[MemberView], total: int, verb: str
) -> list[Entities]:
    """Ask for members to be ticked in a table."""
    rows = [{name: tables.cell(text) for (_, name), text in zip(COLUMNS, _texts(one), strict=True)} for one in listed]
    table = interaction.io.select.table(
        f"{verb} which members?",
        data=[{**cells, "number": number} for number, cells in enumerate(rows)],
        columns=[{"label": label, "accessorKey": name} for label, name in COLUMNS],
        help_text=None if total <= len(listed) else f"The first {len(listed)} of {total:,}: search to see others.",
        min_selections=1,
    )
    ticked = [listed[one["number"]] for one in await table]
    return [
        Entities(kind, [member.entity_id for member in ticked if member.entity_type == kind])
        for kind in dict.fromkeys(member.entity_type for member in ticked)
    ]


def _texts(member: MemberView) -> tuple[str, str, str, str]:
    return member.entity_type, member.entity_id, member.variant, phrases.shown(member.value)


def named(picked: Sequence[Entities]) -> str:
    """Name the entities, up to ten."""
    ids = [f"{entities.type} {entity_id}" for entities in picked for entity_id in entities.ids]
    return ", ".join(ids[:10]) + (f" and {len(ids) - 10:,} more" if len(ids) > 10 else "")
