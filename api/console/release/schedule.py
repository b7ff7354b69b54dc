"""Plan what a flag is to be from a time on; change and remove what is planned."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms, share_form
from api.console.flags.timeline import timeline
from api.console.flags.words import current
from api.console.forms import Problem
from api.console.page import done, render
from api.console.release import moment_form
from api.console.session import guard
from api.console.visit import visit
from api.errors import RequestError
from db.configuration.edits import FlagEdit
from db.errors import InvalidInputError
from db.flags import flags
from db.forms import moments
from db.views import FlagView
from db.wording import phrases
from flagstaff.digits import parse_digits
from flagstaff.targeting import UNCHANGED, Split, Step, Unchanged

blueprint = guard(Blueprint("console_schedule", __name__, url_prefix="/console/flags"))

AT = "at"
LEAVE, NONE, SHARES = "", "none", "shares"
SWITCHED = {"on": True, "off": False}


@blueprint.get("/<key>/schedule")
def page(key: str) -> FlaskResponse:
    """Show what is planned, and a form for one step more; for a change of one, where the address names it."""
    flag = flags.get(key, visit().environment.key)
    step = planned(flag, request.args.get("step", ""))
    return show(flag, as_it_is(step) if step else moment_form.begin(AT), step)


@blueprint.post("/<key>/schedule")
def save(key: str) -> FlaskResponse:
    """Plan a step, in the place of the one that the form names."""
    flag = flags.get(key, visit().environment.key)
    replaced = planned(flag, request.form.get("step", ""))
    problem = forms.attempt(lambda: write(flag, replaced), flag=flag)
    if problem:
        now = flags.get(flag.id, flag.environment) if problem.is_conflict else flag
        return show(now, {**moment_form.typed(AT), **chosen()}, replaced, problem)
    return done(f"Planned for {flag.key} in {flag.environment}.", "console_schedule.page", key=flag.key)


@blueprint.post("/<key>/schedule/remove")
def remove(key: str) -> FlaskResponse:
    """Take a step out of the schedule."""
    flag, here = flags.get(key, visit().environment.key), visit().environment
    step = planned(flag, request.form.get("step", ""))
    if step is None:
        return done("There is no such step any more.", "console_schedule.page", key=flag.key)
    actor = visit().actor_for(f"Not planned any more for {flag.key} in {here.key}: {phrases.step(step)}.", here)
    edit = FlagEdit(schedule=[one for one in flag.schedule if one != step])
    flags.update(flag.id, here.key, edit, actor=actor, version=forms.version())
    return done(f"Not planned any more: {phrases.step(step)}.", "console_schedule.page", key=flag.key)


def planned(flag: FlagView, at: str) -> Step | None:
    """Return the step of a time; None where there is none, or no time is given. Raises `RequestError` (400)."""
    if at and parse_digits(at) is None:
        raise RequestError(400, "invalid_field", "step must be a number", field="step")
    return next((step for step in flag.schedule if step.at == parse_digits(at)), None) if at else None


def write(flag: FlagView, replaced: Step | None) -> None:
    """Read the step and write the schedule. Raises ValueError or InvalidInputError with a sentence."""
    version, step, here = forms.version(), read(flag, replaced), visit().environment
    others = [one for one in flag.schedule if one != replaced]
    moments.check_future(step.at)
    if step.is_empty:
        raise ValueError("a step has to change something: choose what")
    if step.at in (one.at for one in others):
        raise InvalidInputError("invalid_schedule", "schedule", "a step is planned for this time already")
    schedule = sorted([*others, step], key=lambda one: one.at)
    actor = visit().actor_for(f"Planned for {flag.key} in {here.key}: {phrases.step(step)}.", here)
    flags.update(flag.id, here.key, FlagEdit(schedule=schedule), actor=actor, version=version)


def read(flag: FlagView, replaced: Step | None) -> Step:
    """Read the step that was typed, in the place of one that there may be."""
    default = forms.text("default")
    return Step(
        moment_form.read(AT),
        moment_form.zone(),
        SWITCHED.get(forms.text("switch")),
        read_rollout(flag, shares_of(replaced) or current(flag)),
        UNCHANGED if default == LEAVE else None if default == NONE else default.removeprefix("="),
    )


def shares_of(step: Step | None) -> Split | None:
    """Return the shares that a step gives, if it gives any."""
    return None if step is None or isinstance(step.rollout, Unchanged) else step.rollout


def read_rollout(flag: FlagView, shares: Split | None) -> Split | Unchanged | None:
    """Read which rollout there is from then on, in the order of the shares that the form showed."""
    if forms.text("rollout") == SHARES:
        return share_form.read(flag, shares)
    return None if forms.text("rollout") == NONE else UNCHANGED


def as_it_is(step: Step) -> Mapping[str, str]:
    """Return what the form shows of a step that is planned."""
    default = step.default_variant
    return {
        **moment_form.written({AT: step.at}, step.zone),
        "switch": {True: "on", False: "off", None: LEAVE}[step.enabled],
        "rollout": LEAVE if isinstance(step.rollout, Unchanged) else SHARES if step.rollout else NONE,
        "default": LEAVE if isinstance(default, Unchanged) else f"={default}" if default else NONE,
    }


def chosen() -> Mapping[str, str]:
    """Return what was chosen."""
    return {name: forms.text(name) for name in ("switch", "rollout", "default")}


def show(flag: FlagView, texts: Mapping[str, str], step: Step | None, problem: Problem | None = None) -> FlaskResponse:
    """Return the page."""
    return render(
        "release/schedule.html",
        problem.status if problem else 200,
        flag=flag,
        entries=timeline(flag),
        texts={"switch": LEAVE, "rollout": LEAVE, "default": LEAVE, **texts},
        shares=[] if flag.is_static else share_form.typed(flag, shares_of(step) or current(flag)),
        step=step,
        problem=problem,
    )
