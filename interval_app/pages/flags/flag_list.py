"""Show the landing page: every flag of one environment, and the ways to everything else."""

from __future__ import annotations

from typing import Any

from interval_sdk import IO, Layout

from db.flags import flags
from db.flags.flags import FlagQuery
from db.views import EnvironmentView, FlagView, Page
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.tables import Row, RowsWanted, cell
from interval_app.pages import publishing
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
    ("Updated", "updated"),
)
STATIC = (("Key", "key"), ("Type", "type"), ("Value", "value"), ("Status", "enabled"), ("Updated", "updated"))
SORTED = frozenset({"key", "type", "enabled", "members", "updated"})
"""The columns that `db.flags.search` sorts by; others leave the order of keys."""


async def show(interaction: PageInteraction) -> Layout:
    """Show the flags of the environment that the link names."""
    environment = await interaction.environment()
    environments = await interaction.all_environments()
    here = {"environment": environment.key}
    return Layout(
        title=f"Feature Flags · {environment.key}",
        description="Every change is logged with your e-mail address, and served within seconds.",
        menu_items=[
            link("Create flag", Route.CREATE_FLAG, here, theme="primary"),
            link("Change log", Route.CHANGES, here, theme="secondary"),
            link("Explain", Route.EXPLAIN, here, theme="secondary"),
            link("Archived flags", Route.ARCHIVED_FLAGS, here, theme="secondary"),
            link("Environments", Route.ENVIRONMENTS, theme="secondary"),
            link("API keys", Route.KEYS, theme="secondary"),
        ],
        children=[
            *await publishing.warning(interaction, **here),
            environment_heading(interaction.display, environment, environments),
            flag_table(interaction.display, "Dynamic flags", environment, is_static=False),
            flag_table(interaction.display, "Static flags", environment, is_static=True),
        ],
    )


def environment_heading(display: IO.Display, environment: EnvironmentView, environments: list[EnvironmentView]) -> Any:
    """Make a heading that says which environment this is, with a button for each other one."""
    protected = (
        "Protected: changes ask for confirmation and the right role." if environment.protected else "Not protected."
    )
    return display.heading(
        f"Environment: {environment.key}",
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


def flag_table(display: IO.Display, label: str, environment: EnvironmentView, *, is_static: bool) -> Any:
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
        found: Page[FlagView] = await in_thread(flags.search, query)
        return [static_row(flag) if is_static else dynamic_row(flag) for flag in found.items], found.total

    return tables.fetched(display, label, STATIC if is_static else DYNAMIC, fetch)


def dynamic_row(flag: FlagView) -> Row:
    """Make the row of a dynamic flag."""
    return Row(
        [
            key_cell(flag),
            str(flag.value_type),
            tables.status(flag.enabled),
            phrases.split(flag.rollout),
            f"{flag.member_count:,}",
            str(len(flag.rules)),
            updated(flag),
        ],
        menu(flag),
    )


def static_row(flag: FlagView) -> Row:
    """Make the row of a static flag."""
    value = cell(phrases.readable(flag.value))
    return Row([key_cell(flag), str(flag.value_type), value, tables.status(flag.enabled), updated(flag)], menu(flag))


def key_cell(flag: FlagView) -> tables.Cell:
    """Make the cell of the key, which leads to editing."""
    return cell(flag.key, route=Route.EDIT_FLAG, params={"flag": flag.key, "environment": flag.environment})


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
    ]
    return [
        link("Disable", Route.DISABLE_FLAG, params) if flag.enabled else link("Enable", Route.ENABLE_FLAG, params),
        link("Edit", Route.EDIT_FLAG, params),
        *([] if flag.is_static else targeting),
        link("Explain", Route.EXPLAIN, params),
        link("Change log", Route.CHANGES, params),
        link("Promote", Route.PROMOTE_FLAG, params),
        link("Disable everywhere", Route.DISABLE_EVERYWHERE, params, theme="danger"),
        link("Archive", Route.ARCHIVE_FLAG, params, theme="danger"),
    ]
