"""Let a variant's share grow evenly from one time to another, and end that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.release import moment_form
from api.console.release.rollout import dynamic
from api.console.session import guard
from api.console.visit import visit
from db.configuration.edits import FlagEdit
from db.flags import flags
from db.forms import moments
from db.forms.shares import read_percent
from db.targeting.schedules import ended
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Ramp, Share

blueprint = guard(Blueprint("console_ramp", __name__, url_prefix="/console/flags"))

START, END = "start", "end"


@blueprint.get("/<key>/ramp")
def page(key: str) -> FlaskResponse:
    """Show the ramp, or what one could be."""
    flag = dynamic(key)
    return show(flag, as_it_is(flag))


@blueprint.post("/<key>/ramp")
def save(key: str) -> FlaskResponse:
    """Save the ramp."""
    flag = dynamic(key)
    problem = forms.attempt(lambda: write(flag), flag=flag)
    if problem:
        now = flags.get(flag.id, flag.environment) if problem.is_conflict else flag
        return show(now, typed(), problem)
    ramp = flags.get(flag.id, flag.environment).ramp
    said = phrases.ramp(ramp) if ramp else "none"
    return done(f"The ramp of {flag.key} in {flag.environment}: {said}.", "console_flag.page", key=flag.key)


@blueprint.post("/<key>/ramp/end")
def end(key: str) -> FlaskResponse:
    """Turn the ramp into a rollout with the share that it has now."""
    flag, here = dynamic(key), visit().environment
    if flag.ramp is None:
        return done(f"{flag.key} has no ramp in {here.key} any more.", "console_flag.page", key=flag.key)
    split = ended(flag.ramp, flag.variants, datetime.now(UTC).timestamp())
    sentence = f"The ramp of {flag.key} in {here.key} ends. It stays as it is now: {phrases.split(split)}."
    actor = visit().actor_for(sentence, here)
    flags.update(flag.id, here.key, FlagEdit(rollout=split), actor=actor, version=forms.version())
    return done(f"The ramp has ended. The rollout: {phrases.split(split)}.", "console_flag.page", key=flag.key)


def write(flag: FlagView) -> None:
    """Read the form and write the ramp."""
    version, ramp, here = forms.version(), read(), visit().environment
    moments.check_future(ramp.end)
    actor = visit().actor_for(f"The ramp of {flag.key} in {here.key} will be: {phrases.ramp(ramp)}.", here)
    flags.update(flag.id, here.key, FlagEdit(ramp=ramp), actor=actor, version=version)


def read() -> Ramp:
    """Read the ramp that was typed. Raises ValueError or InvalidInputError with a sentence."""
    first, last = (
        Share.of_percent("", read_percent(forms.line(name), f"the share {words}")).weight
        for name, words in (("from", "at the start"), ("to", "at the end"))
    )
    return Ramp(forms.line("variant"), first, last, moment_form.read(START), moment_form.read(END), moment_form.zone())


def as_it_is(flag: FlagView) -> Mapping[str, str]:
    """Return what the form begins with: the ramp that there is, else one from the share of the rollout to all."""
    if flag.ramp is not None:
        ramp = flag.ramp.to_json()
        shares = {name: str(ramp[name]) for name in ("variant", "from", "to")}
        return {**moment_form.written({START: flag.ramp.start, END: flag.ramp.end}, flag.ramp.zone), **shares}
    first = flag.rollout[0] if flag.rollout else Share(next(iter(flag.variants), ""), 0)
    begin = "0" if first.percent == 100 else str(first.percent)
    return {**moment_form.begin(START, END), "variant": first.variant, "from": begin, "to": "100"}


def typed() -> Mapping[str, str]:
    """Return what was typed."""
    return {**moment_form.typed(START, END), **{name: forms.text(name) for name in ("variant", "from", "to")}}


def show(flag: FlagView, texts: Mapping[str, str], problem: Problem | None = None) -> FlaskResponse:
    """Return the page."""
    return render("release/ramp.html", problem.status if problem else 200, flag=flag, texts=texts, problem=problem)
