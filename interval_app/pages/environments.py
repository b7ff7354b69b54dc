"""List and add environments."""

from __future__ import annotations

from typing import Any

from interval_sdk import Layout

from db import validation
from db.administration import environments
from db.views import EnvironmentView
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.tables import Row, cell
from interval_app.forms.form import ask, select, until_accepted, validator
from interval_app.pages import publishing
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Route, link

COLUMNS = (
    ("Key", "key"),
    ("Name", "name"),
    ("Protected", "protected"),
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
    return Row(
        [key, cell(environment.name), protected, str(environment.revision), phrases.moment(environment.created_at)]
    )


async def add(interaction: ActionInteraction) -> Result:
    """Make an environment in which every flag is disabled; for those who may change protected ones."""
    existing = await interaction.all_environments()
    actor = interaction.actor_for(*existing)
    start: dict[str, Any] = {"key": "", "name": "", "protected": False, "copy_of": existing[0].key}

    async def attempt(problem: str | None) -> EnvironmentView:
        nonlocal start
        start = await _form(interaction, existing, start, problem)
        named = {name: start[name] for name in ("name", "protected", "copy_of")}
        return await in_thread(environments.create, start["key"], **named, actor=actor)

    made = await until_accepted(attempt)
    return await interaction.go(Route.ENVIRONMENTS, f"{made.key} is there. Every flag is disabled in it.")


async def _form(
    interaction: ActionInteraction, existing: list[EnvironmentView], start: dict[str, Any], problem: str | None
) -> dict[str, Any]:
    io = interaction.io
    key = io.input.text("Key", default_value=start["key"] or None, max_length=128, placeholder="qa")
    fields = {
        "key": key.validate(validator(lambda text: validation.key(text.strip(), code="invalid_environment"))),
        "name": io.input.text("Name", default_value=start["name"] or None, max_length=validation.MAX_NAME).optional(),
        "protected": io.input.boolean(
            "Protected", default_value=start["protected"], help_text="Changes ask for confirmation and the right role."
        ),
        "copy_of": select(io, "Variants like in", [(one.key, one.key) for one in existing], start["copy_of"]),
    }
    intro = "Every flag will be disabled in it, with the variants that it has in the environment chosen here."
    _, found = await ask(io, fields, intro=intro, problem=problem, buttons=["Add environment"])
    return {
        "key": found["key"].strip(),
        "name": found["name"] or None,
        "protected": found["protected"],
        "copy_of": found["copy_of"]["value"],
    }
