"""Show what is planned for a flag, each step in words, and take steps out."""

from __future__ import annotations

from functools import partial
from typing import Any

from interval_sdk import IO, Layout

from db.flags import flags
from db.flags.flags import FlagEdit
from db.views import FlagView
from db.wording import phrases
from flagstaff.digits import parse_digits
from flagstaff.targeting import Step
from interval_app.display import tables
from interval_app.display.environments import marked
from interval_app.display.tables import Row, cell
from interval_app.forms.conflicts import refusing_old_pages
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.session.errors import DashboardError
from interval_app.session.interaction import ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Route, link

COLUMNS = (("From", "when"), ("It is", "then"))


async def show(interaction: PageInteraction) -> Layout:
    """Show the steps to come of the flag in the environment that the link names."""
    environment = await interaction.environment()
    flag = await interaction.flag(environment)
    params = {"flag": flag.key, "environment": environment.key}
    display = interaction.display
    return Layout(
        title=f"Schedule of {flag.key} · {marked(environment)}",
        description=f"Now: {phrases.status_until(flag)}. Each step holds from its time on; nothing has to run for it.",
        menu_items=[
            link("Add step", Route.ADD_STEP, params, theme="primary"),
            link("Expire at", Route.EXPIRE, params),
            link("The flag", Route.FLAG, params, theme="secondary"),
            back(environment=environment.key),
        ],
        children=table(display, flag) or [display.heading("Nothing is planned.", level=3)],
    )


def table(display: IO.Display, flag: FlagView) -> list[Any]:
    """Make the table of the steps to come; none where there is none."""
    rows = [row(flag, step) for step in flag.schedule]
    plain: dict[str, Any] = {"is_sortable": False, "is_filterable": False}
    return [tables.fixed(display, "Schedule", COLUMNS, rows, **plain)] if rows else []


def row(flag: FlagView, step: Step) -> Row:
    """Make the row of a step. Its link names it by its time, which stays when other steps come and go."""
    params = {"flag": flag.key, "environment": flag.environment, "step": str(step.at)}
    remove_it = link("Remove", Route.REMOVE_STEP, params, theme="danger")
    return Row([phrases.in_zone(step.at, step.zone), cell(phrases.step_changes(step))], [remove_it])


async def remove(interaction: ActionInteraction) -> Result:
    """Take a step out of the schedule."""
    target = await flag_to_change(interaction)
    environment, flag = target.environment, target.flag
    step = _named(interaction, flag)
    protected = f" {environment.key} is protected." if environment.protected else ""
    await interaction.confirm("Remove this step?", f"{flag.key}, {phrases.step(step)}.{protected}", [environment])
    edit = FlagEdit(schedule=[one for one in flag.schedule if one != step])
    with refusing_old_pages("open the schedule again"):
        await target.write(partial(flags.update, flag.id, environment.key, edit))
    said = f"Not planned any more for {flag.key} in {environment.key}: {phrases.step(step)}."
    return await interaction.go(Route.SCHEDULE, said, flag=flag.key, environment=environment.key)


def _named(interaction: ActionInteraction, flag: FlagView) -> Step:
    at = parse_digits(interaction.param("step"))
    step = next((one for one in flag.schedule if one.at == at), None)
    if step is None:
        raise DashboardError(f"{flag.key} has no such step in {flag.environment}: it may be past. Open the schedule.")
    return step
