"""Plan a step of a flag's schedule: when, and what is different from then on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from interval_sdk import IO

from db.errors import InvalidInputError
from db.flags import flags
from db.flags.flags import FlagEdit
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import UNCHANGED, Split, Step, Unchanged
from interval_app.forms import times
from interval_app.forms.flag_to_change import FlagToChange, flag_to_change
from interval_app.forms.form import Answers, ask_with_comment, select, until_accepted, validator
from interval_app.forms.shares import shares_asked
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route

AT: Final = "at"
LEAVE: Final = "leave"
NONE: Final = "none"
SHARES: Final = "shares"
AS_IT_IS: Final = (LEAVE, "leave it as it is")
SWITCH: Final = (AS_IT_IS, ("on", "on"), ("off", "off"))
SWITCHED: Final = {"on": True, "off": False}
ROLLOUT: Final = (AS_IT_IS, (SHARES, "shares of variants …"), (NONE, "no rollout"))


async def add(interaction: ActionInteraction) -> Result:
    """Ask when and what, and add the step to the schedule."""
    target = await flag_to_change(interaction)
    entered: Mapping[str, Any] = times.tomorrow(interaction, AT)

    async def attempt(problem: str | None) -> Result:
        nonlocal entered
        fields = {**_when(interaction.io, entered), **_what(interaction.io, target.flag, entered)}
        intro = f"What {target.flag.key} is to be in {target.environment.key} from a time on."
        entered = await _asked(interaction, target, fields, intro, problem, "Add step", _check_changes)
        rollout = await _rollout(interaction, target.flag, entered)
        return await _save(interaction, target, _read(entered, rollout))

    return await until_accepted(attempt)


async def expire(interaction: ActionInteraction) -> Result:
    """Ask when the flag is to go off, for good as far as is planned."""
    target = await flag_to_change(interaction)
    entered: Mapping[str, Any] = times.tomorrow(interaction, AT)

    async def attempt(problem: str | None) -> Result:
        nonlocal entered
        intro = f"From then on {target.flag.key} is disabled in {target.environment.key}."
        entered = await _asked(interaction, target, _when(interaction.io, entered), intro, problem, "Expire")
        return await _save(interaction, target, Step(times.read_moment(entered, AT), times.read_zone(entered), False))

    return await until_accepted(attempt)


def _when(io: IO, entered: Mapping[str, Any]) -> dict[str, Any]:
    return {**times.moment_fields(io, AT, entered), times.ZONE: times.zone_field(io, entered)}


def _what(io: IO, flag: FlagView, entered: Mapping[str, Any]) -> dict[str, Any]:
    """Make the inputs for what a step changes: of a static flag, and of one without variants, it only switches."""
    chosen = {name: entered[name]["value"] for name in ("switch", "rollout", "default") if name in entered}
    fields = {"switch": select(io, "Switch it", SWITCH, chosen.get("switch", LEAVE))}
    if flag.is_static or not flag.variants:
        return fields
    # Names begin with = here: a variant may be called like the choice of none.
    named = [(f"={name}", phrases.variant(name, value)) for name, value in flag.variants.items()]
    defaults = [AS_IT_IS, *named, (NONE, "none: the caller's default")]
    return {
        **fields,
        "rollout": select(io, "Rollout", ROLLOUT, chosen.get("rollout", LEAVE)),
        "default": select(io, "Default variant", defaults, chosen.get("default", LEAVE)),
    }


async def _asked(
    interaction: ActionInteraction,
    target: FlagToChange,
    fields: Mapping[str, Any],
    intro: str,
    problem: str | None,
    button: str,
    check_more: Any = lambda found: None,
) -> Mapping[str, Any]:
    def check(found: Mapping[str, Any]) -> None:
        times.check_future(times.read_moment(found, AT))
        check_more(found)

    def check_answers(answers: Answers) -> str | None:
        return validator(check)(answers.values)

    _, found = await ask_with_comment(
        interaction,
        fields,
        [target.environment],
        intro=intro,
        problem=problem,
        buttons=[button],
        check=check_answers,
    )
    times.remember_zone(interaction, times.read_zone(found))
    return found


def _check_changes(found: Mapping[str, Any]) -> None:
    if all(_chosen(found, name) == LEAVE for name in ("switch", "rollout", "default")):
        raise ValueError("a step has to change something: choose what")


def _chosen(found: Mapping[str, Any], name: str) -> str:
    return str(found[name]["value"]) if name in found else LEAVE


async def _rollout(
    interaction: ActionInteraction, flag: FlagView, found: Mapping[str, Any]
) -> Split | Unchanged | None:
    match _chosen(found, "rollout"):
        case "shares":
            return await shares_asked(interaction, flag, flag.rollout)
        case "none":
            return None
    return UNCHANGED


def _read(found: Mapping[str, Any], rollout: Split | Unchanged | None) -> Step:
    default = _chosen(found, "default")
    return Step(
        times.read_moment(found, AT),
        times.read_zone(found),
        SWITCHED.get(_chosen(found, "switch")),
        rollout,
        UNCHANGED if default == LEAVE else None if default == NONE else default[1:],
    )


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
