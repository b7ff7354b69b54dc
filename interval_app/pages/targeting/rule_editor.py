"""Edit, move and remove rules; `new_rule` adds them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from interval_sdk import IO

from db import validation
from db.flags import flags
from db.flags.flags import FlagEdit
from db.views import FlagView
from db.wording import phrases
from flagstaff.digits import parse_digits
from flagstaff.targeting import Rule
from interval_app.forms import condition_edits, conditions
from interval_app.forms.condition_edits import ConditionEdit, Place, condition_field, edit_buttons, spliced
from interval_app.forms.conflicts import ChangedMeanwhileError, refusing_old_pages
from interval_app.forms.flag_to_change import FlagToChange, flag_to_change
from interval_app.forms.form import Answers, ask, ask_with_comment, refuse_static, select, until_accepted
from interval_app.forms.shares import split_asked
from interval_app.session.errors import DashboardError
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route

SPLIT = "a split …"


async def edit(interaction: ActionInteraction) -> Result:
    """Change a rule's name, conditions or what it serves."""
    target = await target_of(interaction)
    number = await _number(interaction, target.flag)
    return await edit_until_saved(interaction, target, Slot(number, is_new=False), target.flag.rules[number])


async def remove(interaction: ActionInteraction) -> Result:
    """Remove a rule."""
    target = await target_of(interaction)
    environment, flag = target.environment, target.flag
    number = await _number(interaction, flag)
    protected = f" {environment.key} is protected." if environment.protected else ""
    await interaction.confirm(
        f"Remove rule {number + 1}?", f"{phrases.rule(flag.rules[number])}.{protected}", [environment]
    )
    return await _reorder(
        interaction, target, spliced(flag.rules, number), f"Rule {number + 1} of {flag.key} is removed."
    )


async def up(interaction: ActionInteraction) -> Result:
    """Move a rule before the one that is before it now."""
    return await _move(interaction, -1)


async def down(interaction: ActionInteraction) -> Result:
    """Move a rule after the one that is after it now."""
    return await _move(interaction, 1)


async def _move(interaction: ActionInteraction, by: int) -> Result:
    target = await target_of(interaction)
    environment, flag = target.environment, target.flag
    number = await _number(interaction, flag)
    other = number + by
    if not 0 <= other < len(flag.rules):
        raise DashboardError(f"Rule {number + 1} can't be moved further: there are {len(flag.rules)} rules.")
    rules = list(flag.rules)
    rules[number], rules[other] = rules[other], rules[number]
    await interaction.confirm_if_protected(environment, f"Rule {number + 1} of {flag.key} will be rule {other + 1}.")
    return await _reorder(interaction, target, rules, f"Rule {number + 1} of {flag.key} is rule {other + 1} now.")


async def target_of(interaction: ActionInteraction) -> FlagToChange:
    """Find the flag that the link names.

    Raises DashboardError where the flag has changed since the link was made: the number of a rule means another rule
    once others have moved.
    """
    target = await flag_to_change(interaction)
    environment, flag = target.environment, target.flag
    refuse_static(flag)
    version = interaction.version()
    if version is not None and version != flag.version:
        raise DashboardError(
            f"{flag.updated_by} changed {flag.key} in {environment.key} at {flag.updated_at:%H:%M:%S} UTC, after you "
            "opened the list of rules. Nothing was changed: open the list again, look at it, and choose the rule there."
        )
    return target


async def _number(interaction: ActionInteraction, flag: FlagView) -> int:
    """Return the index of the rule that the link names, or that the person picks."""
    named = parse_digits(interaction.param("rule"))
    if named is not None and 0 < named <= len(flag.rules):
        return named - 1
    if not flag.rules:
        raise DashboardError(f"{flag.key} has no rules in {flag.environment}.")
    choices = [(str(number), f"{number + 1}: {phrases.rule(rule)}") for number, rule in enumerate(flag.rules)]
    _, found = await ask(interaction.io, {"rule": select(interaction.io, "Rule", choices)}, buttons=["Continue"])
    return int(found["rule"]["value"])


class Slot(NamedTuple):
    """Where a rule goes: a new one before the rule of this index, or another one in its place."""

    at: int | None
    """None: after all others."""
    is_new: bool

    def among(self, rules: Sequence[Rule]) -> int:
        """Return the index that the rule gets among these."""
        return len(rules) if self.at is None else self.at


async def edit_until_saved(interaction: ActionInteraction, target: FlagToChange, slot: Slot, rule: Rule) -> Result:
    """Show the rule in plain words, with what can be done to it, until it is saved."""

    async def attempt(problem: str | None) -> Result:
        nonlocal rule
        rule = await _edit(interaction, target, slot, rule, problem)
        return await save(interaction, target, slot, rule)

    return await until_accepted(attempt)


async def save(interaction: ActionInteraction, target: FlagToChange, slot: Slot, rule: Rule) -> Result:
    """Write the rule.

    Raises ChangedMeanwhileError where somebody else has changed the flag, and DashboardError where that was this rule.
    """
    environment, flag = target.environment, target.flag
    await interaction.confirm_if_protected(environment, f"This will be a rule of {flag.key}: {phrases.rule(rule)}.")
    at = slot.among(flag.rules)
    rules = (*flag.rules[:at], rule, *flag.rules[at if slot.is_new else at + 1 :])
    try:
        return await _write(interaction, target, rules, f"{flag.key} in {environment.key}: {phrases.rule(rule)}.")
    except ChangedMeanwhileError as conflict:
        if slot.is_new or flag.rules[at : at + 1] == conflict.flag.rules[at : at + 1]:
            raise
        raise DashboardError(
            f"{conflict.changes} Nothing of yours was saved: open the list of rules again, and edit the rule there."
        ) from conflict


async def _edit(
    interaction: ActionInteraction, target: FlagToChange, slot: Slot, rule: Rule, problem: str | None
) -> Rule:
    """Change the rule as its buttons say, until the one that saves it is pressed."""
    while True:
        button, found = await _preview(interaction, target, slot, rule, problem)
        if button == SAVE:
            return rule
        place = Place.from_text(found["condition"]["value"])
        rule = await EDITS[button].apply(interaction, target.flag, rule, place)
        problem = None


async def _preview(
    interaction: ActionInteraction, target: FlagToChange, slot: Slot, rule: Rule, problem: str | None
) -> Answers:
    """Show the rule with the buttons that fit it."""
    flag = target.flag
    fields = {"condition": condition_field(interaction.io, rule.conditions)}
    needs = {label: edit.needs for label, edit in EDITS.items()}
    buttons = [{"label": SAVE, "value": SAVE}, *edit_buttons(needs, rule.conditions)]
    name = f" ({rule.name})" if rule.name else ""
    which = f"Rule {slot.among(flag.rules) + 1}{name} of {flag.key} in {target.environment.key}:"
    return await ask_with_comment(
        interaction,
        fields,
        [target.environment],
        unchanging=EDITS,
        intro=f"{which}\n{phrases.rule(rule)}",
        problem=problem,
        buttons=buttons,
    )


async def _change_served(interaction: ActionInteraction, flag: FlagView, rule: Rule, place: Place) -> Rule:
    return await _served(interaction, flag, rule)


async def _change_name(interaction: ActionInteraction, flag: FlagView, rule: Rule, place: Place) -> Rule:
    name = interaction.io.input.text("Name", default_value=rule.name, max_length=validation.MAX_NAME).optional()
    _, found = await ask(interaction.io, {"name": name}, intro="A name for the rule, for people.", buttons=["Continue"])
    return replace(rule, name=found["name"] or None)


class RuleEdit(NamedTuple):
    """Something that can be done to the rule that is shown."""

    apply: Callable[[ActionInteraction, FlagView, Rule, Place], Awaitable[Rule]]
    """Returns the rule as it is to be; the place is that of the chosen condition."""
    needs: int = 0
    """Conditions that the rule must have for the button to be there."""


def _of_conditions(edit: ConditionEdit) -> RuleEdit:
    async def apply(interaction: ActionInteraction, flag: FlagView, rule: Rule, place: Place) -> Rule:
        ask_for = partial(conditions.asked, interaction.io)
        return replace(rule, conditions=await edit.apply(ask_for, rule.conditions, place))

    return RuleEdit(apply, edit.needs)


SAVE: Final = "Save rule"
EDITS: Final = {
    **{label: _of_conditions(edit) for label, edit in condition_edits.EDITS.items()},
    "Change what it serves": RuleEdit(_change_served),
    "Change its name": RuleEdit(_change_name),
}
"""The buttons under a rule, by their labels."""


async def _reorder(interaction: ActionInteraction, target: FlagToChange, rules: Sequence[Rule], said: str) -> Result:
    """Write the rules of a flag that nobody has changed meanwhile: a number may mean another rule since."""
    with refusing_old_pages("open the list of rules again"):
        return await _write(interaction, target, rules, said)


async def _write(interaction: ActionInteraction, target: FlagToChange, rules: Sequence[Rule], said: str) -> Result:
    environment, flag = target.environment, target.flag
    await target.write(partial(flags.update, flag.id, environment.key, FlagEdit(rules=rules)))
    return await interaction.go(Route.RULES, said, flag=flag.key, environment=environment.key)


def refuse_without_variants(flag: FlagView) -> None:
    """Raise DashboardError for a flag that has nothing a rule could serve."""
    if not flag.variants:
        raise DashboardError(f"{flag.key} has no variants yet that a rule could serve: add some with Edit.")


def serves_field(io: IO, flag: FlagView, chosen: str | None) -> Any:
    """Make the input to choose a variant, or a split of several."""
    # Names begin with = here: a variant may be called like the choice of a split.
    choices = [(f"={name}", phrases.variant(name, value)) for name, value in flag.variants.items()]
    choices.append((SPLIT, "a split: shares of several variants …"))
    return select(io, "It serves", choices, chosen or choices[0][0])


async def _served(interaction: ActionInteraction, flag: FlagView, rule: Rule) -> Rule:
    """Ask what the rule is to serve: a variant, or shares of several."""
    refuse_without_variants(flag)
    chosen = f"={rule.serves}" if isinstance(rule.serves, str) else SPLIT
    fields = {"serves": serves_field(interaction.io, flag, chosen)}
    _, found = await ask(interaction.io, fields, intro="Who meets all conditions gets:", buttons=["Continue"])
    return await served_as_chosen(interaction, flag, rule, found["serves"]["value"])


async def served_as_chosen(interaction: ActionInteraction, flag: FlagView, rule: Rule, option: str) -> Rule:
    """Return the rule that serves what was chosen; a split is asked for on a screen of its own."""
    if option != SPLIT:
        return replace(rule, serves=option[1:], split_by=None)
    return await split_asked(interaction, flag, rule)
