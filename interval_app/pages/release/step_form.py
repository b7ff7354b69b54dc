"""Plan a step of a flag's schedule: when, and what is different from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from interval_sdk import IO

from db.errors import InvalidInputError
from db.flags import flags
from db.flags.flags import FlagEdit
from db.forms import moments
from db.wording import phrases
from flagstaff.targeting import Step
from interval_app.forms import times
from interval_app.forms.flag_to_change import FlagToChange, flag_to_change
from interval_app.forms.form import Answers, ask_with_comment, until_accepted, validator
from interval_app.forms.steps import AT, change_fields, check_changes, step_asked
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route


async def add(interaction: ActionInteraction) -> Result:
    """Ask when and what, and add the step to the schedule."""
    target = await flag_to_change(interaction)
    entered: Mapping[str, Any] = times.tomorrow(interaction, AT)

    async def attempt(problem: str | None) -> Result:
        nonlocal entered
        flag, io = target.flag, interaction.io
        fields = {**_when(io, entered), **change_fields(io, flag, entered)}
        intro = f"What {flag.key} is to be in {target.environment.key} from a time on."
        entered = await _asked(interaction, target, fields, check_changes, intro=intro, problem=problem)
        return await _save(interaction, target, await step_asked(interaction, flag, entered))

    return await until_accepted(attempt)


async def expire(interaction: ActionInteraction) -> Result:
    """Ask when the flag is to go off, for good as far as is planned."""
    target = await flag_to_change(interaction)
    entered: Mapping[str, Any] = times.tomorrow(interaction, AT)

    async def attempt(problem: str | None) -> Result:
        nonlocal entered
        fields = _when(interaction.io, entered)
        intro = f"From then on {target.flag.key} is disabled in {target.environment.key}."
        entered = await _asked(interaction, target, fields, intro=intro, problem=problem)
        step = Step(times.read_moment(entered, AT), times.read_zone(entered), enabled=False)
        return await _save(interaction, target, step)

    return await until_accepted(attempt)


def _when(io: IO, entered: Mapping[str, Any]) -> dict[str, Any]:
    return {**times.moment_fields(io, AT, entered), times.ZONE: times.zone_field(io, entered)}


async def _asked(
    interaction: ActionInteraction,
    target: FlagToChange,
    fields: Mapping[str, Any],
    check_more: Callable[[Mapping[str, Any]], None] = lambda found: None,
    **more: Any,
) -> Mapping[str, Any]:
    """Ask until the moment is one that is to come, and `check_more` raises nothing."""

    def check(found: Mapping[str, Any]) -> None:
        moments.check_future(times.read_moment(found, AT))
        check_more(found)

    def check_answers(answers: Answers) -> str | None:
        return validator(check)(answers.values)

    places, buttons = [target.environment], ["Plan it"]
    _, found = await ask_with_comment(interaction, fields, places, check=check_answers, buttons=buttons, **more)
    times.remember_zone(interaction, times.read_zone(found))
    return found


async def _save(interaction: ActionInteraction, target: FlagToChange, step: Step) -> Result:
    """Write the schedule with this step. Raises InvalidInputError where there is one at its time."""
    environment, flag = target.environment, target.flag
    if step.at in (one.at for one in flag.schedule):
        raise InvalidInputError("invalid_schedule", "schedule", "a step is planned for this time: remove that first")
    await interaction.confirm_if_protected(environment, f"Planned for {flag.key}: {phrases.step(step)}.")
    schedule = sorted([*flag.schedule, step], key=lambda one: one.at)
    await target.write(partial(flags.update, flag.id, environment.key, FlagEdit(schedule=schedule)))
    said = f"Planned for {flag.key} in {environment.key}: {phrases.step(step)}."
    return await interaction.go(Route.SCHEDULE, said, flag=flag.key, environment=environment.key)
