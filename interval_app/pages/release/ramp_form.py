"""Ask for a ramp: a variant's share that grows evenly from one time to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from interval_sdk import IO

from db.flags import flags
from db.flags.flags import FlagEdit
from db.forms import moments
from db.layers.edits import LayerView
from db.targeting.schedules import MIN_RAMP_SECONDS, check_ramp
from db.views import FlagView
from db.vocabulary import given
from db.wording import phrases
from flagstaff.targeting import Ramp, Share
from interval_app.forms import times
from interval_app.forms.flag_to_change import FlagToChange, flag_to_change
from interval_app.forms.form import Answers, ask_with_comment, refuse_static, select, until_accepted, validator
from interval_app.forms.layers import all_layers, layer_fields, read_layer
from interval_app.forms.shares import SPLIT_BY, read_split_by, split_by_field
from interval_app.session.errors import DashboardError
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route

START, END = "start", "end"
ABOUT: Final = (
    "Of those whom no member entry and no rule decides, the variant gets a share that grows evenly; the other one gets "
    "the rest. Whoever is in stays in. It takes the place of a rollout."
)


async def ramp(interaction: ActionInteraction) -> Result:
    """Ask for the variant, its shares and the times, and save the ramp."""
    target = await flag_to_change(interaction)
    refuse_static(target.flag)
    if len(target.flag.variants) != 2:
        raise DashboardError(f"A ramp leads from one of two variants to the other: {target.flag.key} has not two.")
    entered, layers = _as_it_is(interaction, target.flag), await all_layers()

    async def attempt(problem: str | None) -> Result:
        nonlocal entered
        entered = await _form(interaction, target, layers, entered, problem)
        layer = read_layer(entered, target.flag.layer)
        return await _save(
            interaction, target, FlagEdit(ramp=read(entered), split_by=read_split_by(entered), layer=layer)
        )

    return await until_accepted(attempt)


def _as_it_is(interaction: ActionInteraction, flag: FlagView) -> Mapping[str, Any]:
    """Return what the form begins with: the ramp that there is, else one from the share of the rollout to all."""
    if flag.ramp is not None:
        ramp = flag.ramp.to_json()
        moments = times.written({START: flag.ramp.start, END: flag.ramp.end}, flag.ramp.zone)
        shares = {"variant": {"value": flag.ramp.variant}, "from": ramp["from"], "to": ramp["to"]}
        return {**moments, **shares, SPLIT_BY: flag.split_by}
    variant = flag.rollout[0].variant if flag.rollout else next(iter(flag.variants))
    share = flag.rollout[0].percent if flag.rollout else 0
    moments = times.tomorrow(interaction, START, END)
    shares = {"variant": {"value": variant}, "from": 0 if share == 100 else share, "to": 100}
    return {**moments, **shares, SPLIT_BY: flag.split_by}


async def _form(
    interaction: ActionInteraction,
    target: FlagToChange,
    layers: Sequence[LayerView],
    entered: Mapping[str, Any],
    problem: str | None,
) -> Mapping[str, Any]:
    flag, io = target.flag, interaction.io
    rollout = flag.ramp or flag.rollout
    has = phrases.rollout(rollout, flag.split_by) if rollout else "none"
    check = validator(lambda found: _check(found, flag))

    def check_answers(answers: Answers) -> str | None:
        return check(answers.values)

    _, found = await ask_with_comment(
        interaction,
        {
            **_share_fields(io, flag, entered),
            **_time_fields(io, entered),
            SPLIT_BY: split_by_field(io, entered[SPLIT_BY]),
            **layer_fields(io, layers, flag, read_layer(entered, flag.layer)),
        },
        [target.environment],
        intro=f"{flag.key} in {target.environment.key}, rollout now: {has}. {ABOUT}",
        problem=problem,
        buttons=["Save ramp"],
        check=check_answers,
    )
    times.remember_zone(interaction, times.read_zone(found))
    return found


def _share_fields(io: IO, flag: FlagView, entered: Mapping[str, Any]) -> dict[str, Any]:
    variants = [(name, phrases.variant(name, value)) for name, value in flag.variants.items()]
    number: Any = partial(io.input.number, min=0, max=100, decimals=3)
    return {
        "variant": select(io, "Variant", variants, entered["variant"]["value"]),
        "from": number("From %", default_value=entered["from"]),
        "to": number("To %", default_value=entered["to"]),
    }


def _time_fields(io: IO, entered: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **times.moment_fields(io, START, entered, "Start"),
        **times.moment_fields(io, END, entered, "End"),
        times.ZONE: times.zone_field(io, entered),
    }


def read(found: Mapping[str, Any]) -> Ramp:
    """Read the ramp that was entered. Raises ValueError or InvalidInputError with a sentence."""
    weights = [Share.of_percent("", found[name]).weight for name in ("from", "to")]
    start, end = (times.read_moment(found, name) for name in (START, END))
    return Ramp(found["variant"]["value"], weights[0], weights[1], start, end, times.read_zone(found))


def _check(found: Mapping[str, Any], flag: FlagView) -> None:
    ramp = read(found)
    read_layer(found, flag.layer)
    if ramp.from_weight >= ramp.to_weight:
        raise ValueError("a ramp grows, so “To” must be more than “From”; to shrink it, let the other variant grow")
    if ramp.end - ramp.start < MIN_RAMP_SECONDS:
        raise ValueError(f"the end must be at least {MIN_RAMP_SECONDS} seconds after the start")
    moments.check_future(ramp.end)
    check_ramp(ramp, flag.variants)


async def _save(interaction: ActionInteraction, target: FlagToChange, edit: FlagEdit) -> Result:
    environment, flag = target.environment, target.flag
    assert isinstance(edit.ramp, Ramp)
    told = phrases.rollout(edit.ramp, given(edit.split_by, None))
    await interaction.confirm_if_protected(environment, f"The ramp of {flag.key}: {told}.")
    await target.write(partial(flags.update, flag.id, environment.key, edit))
    said = f"The ramp of {flag.key} in {environment.key}: {told}."
    return await interaction.go(Route.FLAG, said, flag=flag.key, environment=environment.key)
