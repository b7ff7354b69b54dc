"""Let a flag need another one: choose it, and the variants that it has to serve."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from db.flags import flags
from db.flags.flags import FlagEdit
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Prerequisite
from interval_app.forms.flag_to_change import FlagToChange, flag_to_change
from interval_app.forms.form import Answers, ask_with_comment, flag_picked, refuse_static, until_accepted
from interval_app.session.errors import DashboardError
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route


async def set_prerequisite(interaction: ActionInteraction) -> Result:
    """Add a prerequisite, or change the variants of one that is there."""
    target = await flag_to_change(interaction)
    refuse_static(target.flag)
    needed = await _needed(interaction, target)
    if not needed.variants:
        raise DashboardError(f"{needed.key} has no variants yet that it could serve.")
    ticked: Sequence[str] = _now(target.flag, needed) or list(needed.variants)[:1]

    async def attempt(problem: str | None) -> Result:
        nonlocal ticked
        ticked = await _variants(interaction, target, needed, ticked, problem)
        return await _save(interaction, target, Prerequisite(needed.key, tuple(ticked)))

    return await until_accepted(attempt)


async def _needed(interaction: ActionInteraction, target: FlagToChange) -> FlagView:
    """Find the flag that is to be needed: the one that the link names, else one that the person picks."""
    if key := interaction.param("needed"):
        return await in_thread(flags.get, key, target.environment.key)
    question = f"Which flag does {target.flag.key} need in {target.environment.key}?"
    return await flag_picked(interaction, target.environment, question, but=target.flag.key)


def _now(flag: FlagView, needed: FlagView) -> list[str]:
    """List the variants of which the flag needs one by now, as far as they are there."""
    return [name for one in flag.prerequisites if one.flag == needed.key for name in one.variants]


async def _variants(
    interaction: ActionInteraction, target: FlagToChange, needed: FlagView, ticked: Sequence[str], problem: str | None
) -> list[str]:
    boxes = {
        name: interaction.io.input.boolean(f"Serves {phrases.variant(name, value)}", default_value=name in ticked)
        for name, value in needed.variants.items()
    }

    def check(answers: Answers) -> str | None:
        return None if any(answers.values.values()) else f"Choose at least one variant of {needed.key}."

    key = target.flag.key
    needs = f"{key} in {target.environment.key} needs that {needed.key} serves one of these"
    _, found = await ask_with_comment(
        interaction,
        boxes,
        [target.environment],
        intro=f"{needs}; else everyone gets the default variant of {key}.",
        problem=problem,
        buttons=["Save"],
        check=check,
    )
    return [name for name in needed.variants if found[name]]


async def _save(interaction: ActionInteraction, target: FlagToChange, prerequisite: Prerequisite) -> Result:
    environment, flag = target.environment, target.flag
    what = f"{flag.key} will need that {phrases.prerequisite(prerequisite)}."
    await interaction.confirm_if_protected(environment, what)
    by_flag = {one.flag: one for one in flag.prerequisites} | {prerequisite.flag: prerequisite}
    edit = FlagEdit(prerequisites=list(by_flag.values()))
    await target.write(partial(flags.update, flag.id, environment.key, edit))
    said = f"{flag.key} in {environment.key} needs that {phrases.prerequisite(prerequisite)}."
    return await interaction.go(Route.PREREQUISITES, said, flag=flag.key, environment=environment.key)
