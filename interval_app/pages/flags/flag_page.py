"""Show one flag in one environment: what it is, what it serves to whom, and what became of it last."""

from __future__ import annotations

from typing import Any

from interval_sdk import Layout

from db.history import changes
from db.views import FlagView
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.environments import marked
from interval_app.display.tables import Row, cell
from interval_app.pages import change_log
from interval_app.pages.flags.flag_list import menu, rollout, updated
from interval_app.pages.release import prerequisites, schedule
from interval_app.pages.targeting import rules
from interval_app.session.executor import in_thread
from interval_app.session.interaction import PageInteraction, back
from interval_app.session.routes import Route, link

LAST_CHANGES = 5


async def show(interaction: PageInteraction) -> Layout:
    """Show the flag that the link names."""
    environment = await interaction.environment()
    flag = await interaction.flag(environment)
    last = await in_thread(changes.page, flag.id, environment.key, limit=LAST_CHANGES)
    display, of_flag = interaction.display, {"flag": flag.key}
    others = [one.key for one in await interaction.all_environments() if one.key != environment.key]
    return Layout(
        title=f"{flag.key} · {marked(environment)}",
        description=flag.description or "It has no description.",
        menu_items=[
            *menu(flag),
            *(link(f"In {key}", Route.FLAG, {**of_flag, "environment": key}, theme="secondary") for key in others),
            back(environment=environment.key),
        ],
        children=[
            display.metadata("The flag", data=facts(flag)),
            *more(display, flag),
            *schedule.table(display, flag),
            *prerequisites.tables_of(display, flag),
            *targeting(display, flag),
            tables.fixed(
                display,
                "Last changes",
                change_log.OF_FLAG,
                [change_log.row(change, whole=False) for change in last.items],
                is_sortable=False,
                is_filterable=False,
            ),
        ],
    )


def facts(flag: FlagView) -> list[dict[str, str]]:
    """Make the list of what a flag is."""
    found = {
        "Status": phrases.status_until(flag),
        "Kind": phrases.kind(flag),
        "Name": flag.name or phrases.NOTHING,
        "Tags": ", ".join(flag.tags) or phrases.NOTHING,
        "Owner": flag.owner or phrases.NOTHING,
        "Purpose": flag.purpose or phrases.NOTHING,
        "Expected end": str(flag.expected_end or phrases.NOTHING),
        "Seen by client keys": "yes" if flag.client_side else "no",
        "Updated": updated(flag),
    }
    if flag.is_static:
        found["Value"] = phrases.readable(flag.value)
    else:
        found["Members"] = f"{flag.member_count:,}"
        found["Rollout"] = rollout(flag) if flag.ramp or flag.rollout else "none"
        found["Layer"] = phrases.layer_range(flag.layer) if flag.layer else "none"
        found["Default"] = flag.default_variant or "none: the caller's default"
    return [{"label": label, "value": phrases.short(value)} for label, value in found.items()]


def more(display: Any, flag: FlagView) -> list[Any]:
    """Make the tables of a flag's links and metadata, where it has any."""
    links = [Row([cell(link["title"], url=link["url"])]) for link in flag.links]
    named = [Row([cell(name), cell(phrases.readable(value))]) for name, value in flag.metadata.items()]
    columns = (("Name", "name"), ("Value", "value"))
    plain: dict[str, Any] = {"is_sortable": False, "is_filterable": False}
    return [
        *([tables.fixed(display, "Links", (("Page", "page"),), links, **plain)] if links else []),
        *([tables.fixed(display, "Metadata", columns, named, **plain)] if named else []),
    ]


def targeting(display: Any, flag: FlagView) -> list[Any]:
    """Make the tables of a dynamic flag's variants and rules."""
    if flag.is_static:
        return []
    columns = (("Variant", "name"), ("Value", "value"))
    named = [Row([cell(name), cell(phrases.readable(value))]) for name, value in flag.variants.items()]
    ruled = [rules.row(flag, number) for number in range(1, len(flag.rules) + 1)]
    plain: dict[str, Any] = {"is_sortable": False, "is_filterable": False}
    return [
        tables.fixed(display, "Variants", columns, named, **plain),
        *([tables.fixed(display, "Rules", rules.COLUMNS, ruled, **plain)] if ruled else []),
    ]
