"""Edit layers, and take them out of service. What that means for flags is said before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from db.errors import VersionConflictError
from db.layers import layers
from db.layers.edits import LayerEdit, LayerView, LayerWritten
from db.views import EnvironmentView
from db.wording import phrases
from interval_app.forms.form import ask_with_comment, until_accepted
from interval_app.pages.layers.fields import Entered, check, layer_inputs, read
from interval_app.session.executor import in_thread
from interval_app.session.interaction import UNCHANGED, ActionInteraction, Result
from interval_app.session.routes import Route

LayerWrite: TypeAlias = Callable[..., LayerWritten]
"""A function of `db` that changes a layer, with all its arguments but the actor, the version and `dry_run`."""


async def edit(interaction: ActionInteraction) -> Result:
    """Change what a layer is, after saying which flags change with it."""
    environments = await _environments(interaction)
    layer = await in_thread(layers.get, interaction.param("layer"))
    entered = Entered.of(layer)

    async def attempt(problem: str | None) -> Result:
        nonlocal layer, entered
        answers = await ask_with_comment(
            interaction,
            layer_inputs(interaction.io, entered),
            environments,
            intro=f"{layer.key}, whose key never changes.",
            problem=problem,
            buttons=["Save"],
            check=check,
        )
        entered = read(answers.values)
        write = partial(layers.update, layer.key, LayerEdit(*entered))
        try:
            return await _save(interaction, environments, layer, write)
        except VersionConflictError:
            layer = await in_thread(layers.get, layer.key)
            raise

    return await until_accepted(attempt)


async def _save(
    interaction: ActionInteraction, environments: Sequence[EnvironmentView], layer: LayerView, write: LayerWrite
) -> Result:
    """Try it, ask where flags would change with it, and write it."""
    actor = interaction.actor_for(*environments)
    tried = await in_thread(write, actor=actor, version=layer.version, dry_run=True)
    if tried.layer.version == layer.version:
        return await interaction.go(Route.LAYER, UNCHANGED, layer=layer.key)
    if tried.affected:
        moved = "Everyone has another place in it then. " if tried.layer.split_by != layer.split_by else ""
        told = f"{moved}{phrases.affected(tried.affected)}"
        await interaction.confirm(f"Change {layer.key}?", told, environments)
    await in_thread(write, actor=interaction.actor_for(*environments), version=layer.version)
    return await interaction.go(Route.LAYER, f"{layer.key} is saved.", layer=layer.key)


async def archive(interaction: ActionInteraction) -> Result:
    """Archive a layer in which no flag is; one that is used is refused before anything is asked."""
    environments = await _environments(interaction)
    layer = await in_thread(layers.get, interaction.param("layer"))
    write = partial(layers.archive, layer.key, version=layer.version)
    await in_thread(write, actor=interaction.actor_for(*environments), dry_run=True)
    means = "No flag is in it. Its key can be used for another layer then. It can't be brought back here."
    await interaction.confirm(f"Archive the layer {layer.key}?", means, environments)
    await in_thread(write, actor=interaction.actor_for(*environments))
    return await interaction.go(Route.LAYERS, f"The layer {layer.key} is archived.")


async def _environments(interaction: ActionInteraction) -> Sequence[EnvironmentView]:
    """Return all environments, for a person who may change each: a layer is the same in all of them."""
    environments = await interaction.all_environments()
    interaction.actor_for(*environments)
    return environments
