"""List the layers, and make them."""

from __future__ import annotations

from interval_sdk import Layout

from db import validation
from db.layers import layers
from db.layers.edits import LayerView, LayerWritten, NewLayer
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.tables import Row, RowsWanted, cell
from interval_app.forms.form import Answers, ask_with_comment, until_accepted, validator
from interval_app.pages.layers.fields import NOTHING_ENTERED, check, layer_inputs, read
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Route, link

COLUMNS = (
    ("Key", "key"),
    ("Name", "name"),
    ("Split by", "by"),
    ("Holdout", "holdout"),
    ("Used by", "used"),
    ("Updated", "updated"),
)


async def show(interaction: PageInteraction) -> Layout:
    """Show every layer; a click shows one."""
    environment = await interaction.environment()

    async def fetch(wanted: RowsWanted) -> tuple[list[Row], int]:
        found = await in_thread(layers.page, search=wanted.search, skip=wanted.skip, limit=wanted.limit)
        return [row(layer) for layer in found.items], found.total

    create_it = link("Create layer", Route.CREATE_LAYER, theme="primary")
    about = "Flags in one layer have disjoint parts of it, so that nobody is in the rollouts of two."
    return Layout(
        title="Layers",
        description=about,
        menu_items=[create_it, back(environment=environment.key)],
        children=[tables.fetched(interaction.display, "Layers", COLUMNS, fetch, is_sortable=False)],
    )


def row(layer: LayerView) -> Row:
    """Make the row of a layer."""
    params = {"layer": layer.key}
    menu = [
        link("Edit", Route.EDIT_LAYER, params),
        link("Archive", Route.ARCHIVE_LAYER, params, theme="danger"),
    ]
    return Row(
        [
            cell(layer.key, route=Route.LAYER, params=params),
            cell(layer.name or ""),
            cell(layer.split_by or "the entity"),
            str(layer.holdout or "none"),
            phrases.count(layer.used_by, "flag"),
            f"{phrases.moment(layer.updated_at)} by {layer.updated_by}",
        ],
        menu,
    )


async def create(interaction: ActionInteraction) -> Result:
    """Make a layer in which no flag is yet; for those who may change every environment."""
    environments = await interaction.all_environments()
    interaction.actor_for(*environments)
    entered, typed = NOTHING_ENTERED, ""

    async def attempt(problem: str | None) -> LayerWritten:
        nonlocal entered, typed
        key = interaction.io.input.text("Key", default_value=typed or None, max_length=128, placeholder="checkout")
        fields = {
            "key": key.validate(validator(lambda text: validation.key(text.strip()))),
            **layer_inputs(interaction.io, entered),
        }
        answers: Answers = await ask_with_comment(
            interaction,
            fields,
            environments,
            intro="No flag is in it yet: flags enter it in the form of their rollout. Its key never changes.",
            problem=problem,
            buttons=["Create layer"],
            check=check,
        )
        typed, entered = answers.values["key"].strip(), read(answers.values)
        actor = interaction.actor_for(*environments)
        return await in_thread(layers.create, NewLayer(typed, *entered), actor=actor)

    made = (await until_accepted(attempt)).layer
    return await interaction.go(Route.LAYER, f"{made.key} is there. No flag is in it yet.", layer=made.key)
