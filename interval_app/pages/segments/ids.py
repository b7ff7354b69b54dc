"""Add ids to a segment's lists, and take them out: many at once."""

from __future__ import annotations

from functools import partial
from typing import Final

from db.forms.entities import Entities, named, read_entities
from db.segments import segments
from db.segments.edits import SegmentWritten
from db.wording import phrases
from interval_app.forms.entities import HOW_TO_LIST, entity_fields
from interval_app.forms.form import ask_with_comment, select, until_accepted
from interval_app.pages.segments.segment_to_change import SegmentToChange, segment_to_change
from interval_app.session.interaction import ActionInteraction, Result

INCLUDED, EXCLUDED = "included", "excluded"
LISTS: Final = ((INCLUDED, "included: they are in"), (EXCLUDED, "excluded: they are not, whatever else says so"))


async def add(interaction: ActionInteraction) -> Result:
    """List ids as included, or as excluded."""
    target = await segment_to_change(interaction)
    typed, entity_type, listed = "", "user", INCLUDED

    async def attempt(problem: str | None) -> Result:
        nonlocal typed, entity_type, listed
        fields = {
            **entity_fields(interaction, entity_type, typed),
            "list": select(interaction.io, "They are", LISTS, listed),
        }
        intro = f"Ids for the segment {target.segment.key}. {HOW_TO_LIST} Who is in the other list leaves it."
        _, found = await ask_with_comment(
            interaction, fields, target.environments, intro=intro, problem=problem, buttons=["Add ids"]
        )
        typed, entity_type, listed = found["ids"], found["type"].strip(), found["list"]["value"]
        return await _add(target, read_entities(entity_type, typed), excluded=listed == EXCLUDED)

    return await until_accepted(attempt)


async def _add(target: SegmentToChange, ids: Entities, *, excluded: bool) -> Result:
    list_name = EXCLUDED if excluded else INCLUDED
    function = partial(segments.add, target.segment.key, ids.type, ids.ids, excluded=excluded)
    done = await target.confirm_and_write(function, f"To be {list_name}: {named([ids])}.")
    counts = {
        "added": done.added,
        f"changed to {list_name}": done.changed,
        f"{list_name} already": len(ids.ids) - done.added - done.changed,
        "given more than once": ids.repeated,
    }
    return await _told(target, counts)


async def remove(interaction: ActionInteraction) -> Result:
    """Take ids out of both lists: the one that the link names, or those that the person enters."""
    target = await segment_to_change(interaction)
    if (entity_id := interaction.param("id")) and (entity_type := interaction.param("type")):
        return await _remove(target, Entities(entity_type, [entity_id]))
    typed, entity_type = "", "user"

    async def attempt(problem: str | None) -> Result:
        nonlocal typed, entity_type
        fields = entity_fields(interaction, entity_type, typed)
        intro = f"Ids that the segment {target.segment.key} is to list no more. {HOW_TO_LIST}"
        _, found = await ask_with_comment(
            interaction, fields, target.environments, intro=intro, problem=problem, buttons=["Remove ids"]
        )
        typed, entity_type = found["ids"], found["type"].strip()
        return await _remove(target, read_entities(entity_type, typed))

    return await until_accepted(attempt)


async def _remove(target: SegmentToChange, ids: Entities) -> Result:
    function = partial(segments.remove, target.segment.key, ids.type, ids.ids)
    done: SegmentWritten = await target.confirm_and_write(function, f"To be listed no more: {named([ids])}.")
    return await _told(target, {"removed": done.removed, "not listed": len(ids.ids) - done.removed})


async def _told(target: SegmentToChange, counts: dict[str, int]) -> Result:
    facts = ", ".join(f"{phrases.count(number, 'id')} {what}" for what, number in counts.items() if number)
    return await target.show(f"{target.segment.key}: {facts}.")
