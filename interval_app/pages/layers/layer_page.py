"""Show one layer: who has which part of it, in each environment."""

from __future__ import annotations

from typing import Any

from interval_sdk import IO, Layout

from db.history import changes
from db.layers import layers
from db.layers.edits import LayerView
from db.layers.parts import LayerPart, Owner, parts
from db.views import EnvironmentView
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.bar import bar, letters
from interval_app.display.environments import marked
from interval_app.display.tables import Row, cell
from interval_app.pages import change_log
from interval_app.session.executor import in_thread
from interval_app.session.interaction import PageInteraction
from interval_app.session.routes import Link, Route, link

PARTS = (("", "sign"), ("From", "from"), ("To", "to"), ("Whose", "who"))
WHOSE = {Owner.HOLDOUT: "the holdout: in no flag's rollout", Owner.FREE: "free"}
PLAIN: dict[str, Any] = {"is_sortable": False, "is_filterable": False}
LAST_CHANGES = 5


async def show(interaction: PageInteraction) -> Layout:
    """Show the layer that the link names."""
    layer = await in_thread(layers.get, interaction.param("layer"))
    last = await in_thread(changes.page, layer=layer.key, limit=LAST_CHANGES)
    display = interaction.display
    rows = [change_log.row(change, whole=False) for change in last.items]
    return Layout(
        title=f"Layer {layer.key}",
        description=layer.description or "It has no description.",
        menu_items=menu(layer),
        children=[
            display.metadata("The layer", data=facts(layer)),
            *(
                part
                for environment in await interaction.all_environments()
                for part in in_environment(display, layer, environment)
            ),
            tables.fixed(display, "Last changes", change_log.OF_FLAG, rows, **PLAIN),
        ],
    )


def menu(layer: LayerView) -> list[Link]:
    """Make the links to what can be done with a layer."""
    params = {"layer": layer.key}
    return [
        link("Edit", Route.EDIT_LAYER, params, theme="primary"),
        link("Archive", Route.ARCHIVE_LAYER, params, theme="danger"),
        link("Layers", Route.LAYERS, theme="secondary"),
    ]


def facts(layer: LayerView) -> list[dict[str, str]]:
    """Make the list of what a layer is."""
    found = {
        "Name": layer.name or phrases.NOTHING,
        "Split by": layer.split_by or "the entity",
        "Holdout": str(layer.holdout or "none"),
        "Used by": phrases.count(layer.used_by, "flag"),
        "Updated": f"{phrases.moment(layer.updated_at)} by {layer.updated_by}",
    }
    return [{"label": label, "value": phrases.short(value)} for label, value in found.items()]


def in_environment(display: IO.Display, layer: LayerView, environment: EnvironmentView) -> list[Any]:
    """Make the bar of an environment, and the table of its parts; nothing where no flag has one."""
    found = parts(layer, environment.key)
    if all(part.owner is not Owner.FLAG for part in found):
        return []
    rows = [_row(part, sign, environment.key) for part, sign in zip(found, letters(found), strict=True)]
    return [
        display.heading(marked(environment), level=3),
        display.markdown(bar(found)),
        tables.fixed(display, f"In {environment.key}", PARTS, rows, **PLAIN),
    ]


def _row(part: LayerPart, sign: str, environment: str) -> Row:
    bounds = [f"{bound} %" for bound in part.span.to_json().values()]
    if part.flag is None:
        return Row([sign, *bounds, WHOSE[part.owner]])
    params = {"flag": part.flag, "environment": environment}
    change = link("Change its part", Route.ROLLOUT, params)
    return Row([sign, *bounds, cell(part.flag, route=Route.FLAG, params=params)], [change])
