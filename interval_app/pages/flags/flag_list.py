"""Show the landing page: every flag of one environment, and the ways to everything else."""

from __future__ import annotations

from typing import Any

from interval_sdk import IO, Layout

from db.flags import flags
from db.flags.flags import FlagQuery
from db.views import EnvironmentView, FlagView, Page
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.environments import marked
from interval_app.display.tables import Row, RowsWanted, cell
from interval_app.pages import publishing
from interval_app.pages.flags.filters import Filters
from interval_app.pages.release import ramp
from interval_app.session.executor import in_thread
from interval_app.session.interaction import PageInteraction
from interval_app.session.routes import Link, Route, link

DYNAMIC = (
    ("Key", "key"),
    ("Type", "type"),
    ("Status", "enabled"),
    ("Rollout", "rollout"),
    ("Members", "members"),
    ("Rules", "rules"),
    ("Planned", "planned"),
    ("Needs", "needs"),
    ("Needed by", "needed"),
    ("Client keys", "client_side"),
    ("Updated", "updated"),
)
STATIC = (
    ("Key", "key"),
    ("Type", "type"),
    ("Value", "value"),
    ("Status", "enabled"),
    ("Planned", "planned"),
    ("Needed by", "needed"),
    ("Client keys", "client_side"),
    ("Updated", "updated"),
)
MAX_KEY = 60
"""Characters of a key in a table: a longer one would push the last columns off the screen."""
SORTED = frozenset({"key", "type", "enabled", "members", "updated"})
"""The columns that `db.flags.search` sorts by; others leave the order of keys."""


async def show(interaction: PageInteraction) -> Layout:
    """Show the flags of the environment that the link names."""
    environment = await interaction.environment()
    environments = await interaction.all_environments()
    here, filters = {"environment": environment.key}, Filters.of(interaction)
    filtered = {**here, **filters.to_params()}
    return Layout(
        title=f"Feature Flags · {marked(environment)}",
        description="Every change is logged with your e-mail address, and served within seconds.",
        menu_items=[
            link("Create flag", Route.CREATE_FLAG, here, theme="primary"),
            link("Filter", Route.FILTER_FLAGS, filtered, theme="secondary"),
            link("Segments", Route.SEGMENTS, here, theme="secondary"),
            link("Layers", Route.LAYERS, here, theme="secondary"),
            link("Change log", Route.CHANGES, here, theme="secondary"),
            link("Explain", Route.EXPLAIN, here, theme="secondary"),
            link("Archived flags", Route.ARCHIVED_FLAGS, here, theme="secondary"),
            link("Environments", Route.ENVIRONMENTS, theme="secondary"),
            link("API keys", Route.KEYS, theme="secondary"),
        ],
        children=[
            *await publishing.warning(interaction, **here),
            environment_heading(interaction.display, environment, environments),
            *filter_heading(interaction.display, environment, filters),
            *await first_steps(interaction.display, environment),
            flag_table(interaction.display, "Dynamic flags", environment, filters, is_static=False),
            flag_table(interaction.display, "Static flags", environment, filters, is_static=True),
        ],
    )


def filter_heading(display: IO.Display, environment: EnvironmentView, filters: Filters) -> list[Any]:
    """Say which flags are shown, where they are not all, and lead to all of them."""
    if not filters.to_params():
        return []
    everything = link("Show all", Route.FLAGS, {"environment": environment.key}, theme="secondary")
    return [display.heading(f"Only flags that are: {filters}", level=4, menu_items=[everything])]


async def first_steps(display: IO.Display, environment: EnvironmentView) -> list[Any]:
    """Say what to do where there is no flag at all."""
    if (await in_thread(flags.search, FlagQuery(environment=environment.key, limit=1))).total:
        return []
    create = link("Create flag", Route.CREATE_FLAG, {"environment": environment.key}, theme="primary")
    return [display.heading("There are no flags yet: create the first one.", level=3, menu_items=[create])]


def environment_heading(display: IO.Display, environment: EnvironmentView, environments: list[EnvironmentView]) -> Any:
    """Make a heading that says which environment this is, with a button for each other one."""
    protected = (
        "Protected: changes ask for confirmation and the right role." if environment.protected else "Not protected."
    )
    return display.heading(
        f"Environment: {marked(environment)}",
        level=2,
        description=f"{environment.name}. {protected}",
        menu_items=[
            link(
                f"● {other.key}" if other.key == environment.key else other.key,
                Route.FLAGS,
                {"environment": other.key},
                theme="primary" if other.key == environment.key else "secondary",
            )
            for other in environments
        ],
    )


def flag_table(
    display: IO.Display, label: str, environment: EnvironmentView, filters: Filters, *, is_static: bool
) -> Any:
    """Make the table of the flags of one kind, fetched page by page, searched in key, name and description."""

    async def fetch(wanted: RowsWanted) -> tuple[list[Row], int]:
        query = FlagQuery(
            environment=environment.key,
            search=wanted.search,
            is_static=is_static,
            sort=wanted.sort if wanted.sort in SORTED else "key",
            descending=wanted.descending,
            limit=wanted.limit,
            skip=wanted.skip,
        )
        found: Page[FlagView] = await in_thread(flags.search, filters.narrow(query))
        row = static_row if is_static else dynamic_row
        return [row(flag) for flag in found.items], found.total

    return tables.fetched(display, label, STATIC if is_static else DYNAMIC, fetch)


def dynamic_row(flag: FlagView) -> Row:
    """Make the row of a dynamic flag."""
    return Row(
        [
            key_cell(flag),
            str(flag.value_type),
            tables.status(flag),
            cell(", in ".join([rollout(flag), *([phrases.layer_range(flag.layer)] if flag.layer else [])])),
            f"{flag.member_count:,}",
            str(len(flag.rules)),
            planned(flag),
            cell(", ".join(map(phrases.prerequisite, flag.prerequisites))),
            cell(", ".join(flag.needed_by)),
            seen_by_clients(flag),
            updated(flag),
        ],
        menu(flag),
    )


def static_row(flag: FlagView) -> Row:
    """Make the row of a static flag."""
    value, needed = cell(phrases.readable(flag.value)), cell(", ".join(flag.needed_by))
    kind = str(flag.value_type)
    return Row(
        [
            key_cell(flag),
            kind,
            value,
            tables.status(flag),
            planned(flag),
            needed,
            seen_by_clients(flag),
            updated(flag),
        ],
        menu(flag),
    )


def rollout(flag: FlagView) -> str:
    """Describe a flag's rollout, and by what it is; of a ramp, what it is now and what it leads to."""
    if flag.ramp is None and flag.rollout is None:
        return phrases.NOTHING
    return f"{ramp.in_words(flag.ramp) if flag.ramp else phrases.split(flag.rollout)}{phrases.by(flag.split_by)}"


def planned(flag: FlagView) -> tables.Cell:
    """Make the cell of the schedule: its next step, and how many follow."""
    more = f" (and {len(flag.schedule) - 1} more)" if len(flag.schedule) > 1 else ""
    return cell(phrases.step(flag.schedule[0]) + more if flag.schedule else "")


def key_cell(flag: FlagView) -> tables.Cell:
    """Make the cell of the key, which leads to the flag's page."""
    params = {"flag": flag.key, "environment": flag.environment}
    return cell(flag.key, route=Route.FLAG, params=params, longest=MAX_KEY)


def seen_by_clients(flag: FlagView) -> str:
    """Say whether client keys see the flag; nothing where they do not, which is the rule."""
    return "see it" if flag.client_side else ""


def updated(flag: FlagView) -> str:
    """Write the time and author of the last change."""
    return f"{phrases.moment(flag.updated_at)} by {flag.updated_by}"


def menu(flag: FlagView) -> list[Link]:
    """Make the links to what can be done with a flag."""
    params = {"flag": flag.key, "environment": flag.environment}

    targeting = [
        link("Members", Route.MEMBERS, params),
        link("Rules", Route.RULES, params),
        link("Rollout", Route.ROLLOUT, params),
        link("Ramp", Route.RAMP, params),
        *([link("End ramp", Route.END_RAMP, params)] if flag.ramp else []),
        link("Prerequisites", Route.PREREQUISITES, params),
    ]
    return [
        link("Disable", Route.DISABLE_FLAG, params) if flag.enabled else link("Enable", Route.ENABLE_FLAG, params),
        link("Edit", Route.EDIT_FLAG, params),
        *([] if flag.is_static else targeting),
        link("Schedule", Route.SCHEDULE, params),
        link("Explain", Route.EXPLAIN, params),
        link("Change log", Route.CHANGES, params),
        link("Promote", Route.PROMOTE_FLAG, params),
        link("Disable everywhere", Route.DISABLE_EVERYWHERE, params, theme="danger"),
        link("Archive", Route.ARCHIVE_FLAG, params, theme="danger"),
    ]
