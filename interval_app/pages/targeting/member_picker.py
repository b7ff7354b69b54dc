"""Find the members that an action is about: named by a link, ticked in a table, or entered as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from db import validation
from db.flags import members
from db.forms.entities import Entities, read_entities
from db.views import EnvironmentView, FlagView, MemberView
from db.wording import phrases
from interval_app.display import tables
from interval_app.forms.entities import HOW_TO_LIST, entity_fields
from interval_app.forms.form import ask
from interval_app.pages.targeting.members import COLUMNS
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction

MAX_LISTED: Final = 200
"""Members to pick from at once; whoever has more searches."""


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
