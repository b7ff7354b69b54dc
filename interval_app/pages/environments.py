"""List, add and change environments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interval_sdk import IO, Layout

from db import validation
from db.administration import environments
from db.views import EnvironmentView
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.tables import Cell, Row, cell
from interval_app.forms.form import ask_with_comment, select, until_accepted, validator
from interval_app.pages import publishing
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Route, link

COLUMNS = (
    ("Key", "key"),
    ("Name", "name"),
    ("Protected", "protected"),
    ("Comments", "comments"),
    ("Revision", "revision"),
    ("Created", "created"),
)


async def show(interaction: PageInteraction) -> Layout:
    """Show every environment, and whether programs have all that is saved; a click shows an environment's flags."""
    found = await interaction.all_environments()
    return Layout(
        title="Environments",
        description="Each flag has a configuration of its own in each of them.",
        menu_items=[link("Add environment", Route.ADD_ENVIRONMENT, theme="primary"), back()],
        children=[
            *await publishing.state(interaction),
            tables.fixed(
                interaction.display,
                "Environments",
                COLUMNS,
                [row(environment) for environment in found],
                is_sortable=False,
            ),
        ],
    )


def row(environment: EnvironmentView) -> Row:
    """Make the row of an environment."""
    protected = cell("protected", "orange") if environment.protected else cell("no")
    key = cell(environment.key, route=Route.FLAGS, params={"environment": environment.key})
    comments = "asked for" if environment.comment_required else "as you like"
    facts: list[Cell | str] = [
        protected,
        cell(comments),
        str(environment.revision),
        phrases.moment(environment.created_at),
    ]
    edit = link("Edit", Route.EDIT_ENVIRONMENT, {"environment": environment.key})
    return Row([key, cell(environment.name), *facts], [edit])


async def add(interaction: ActionInteraction) -> Result:
    """Make an environment in which every flag is disabled; for those who may change protected ones."""
    existing = await interaction.all_environments()
    interaction.actor_for(*existing)
    settings = {"name": "", "protected": False, "comment_required": False}
    start: dict[str, Any] = {"key": "", **settings, "copy_of": existing[0].key}

    async def attempt(problem: str | None) -> EnvironmentView:
        nonlocal start
        start = await _form(interaction, existing, start, problem)
        return await in_thread(environments.create, **start, actor=interaction.actor_for(*existing))

    made = await until_accepted(attempt)
    return await interaction.go(Route.ENVIRONMENTS, f"{made.key} is there. Every flag is disabled in it.")


async def _form(
    interaction: ActionInteraction, existing: list[EnvironmentView], start: dict[str, Any], problem: str | None
) -> dict[str, Any]:
    io = interaction.io
    key = io.input.text("Key", default_value=start["key"] or None, max_length=128, placeholder="qa")
    fields = {
        "key": key.validate(validator(lambda text: validation.key(text.strip(), code="invalid_environment"))),
        **_settings_fields(io, start),
        "copy_of": select(io, "Variants like in", [(one.key, one.key) for one in existing], start["copy_of"]),
    }
    intro = "Every flag will be disabled in it, with the variants that it has in the environment chosen here."
    _, found = await ask_with_comment(
        interaction, fields, (), intro=intro, problem=problem, buttons=["Add environment"]
    )
    return {**found, "key": found["key"].strip(), "copy_of": found["copy_of"]["value"]}


async def edit(interaction: ActionInteraction) -> Result:
    """Change an environment's name and what it asks of changes; for those who may change all of them."""
    environment, existing = await interaction.environment(), await interaction.all_environments()
    interaction.actor_for(*existing)
    start: Mapping[str, Any] = {name: getattr(environment, name) for name in ("name", "protected", "comment_required")}

    async def attempt(problem: str | None) -> EnvironmentView:
        nonlocal start
        fields = _settings_fields(interaction.io, start)
        _, start = await ask_with_comment(
            interaction,
            fields,
            [environment],
            intro=f"{environment.key}, whose key never changes.",
            problem=problem,
            buttons=["Save"],
        )
        await interaction.confirm_if_protected(environment, "What it asks of changes will be as you entered it.")
        return await in_thread(environments.update, environment.key, **start, actor=interaction.actor_for(*existing))

    saved = await until_accepted(attempt)
    return await interaction.go(Route.ENVIRONMENTS, f"{saved.key} is saved.")


def _settings_fields(io: IO, start: Mapping[str, Any]) -> dict[str, Any]:
    """Make the inputs for what can be changed of an environment, by the names that `db` has for it."""
    name = io.input.text("Name", default_value=start["name"] or None, max_length=validation.MAX_NAME)
    careful = "Changes ask for confirmation and the right role."
    why = "Nobody changes anything there without saying why."
    return {
        "name": name.optional(),
        "protected": io.input.boolean("Protected", default_value=start["protected"], help_text=careful),
        "comment_required": io.input.boolean(
            "Ask for comments", default_value=start["comment_required"], help_text=why
        ),
    }
