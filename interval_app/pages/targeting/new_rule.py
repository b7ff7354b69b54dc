"""Add a rule: one condition, what it serves and its place on one screen; more conditions in the editor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Rule
from interval_app.forms import conditions
from interval_app.forms.flag_to_change import FlagToChange
from interval_app.forms.form import Answers, ask_with_comment, select, until_accepted, validator
from interval_app.pages.targeting import rule_editor
from interval_app.pages.targeting.rule_editor import SAVE, serves_field
from interval_app.session.interaction import ActionInteraction, Result

MORE: Final = "More conditions …"
LAST: Final = ("last", "after all others")


class NewRule(NamedTuple):
    """What the screen says: the button, the rule, and the index that it is to have."""

    button: str
    rule: Rule
    at: int | None
    """None: after all others."""


async def add(interaction: ActionInteraction) -> Result:
    """Ask for a rule, and save it or go on in the editor."""
    target = await rule_editor.target_of(interaction)
    rule_editor.refuse_without_variants(target.flag)
    entered: Mapping[str, Any] = {}

    async def attempt(problem: str | None) -> Result:
        nonlocal entered
        answers = await _form(interaction, target, entered, problem)
        entered = answers.values
        new = await _read(interaction, target.flag, answers)
        if new.button == SAVE:
            return await rule_editor.save(interaction, target, rule_editor.Slot(new.at, is_new=True), new.rule)
        return await rule_editor.edit_until_saved(interaction, target, rule_editor.Slot(new.at, is_new=True), new.rule)

    return await until_accepted(attempt)


async def _form(
    interaction: ActionInteraction, target: FlagToChange, entered: Mapping[str, Any], problem: str | None
) -> Answers:
    flag = target.flag
    places = [(str(at), f"before rule {at + 1}: {phrases.rule(rule)}") for at, rule in enumerate(flag.rules)]
    chosen = {name: entered[name]["value"] for name in ("serves", "place") if entered}
    fields = {
        **conditions.condition_fields(interaction.io, entered),
        "serves": serves_field(interaction.io, flag, chosen.get("serves")),
        "place": select(interaction.io, "Place", [*places, LAST], chosen.get("place", LAST[0])),
    }
    check = validator(conditions.read_condition)
    intro = f"A rule of {flag.key} in {target.environment.key}. Who meets the condition gets what it serves."
    buttons = [{"label": SAVE, "value": SAVE}, {"label": MORE, "value": MORE, "theme": "secondary"}]
    return await ask_with_comment(
        interaction,
        fields,
        [target.environment],
        unchanging=[MORE],
        intro=intro,
        problem=problem,
        buttons=buttons,
        check=lambda answers: check(answers.values),
    )


async def _read(interaction: ActionInteraction, flag: FlagView, answers: Answers) -> NewRule:
    """Make the rule of what was entered."""
    found = answers.values
    empty = Rule((conditions.read_condition(found),), ())
    rule = await rule_editor.served_as_chosen(interaction, flag, empty, found["serves"]["value"])
    place = found["place"]["value"]
    at = None if place == LAST[0] else int(place)
    return NewRule(answers.button, rule, at)
