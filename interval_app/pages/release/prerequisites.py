"""Show which flags a flag needs and which need it, and change what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from interval_sdk import IO, Layout

from db.flags import flags
from db.flags.flags import FlagEdit
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Prerequisite
from interval_app.display import tables
from interval_app.display.environments import marked
from interval_app.display.tables import Cell, Row, cell
from interval_app.forms.conflicts import refusing_old_pages
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.session.errors import DashboardError
from interval_app.session.interaction import ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Route, link

NEEDS = (("Flag", "flag"), ("Has to serve", "variants"))
NEEDED_BY = (("Flag", "flag"), ("For it, this one has to serve", "variants"))


async def show(interaction: PageInteraction) -> Layout:
    """Show the prerequisites of the flag in the environment that the link names, in both directions."""
    environment = await interaction.environment()
    flag = await interaction.flag(environment)
    params, display = {"flag": flag.key, "environment": environment.key}, interaction.display
    add = [] if flag.is_static else [link("Add prerequisite", Route.SET_PREREQUISITE, params, theme="primary")]
    nothing = display.heading(f"{flag.key} needs no other flag, and none needs it.", level=3)
    return Layout(
        title=f"Prerequisites of {flag.key} · {marked(environment)}",
        description="While a flag that it needs serves another variant, everyone gets the default variant.",
        menu_items=[
            *add,
            link("The flag", Route.FLAG, params, theme="secondary"),
            back(environment=environment.key),
        ],
        children=tables_of(display, flag) or [nothing],
    )


def tables_of(display: IO.Display, flag: FlagView) -> list[Any]:
    """Make the tables of what a flag needs and of what needs it, where there is any."""
    needs = [_row(flag, one) for one in flag.prerequisites]
    users = [Row([_flag(key, flag.environment), _variants(needed)]) for key, needed in flag.needed_by.items()]
    plain: dict[str, Any] = {"is_sortable": False, "is_filterable": False}
    return [
        *([tables.fixed(display, "Needs", NEEDS, needs, **plain)] if needs else []),
        *([tables.fixed(display, "Needed by", NEEDED_BY, users, **plain)] if users else []),
    ]


def _row(flag: FlagView, prerequisite: Prerequisite) -> Row:
    params = {"flag": flag.key, "environment": flag.environment, "needed": prerequisite.flag}
    menu = [
        link("Change variants", Route.SET_PREREQUISITE, params),
        link("Remove", Route.REMOVE_PREREQUISITE, params, theme="danger"),
    ]
    return Row([_flag(prerequisite.flag, flag.environment), _variants(prerequisite.variants)], menu)


def _flag(key: str, environment: str) -> Cell:
    return cell(key, route=Route.FLAG, params={"flag": key, "environment": environment})


def _variants(names: Sequence[str]) -> Cell:
    return cell(" or ".join(names))


async def remove(interaction: ActionInteraction) -> Result:
    """Let a flag no longer need another one."""
    target = await flag_to_change(interaction)
    environment, flag, named = target.environment, target.flag, interaction.param("needed")
    needed = next((one for one in flag.prerequisites if one.flag == named), None)
    if needed is None:
        raise DashboardError(f"{flag.key} has no such prerequisite in {environment.key}: open its prerequisites.")
    protected = f" {environment.key} is protected." if environment.protected else ""
    help_text = f"{flag.key} will no longer need that {phrases.prerequisite(needed)}.{protected}"
    await interaction.confirm("Remove this prerequisite?", help_text, [environment])
    edit = FlagEdit(prerequisites=[one for one in flag.prerequisites if one != needed])
    with refusing_old_pages("open the prerequisites again"):
        await target.write(partial(flags.update, flag.id, environment.key, edit))
    said = f"{flag.key} in {environment.key} no longer needs {needed.flag}."
    return await interaction.go(Route.PREREQUISITES, said, flag=flag.key, environment=environment.key)
