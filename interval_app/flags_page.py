"""Feature Flags, the landing page: every flag of one environment, and the ways to everything else."""

from __future__ import annotations

from typing import Any

from interval_sdk import IO, Layout

from db.flags import flags
from db.flags.flags import FlagQuery
from db.views import EnvironmentView, FlagView, Page
from interval_app import publishing, tables, words, work
from interval_app.tables import Row, RowsWanted, cell
from interval_app.visit import HOME, PageVisit

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


async def show(visit: PageVisit) -> Layout:
    """The page for the environment that the link names."""
    place = await visit.environment()
    places = await visit.all_environments()
    here = {"environment": place.key}
    return Layout(
        title=f"Feature Flags · {place.key}",
        description="Every change is logged with your e-mail address, and served within seconds.",
        menu_items=[
            {"label": "Create flag", "route": f"{HOME}/create", "params": here, "theme": "primary"},
            {"label": "Change log", "route": f"{HOME}/changes", "params": here},
            {"label": "Explain", "route": f"{HOME}/explain", "params": here},
            {"label": "Archived flags", "route": f"{HOME}/archived", "params": here},
            {"label": "Environments", "route": f"{HOME}/environments"},
            {"label": "API keys", "route": f"{HOME}/keys"},
        ],
        children=[
            *await publishing.warning(visit, **here),
            environment_heading(visit.display, place, places),
            flag_table(visit.display, "Dynamic flags", place, is_static=False),
            flag_table(visit.display, "Static flags", place, is_static=True),
        ],
    )


def environment_heading(display: IO.Display, place: EnvironmentView, places: list[EnvironmentView]) -> Any:
    """Which environment this is, with a button for each other one."""
    protected = "Protected: changes ask for confirmation and the right role." if place.protected else "Not protected."
    return display.heading(
        f"Environment: {place.key}",
        level=2,
        description=f"{place.name}. {protected} Pick another:",
        menu_items=[
            {
                "label": f"● {other.key}" if other.key == place.key else other.key,
                "route": HOME,
                "params": {"environment": other.key},
                "theme": "primary" if other.key == place.key else "secondary",
            }
            for other in places
        ],
    )


def flag_table(display: IO.Display, label: str, place: EnvironmentView, *, is_static: bool) -> Any:
    """The flags of one kind, fetched page by page, searched in key, name and description."""

    async def fetch(wanted: RowsWanted) -> tuple[list[Row], int]:
        query = FlagQuery(
            environment=place.key,
            search=wanted.search,
            is_static=is_static,
            sort=wanted.sort if wanted.sort in SORTED else "key",
            descending=wanted.descending,
            limit=wanted.limit,
            after=str(wanted.skip),
        )
        found: Page[FlagView] = await work.run(flags.search, query)
        return [static_row(flag) if is_static else dynamic_row(flag) for flag in found.items], found.total

    return tables.fetched(display, label, STATIC if is_static else DYNAMIC, fetch)


def dynamic_row(flag: FlagView) -> Row:
    """A dynamic flag."""
    return Row(
        [
            key_cell(flag),
            str(flag.value_type),
            tables.status(flag.enabled),
            words.split(flag.rollout),
            f"{flag.member_count:,}",
            str(len(flag.rules)),
            updated(flag),
        ],
        menu(flag),
    )


def static_row(flag: FlagView) -> Row:
    """A static flag."""
    value = cell(words.shown(flag.value))
    return Row([key_cell(flag), str(flag.value_type), value, tables.status(flag.enabled), updated(flag)], menu(flag))


def key_cell(flag: FlagView) -> tables.Cell:
    """The key, which leads to editing."""
    return cell(flag.key, route=f"{HOME}/edit", params={"flag": flag.key, "environment": flag.environment})


def updated(flag: FlagView) -> str:
    """When, and by whom."""
    return f"{words.moment(flag.updated_at)} by {flag.updated_by}"


def menu(flag: FlagView) -> list[tables.MenuItem]:
    """What can be done with a flag."""
    params = {"flag": flag.key, "environment": flag.environment}

    def item(label: str, route: str, **more: Any) -> tables.MenuItem:
        return {"label": label, "route": f"{HOME}/{route}", "params": params, **more}

    targeting = [item("Members", "members"), item("Rules", "rules"), item("Rollout", "rollout")]
    return [
        item("Disable", "disable") if flag.enabled else item("Enable", "enable"),
        item("Edit", "edit"),
        *([] if flag.is_static else targeting),
        item("Explain", "explain"),
        item("Change log", "changes"),
        item("Promote", "promote"),
        item("Disable everywhere", "disable-everywhere", theme="danger"),
        item("Archive", "archive", theme="danger"),
    ]
