"""List the segments, and make them."""

from __future__ import annotations

from typing import Any

from interval_sdk import IO, Layout

from db import validation
from db.segments import segments
from db.segments.edits import NewSegment, SegmentView, SegmentWritten
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.tables import Row, RowsWanted, cell
from interval_app.forms.form import ask_with_comment, until_accepted, validator
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Route, link

COLUMNS = (
    ("Key", "key"),
    ("Name", "name"),
    ("Included", "included"),
    ("Excluded", "excluded"),
    ("Rules", "rules"),
    ("Used by", "used"),
    ("Updated", "updated"),
)


async def show(interaction: PageInteraction) -> Layout:
    """Show every segment; a click shows one."""
    environment = await interaction.environment()

    async def fetch(wanted: RowsWanted) -> tuple[list[Row], int]:
        found = await in_thread(segments.page, search=wanted.search, skip=wanted.skip, limit=wanted.limit)
        return [row(segment) for segment in found.items], found.total

    create_it = link("Create segment", Route.CREATE_SEGMENT, theme="primary")
    return Layout(
        title="Segments",
        description="Groups of entities that rules of flags name. A segment is the same in every environment.",
        menu_items=[create_it, back(environment=environment.key)],
        children=[tables.fetched(interaction.display, "Segments", COLUMNS, fetch, is_sortable=False)],
    )


def row(segment: SegmentView) -> Row:
    """Make the row of a segment."""
    params = {"segment": segment.key}
    menu = [
        link("Edit", Route.EDIT_SEGMENT, params),
        link("Add ids", Route.ADD_IDS, params),
        link("Remove ids", Route.REMOVE_IDS, params),
        link("Add rule", Route.SET_SEGMENT_RULE, params),
        link("Archive", Route.ARCHIVE_SEGMENT, params, theme="danger"),
    ]
    return Row(
        [
            cell(segment.key, route=Route.SEGMENT, params=params),
            cell(segment.name or ""),
            f"{sum(segment.included.values()):,}",
            f"{sum(segment.excluded.values()):,}",
            str(len(segment.rules)),
            phrases.count(segment.used_by, "flag"),
            f"{phrases.moment(segment.updated_at)} by {segment.updated_by}",
        ],
        menu,
    )


async def create(interaction: ActionInteraction) -> Result:
    """Make a segment that nobody is in yet; for those who may change every environment."""
    environments = await interaction.all_environments()
    interaction.actor_for(*environments)
    start: dict[str, Any] = {"key": "", "name": None, "description": ""}

    async def attempt(problem: str | None) -> SegmentWritten:
        nonlocal start
        key = interaction.io.input.text(
            "Key", default_value=start["key"] or None, max_length=128, placeholder="beta-testers"
        )
        fields = {
            "key": key.validate(validator(lambda text: validation.key(text.strip()))),
            **text_fields(interaction.io, start["name"], start["description"]),
        }
        intro = "Nobody is in it yet: ids and rules come next, on its page. Its key never changes."
        _, found = await ask_with_comment(
            interaction, fields, environments, intro=intro, problem=problem, buttons=["Create segment"]
        )
        start = {"key": found["key"].strip(), "name": found["name"], "description": found["description"] or ""}
        return await in_thread(segments.create, NewSegment(**start), actor=interaction.actor_for(*environments))

    made = (await until_accepted(attempt)).segment
    return await interaction.go(Route.SEGMENT, f"{made.key} is there. Nobody is in it yet.", segment=made.key)


def text_fields(io: IO, name: str | None, description: str) -> dict[str, Any]:
    """Make the inputs for what a segment is called."""
    longest = validation.MAX_DESCRIPTION
    about = io.input.text("Description", default_value=description or None, multiline=True, max_length=longest)
    return {
        "name": io.input.text("Name", default_value=name, max_length=validation.MAX_NAME).optional(),
        "description": about.optional(),
    }
