"""Edit the rules of a segment: whoever meets all conditions of one of them is in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, TypeAlias

from db.errors import VersionConflictError
from db.segments import segments
from db.segments.edits import SegmentEdit, SegmentView
from db.wording import phrases
from flagstaff.digits import parse_digits
from flagstaff.targeting import Test
from interval_app.forms import conditions
from interval_app.forms.condition_edits import EDITS, Place, condition_field, edit_buttons, spliced
from interval_app.forms.form import Answers, ask_with_comment, until_accepted
from interval_app.pages.segments.segment_to_change import SegmentToChange, segment_to_change
from interval_app.session.errors import DashboardError, user_message
from interval_app.session.interaction import UNCHANGED, ActionInteraction, Result

Tests: TypeAlias = Sequence[Test]

SAVE: Final = "Save rule"
OPEN_AGAIN: Final = "Nothing of yours was saved: open the segment again, and pick the rule there."


async def set_rule(interaction: ActionInteraction) -> Result:
    """Add a rule, or edit the one that the link names, until it is saved."""
    target = await segment_to_change(interaction)
    number = _named(interaction, target.segment) if interaction.param("rule") else None
    tests: Tests = (
        target.segment.rules[number]
        if number is not None
        else (await conditions.asked(interaction.io, in_segment=True),)
    )

    async def attempt(problem: str | None) -> Result:
        nonlocal tests
        tests = await _edited(interaction, target, tests, problem)
        return await _save(target, number, tests)

    return await until_accepted(attempt)


async def remove(interaction: ActionInteraction) -> Result:
    """Remove the rule that the link names."""
    target = await segment_to_change(interaction)
    number = _named(interaction, target.segment)
    what = f"No longer in: {phrases.tests(target.segment.rules[number])}."
    edit = SegmentEdit(rules=spliced(target.segment.rules, number))
    await target.confirm_and_write(partial(segments.update, target.segment.key, edit), what)
    return await target.show(f"Rule {number + 1} of {target.segment.key} is removed.")


def _named(interaction: ActionInteraction, segment: SegmentView) -> int:
    """Return the index of the rule that the link names.

    Raises DashboardError where there is none, or the segment has changed since the link was made: the number of a rule
    means another rule once one is gone.
    """
    number, version = parse_digits(interaction.param("rule")), interaction.version()
    if number is None or not 0 < number <= len(segment.rules) or version not in (None, segment.version):
        raise DashboardError(f"{segment.updated_by} has changed {segment.key}, or there is no such rule. {OPEN_AGAIN}")
    return number - 1


async def _edited(interaction: ActionInteraction, target: SegmentToChange, tests: Tests, problem: str | None) -> Tests:
    """Change the rule as its buttons say, until the one that saves it is pressed."""
    ask_for = partial(conditions.asked, interaction.io, in_segment=True)
    while True:
        button, found = await _preview(interaction, target, tests, problem)
        if button == SAVE:
            return tests
        tests = await EDITS[button].apply(ask_for, tests, Place.from_text(found["condition"]["value"]))
        problem = None


async def _preview(
    interaction: ActionInteraction, target: SegmentToChange, tests: Tests, problem: str | None
) -> Answers:
    """Show the rule with the buttons that fit it."""
    needs = {label: edit.needs for label, edit in EDITS.items()}
    return await ask_with_comment(
        interaction,
        {"condition": condition_field(interaction.io, tests)},
        target.environments,
        unchanging=EDITS,
        intro=f"In {target.segment.key} is whoever meets this, and whoever meets another rule:\n{phrases.tests(tests)}",
        problem=problem,
        buttons=[{"label": SAVE, "value": SAVE}, *edit_buttons(needs, tests)],
    )


async def _save(target: SegmentToChange, number: int | None, tests: Tests) -> Result:
    """Write the rule. Raises DashboardError where somebody else has changed the same one."""
    key, rules = target.segment.key, target.segment.rules
    if number is not None and rules[number] == tests:
        return UNCHANGED
    edit = SegmentEdit(rules=(*rules, tests) if number is None else spliced(rules, number, tests))
    try:
        await target.confirm_and_write(partial(segments.update, key, edit), f"Who is in: {phrases.tests(tests)}.")
    except VersionConflictError as conflict:
        if number is None or rules[number : number + 1] == target.segment.rules[number : number + 1]:
            raise
        raise DashboardError(f"{user_message(conflict)} {OPEN_AGAIN}") from conflict
    return await target.show(f"A rule of {key}: {phrases.tests(tests)}.")
