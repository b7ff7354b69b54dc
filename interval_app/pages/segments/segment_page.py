"""Show one segment: who is in, by ids and by rules, and which flags use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from interval_sdk import IO, Layout

from db.history import changes
from db.segments import entities, segments, usage
from db.segments.edits import SegmentEntityView, SegmentView
from db.views import Affected
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.tables import Row, RowsWanted, cell
from interval_app.pages import change_log
from interval_app.session.executor import in_thread
from interval_app.session.interaction import PageInteraction
from interval_app.session.routes import Link, Route, link

IDS = (("Type", "type"), ("Id", "id"), ("It is", "list"))
RULES = (("Rule", "rule"), ("Who is in", "when"))
USED = (("Environment", "environment"), ("Flag", "flag"))
PLAIN: dict[str, Any] = {"is_sortable": False, "is_filterable": False}
LAST_CHANGES = 5


async def show(interaction: PageInteraction) -> Layout:
    """Show the segment that the link names."""
    segment = await in_thread(segments.get, interaction.param("segment"))
    used = await in_thread(usage.usage, segment.key)
    last = await in_thread(changes.page, segment=segment.key, limit=LAST_CHANGES)
    display = interaction.display
    rows = [change_log.row(change, whole=False) for change in last.items]
    return Layout(
        title=f"Segment {segment.key}",
        description=segment.description or "It has no description.",
        menu_items=menu(segment),
        children=[
            display.metadata("The segment", data=facts(segment)),
            *rule_table(display, segment),
            *ids_table(display, segment),
            *usage_table(display, used),
            tables.fixed(display, "Last changes", change_log.OF_FLAG, rows, **PLAIN),
        ],
    )


def menu(segment: SegmentView) -> list[Link]:
    """Make the links to what can be done with a segment."""
    params = {"segment": segment.key}
    return [
        link("Add ids", Route.ADD_IDS, params, theme="primary"),
        link("Remove ids", Route.REMOVE_IDS, params, theme="danger"),
        link("Add rule", Route.SET_SEGMENT_RULE, params),
        link("Edit", Route.EDIT_SEGMENT, params),
        link("Archive", Route.ARCHIVE_SEGMENT, params, theme="danger"),
        link("Segments", Route.SEGMENTS, theme="secondary"),
    ]


def facts(segment: SegmentView) -> list[dict[str, str]]:
    """Make the list of what a segment is."""
    found = {
        "Name": segment.name or phrases.NOTHING,
        "Included": _counts(segment.included),
        "Excluded": _counts(segment.excluded),
        "Rules": str(len(segment.rules)),
        "Used by": phrases.count(segment.used_by, "flag"),
        "Updated": f"{phrases.moment(segment.updated_at)} by {segment.updated_by}",
    }
    return [{"label": label, "value": phrases.short(value)} for label, value in found.items()]


def _counts(by_type: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} of type {kind}" for kind, count in by_type.items()) or "nobody"


def rule_table(display: IO.Display, segment: SegmentView) -> list[Any]:
    """Make the table of a segment's rules; each of them is enough."""
    rows = [_rule_row(segment, number) for number in range(1, len(segment.rules) + 1)]
    return [tables.fixed(display, "Rules", RULES, rows, **PLAIN)] if rows else []


def _rule_row(segment: SegmentView, number: int) -> Row:
    """Make the row of a rule. Its links carry the segment's version: a number means another rule once one is gone."""
    params = {"segment": segment.key, "rule": str(number), "version": str(segment.version)}
    menu = [
        link("Edit", Route.SET_SEGMENT_RULE, params),
        link("Remove", Route.REMOVE_SEGMENT_RULE, params, theme="danger"),
    ]
    return Row([str(number), cell(phrases.tests(segment.rules[number - 1]))], menu)


def ids_table(display: IO.Display, segment: SegmentView) -> list[Any]:
    """Make the table of the ids that a segment lists, fetched page by page."""
    if not segment.included and not segment.excluded:
        return []

    async def fetch(wanted: RowsWanted) -> tuple[list[Row], int]:
        found = await in_thread(entities.page, segment.key, search=wanted.search, skip=wanted.skip, limit=wanted.limit)
        return [_id_row(segment, one) for one in found.items], found.total

    help_text = "Search for a part of the id."
    return [tables.fetched(display, "Ids", IDS, fetch, is_sortable=False, help_text=help_text)]


def _id_row(segment: SegmentView, listed: SegmentEntityView) -> Row:
    params = {"segment": segment.key, "type": listed.entity_type, "id": listed.entity_id}
    what = cell("excluded", "red") if listed.excluded else cell("included", "green")
    remove = link("Remove", Route.REMOVE_IDS, params, theme="danger")
    return Row([cell(listed.entity_type), cell(listed.entity_id), what], [remove])


def usage_table(display: IO.Display, used: Sequence[Affected]) -> list[Any]:
    """Make the table of the flags that a change of the segment changes, a row for each environment and flag."""
    rows = [
        Row([one.environment, cell(flag, route=Route.FLAG, params={"flag": flag, "environment": one.environment})])
        for one in used
        for flag in one.flags
    ]
    return [tables.fixed(display, "Where it is used", USED, rows, is_sortable=False)] if rows else []
