"""Show who did what, when, and what it was before and after; and go back."""

from __future__ import annotations

from functools import partial

from interval_sdk import Layout

from db import validation
from db.administration import environments
from db.history import changes
from db.views import ChangeView
from db.vocabulary import Source
from db.wording import actions, differences, phrases
from flagstaff.digits import parse_digits
from interval_app.display import tables
from interval_app.display.tables import Row, RowsWanted, cell
from interval_app.forms.conflicts import previewed
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.forms.form import ask, flag_asked, select, until_accepted
from interval_app.session.errors import DashboardError
from interval_app.session.executor import in_thread, in_thread_for_display
from interval_app.session.interaction import UNCHANGED, ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Link, Route, link

OF_FLAG = (("When", "when"), ("What", "action"), ("Before → after", "difference"), ("Who", "who"), ("Why", "why"))
"""The columns of one flag's log: its title says the flag and the environment."""
COLUMNS = (("When", "when"), ("Flag, segment or layer", "flag"), ("Environment", "environment"), *OF_FLAG[1:])


EVERYWHERE = "*"
"""In place of an environment's key, which never looks like this: all of them."""


async def show(interaction: PageInteraction) -> Layout:
    """Show the changes of one flag in one environment, or of everything; perhaps of one person alone."""
    environment = await interaction.environment()
    flag = await interaction.flag(environment) if interaction.param("flag") else None
    person, only = interaction.param("person"), interaction.param("only")

    async def fetch(wanted: RowsWanted) -> tuple[list[Row], int]:
        where = environment.key if flag else only or None
        return await rows_of(flag.id if flag else None, where, person, skip=wanted.skip, size=wanted.limit)

    columns = OF_FLAG if flag else COLUMNS
    here = {"environment": environment.key}
    everything = [link("All changes", Route.CHANGES, here, theme="secondary")] if flag or person or only else []
    about = f"{flag.key} · {environment.key}" if flag else f"all flags, {only or 'all environments'}"
    about += f" · by {person}" if person else ""
    return Layout(
        title=f"Change log · {about}",
        description="Newest first. Restoring is a change like any other, and can be undone like any other.",
        menu_items=[
            link("Pick a flag", Route.CHANGES_OF_FLAG, here, theme="secondary"),
            link("Filter", Route.FILTER_CHANGES, here, theme="secondary"),
            *everything,
            back(**here),
        ],
        children=[
            tables.fetched(interaction.display, "Changes", columns, fetch, is_sortable=False, is_filterable=False)
        ],
    )


async def rows_of(
    flag: str | None, environment: str | None, person: str, *, skip: int, size: int
) -> tuple[list[Row], int]:
    """Fetch `size` rows after the first `skip`, and count all changes.

    A page of large changes is shorter than `size`, so several are read.
    """
    found = await in_thread(changes.page, flag, environment, actor=person, skip=skip, limit=size)
    rows = [row(change, whole=flag is None) for change in found.items]
    while found.next is not None and len(rows) < size:
        left = size - len(rows)
        found = await in_thread(changes.page, flag, environment, actor=person, after=found.next, limit=left)
        rows += [row(change, whole=flag is None) for change in found.items]
    return rows, found.total


def row(change: ChangeView, *, whole: bool) -> Row:
    """Make the row of a change; in the whole log it says of which flag and where."""
    params = {"change": str(change.id)}
    menu = [link("Show all of it", Route.CHANGE, params), *restoring(change)]
    about = [cell(subject(change)), cell(change.environment or "all")] if whole else []
    found = cell(differences.in_one_line(differences.of_change(change)))
    why = cell(change.comment or "")
    return Row([phrases.second(change.at), *about, actions.action(change), found, cell(who(change)), why], menu)


def restoring(change: ChangeView) -> list[Link]:
    """Make the link that takes a change of a flag or a segment back; none where there was nothing before it."""
    label, id_ = "Restore to before this", str(change.id)
    if change.flag_id is not None and change.before is not None:
        return [link(label, Route.RESTORE_CHANGE, {"change": id_})]
    if change.segment is not None and change.before is not None:
        return [link(label, Route.RESTORE_SEGMENT, {"segmentChange": id_})]
    return []


def subject(change: ChangeView) -> str:
    """Name the flag, the segment or the layer that was changed."""
    return change.flag_key or change.segment or change.layer or phrases.NOTHING


def who(change: ChangeView) -> str:
    """Name the actor, and the way by which the change came in where that was not the dashboard."""
    if change.source is Source.INTERVAL:
        return change.actor
    return f"{change.actor} ({change.via or change.source})"


async def choose(interaction: ActionInteraction) -> Result:
    """Ask whose changes are wanted and where, and lead to them."""
    io, environments_there = interaction.io, [one.key for one in await interaction.all_environments()]
    choices = [(EVERYWHERE, "all of them"), *((key, key) for key in environments_there)]
    person = io.input.text("Person or key", help_text="Part of the name.", max_length=validation.MAX_NAME)
    fields = {"person": person.optional(), "only": select(io, "Environment", choices, EVERYWHERE)}
    _, found = await ask(io, fields, intro="Whose changes, and where?", buttons=["Show them"])
    only = found["only"]["value"]
    wanted = {"person": (found["person"] or "").strip(), "only": "" if only == EVERYWHERE else only}
    await interaction.go(Route.CHANGES, **{name: value for name, value in wanted.items() if value})
    return "The changes that fit are shown."


async def of(interaction: ActionInteraction) -> Result:
    """Lead to the changes of one flag, which the person picks."""
    environment = await interaction.environment()
    flag = await flag_asked(interaction, environment)
    await interaction.go(Route.CHANGES, flag=flag.key, environment=environment.key)
    return f"The changes of {flag.key} in {environment.key}."


async def show_change(interaction: PageInteraction) -> Layout:
    """Show one change in full."""
    change = await in_thread(changes.get, number(interaction.param("change")))
    found = differences.of_change(change)
    facts = {
        "Who": who(change),
        "Why": change.comment or phrases.NOTHING,
        "When": phrases.second(change.at),
        "Segment" if change.segment else "Layer" if change.layer else "Flag": subject(change),
        "Environment": change.environment or "all",
    }
    display = interaction.display
    about = display.metadata("This change", data=[{"label": name, "value": text} for name, text in facts.items()])
    of_what = change.flag_key or change.segment or change.layer or change.environment or ""
    return Layout(
        title=f"{actions.action(change)} · {of_what}".rstrip(" ·"),
        menu_items=[
            *restoring(change),
            link("Change log", Route.CHANGES, log_of(change), theme="secondary"),
        ],
        children=[
            about,
            tables.differences(display, "What it changed", found)
            if found
            else display.heading("It changed nothing that is shown.", level=3),
        ],
    )


def log_of(change: ChangeView) -> dict[str, str]:
    """Return the parameters of the log that a change is in: its flag's, else its environment's."""
    named = {"flag": change.flag_key, "environment": change.environment}
    return {name: value for name, value in named.items() if value is not None}


async def restore(interaction: ActionInteraction) -> Result:
    """Bring a flag back to where it was before a change, after showing what that would change."""
    change = await in_thread(changes.get, number(interaction.param("change")))
    if change.flag_id is None or change.environment is None:
        raise DashboardError("Only the changes of a flag can be taken back here.")
    environment = await in_thread(environments.get, change.environment)
    target = await flag_to_change(interaction, environment, change.flag_id)
    flag = target.flag
    if flag.archived_at is not None:
        raise DashboardError(
            f"{flag.key} is archived: restore it under Archived flags, which brings it back as it was."
        )

    async def attempt(problem: str | None) -> Result:
        difference = await in_thread_for_display(changes.difference, flag.id, environment.key, change.id)
        found = differences.of(difference)
        if not found:
            return f"{flag.key} is in {environment.key} as it was before this change. {UNCHANGED}"
        if not await previewed(
            interaction, environment, found, problem, f"Restore {flag.key} in {environment.key}", "Restore"
        ):
            return UNCHANGED
        await interaction.confirm_if_protected(
            environment, f"{flag.key} goes back to before {phrases.second(change.at)}."
        )
        await target.write(partial(changes.restore, flag.id, environment.key, change.id))
        said = f"{flag.key} is in {environment.key} as it was before {phrases.second(change.at)}."
        return await interaction.go(Route.CHANGES, said, flag=flag.key, environment=environment.key)

    return await until_accepted(attempt)


def number(text: str) -> int:
    """Read the id of a change from a link; 0, which none has, where it is no number."""
    return parse_digits(text) or 0
