"""Explain why somebody gets what they get, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db import validation
from db.definitions import document as definitions
from db.forms.context import read_context
from db.views import EnvironmentView, FlagView
from db.wording import phrases
from flagstaff.engine import Engine
from flagstaff.engine.explanation import Explanation
from interval_app.display import tables
from interval_app.display.tables import Row, cell
from interval_app.forms.form import ask, flag_asked, validator
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, Result

COLUMNS = (("Step", "step"), ("Decided", "decided"), ("What was found", "text"))


async def explain(interaction: ActionInteraction) -> Result:
    """Ask for an entity, evaluate the flag for it, and show every step; again and again."""
    environment = await interaction.environment()
    flag = await flag_asked(interaction, environment)
    entered: Mapping[str, Any] = {"type": "user", "id": "", "attributes": ""}
    while True:
        entered = await _entity(interaction, environment, flag, entered)
        found = await in_thread(_explained, flag, environment.key, context(entered), interaction.settings.bucketing)
        if await _show(interaction, flag, found) != "again":
            value = answer(found)
            return {"Flag": f"{flag.key} in {environment.key}", "Value": value, "Reason": str(found.evaluation.reason)}


def context(entered: Mapping[str, Any]) -> dict[str, Any]:
    """Make the context as a program would send it. Raises ValueError where the attributes are no JSON object."""
    return read_context(entered["type"], entered["id"], entered["attributes"] or "")


def answer(found: Explanation) -> str:
    """Write the value that a program gets."""
    evaluation = found.evaluation
    return "the caller's default" if evaluation.variant is None else phrases.readable(evaluation.value)


def _explained(flag: FlagView, environment: str, given: dict[str, Any], bucketing: str) -> Explanation:
    found = definitions.document_of(flag.id, environment, bucketing=bucketing)
    return Engine(found.document, bucketing).explain(flag.key, given, found.known)


async def _entity(
    interaction: ActionInteraction, environment: EnvironmentView, flag: FlagView, entered: Mapping[str, Any]
) -> Mapping[str, Any]:
    text = interaction.io.input.text
    attributes_help = 'What else the program sends, as JSON: {"country": "US", "plan": "premium"}'
    fields = {
        "type": text("Entity type", default_value=entered["type"], max_length=64).validate(
            validator(lambda given: validation.entity_type(given.strip(), "the type"))
        ),
        "id": text("Entity id", default_value=entered["id"] or None, max_length=validation.MAX_ENTITY_ID)
        .optional()
        .validate(validator(_check_id)),
        "attributes": text(
            "Attributes",
            default_value=entered["attributes"] or None,
            multiline=True,
            lines=5,
            help_text=attributes_help,
        )
        .optional()
        .validate(validator(lambda given: context({"type": "", "id": "", "attributes": given}))),
    }
    intro = f"For whom is {flag.key} evaluated in {environment.key}? Nothing is changed by this."
    _, found = await ask(interaction.io, fields, intro=intro, buttons=["Explain"])
    return {"type": found["type"].strip(), "id": found["id"] or "", "attributes": found["attributes"] or ""}


def _check_id(given: str) -> str:
    return validation.text(given, "the id", longest=validation.MAX_ENTITY_ID, code="invalid_entity")


async def _show(interaction: ActionInteraction, flag: FlagView, found: Explanation) -> str:
    """Show the answer, and return the button that was pressed."""
    io, evaluation = interaction.io, found.evaluation
    facts = {"Value": answer(found), "Variant": evaluation.variant or phrases.NOTHING, "Reason": str(evaluation.reason)}
    about = [{"label": label, "value": value} for label, value in facts.items()]
    displays = [io.display.heading(found.summary, level=3), io.display.metadata(flag.key, data=about)]
    rows = [row for number, step in enumerate(found.steps, 1) for row in step_rows(number, step)]
    if rows:
        displays.append(tables.fixed(io.display, "Every step", COLUMNS, rows, is_sortable=False, is_filterable=False))
    again = {"label": "Explain another entity", "value": "again", "theme": "secondary"}
    pressed = await io.group(*displays).with_choices([{"label": "Done", "value": "done"}, again])
    return str(pressed.choice)


def step_rows(number: int, step: Any) -> list[Row]:
    """Make the rows of a step and of the conditions that were tried in it."""
    decided = cell("yes", "green") if step.matched else cell("no", "gray")
    goes_on = step.kind == "enabled" and not step.matched
    rows = [Row([str(number), cell("") if goes_on else decided, cell(step.text)])]
    for part in step.conditions:
        rows.append(
            Row(
                ["", cell("holds" if part.holds else "fails", "green" if part.holds else "red"), part.to_json()["text"]]
            )
        )
    return rows
