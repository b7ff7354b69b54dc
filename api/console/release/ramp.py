"""Let a variant's share grow evenly from one time to another, and end that. What it changes is said before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.release import moment_form
from api.console.release.rollout import drawn_now, dynamic
from api.console.session import guard
from api.console.visit import visit
from db.configuration.edits import FlagEdit
from db.flags import flags
from db.forms import moments
from db.forms.shares import read_percent
from db.targeting.schedules import check_ramp, ended
from db.views import FlagView
from db.wording import phrases
from db.wording.growth import growth
from flagstaff.targeting import TOTAL_WEIGHT, Ramp, Share, Split

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


@blueprint.get("/<key>/ramp/preview")
def preview(key: str) -> FlaskResponse:
    """Say what the form would change, as one fills it in."""
    flag = dynamic(key)
    return forms.preview(lambda: changes(flag, read(flag)))


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
    version, ramp, here = forms.version(), read(flag), visit().environment
    sentence = f"The ramp of {flag.key} in {here.key} will be: {phrases.ramp(ramp)}. {changes(flag, ramp)}"
    flags.update(flag.id, here.key, FlagEdit(ramp=ramp), actor=visit().actor_for(sentence, here), version=version)


def changes(flag: FlagView, ramp: Ramp) -> str:
    """Describe whom the ramp changes something for: when it begins, or now where it has begun, and by its end."""
    now, drawn = datetime.now(UTC).timestamp(), drawn_now(flag)
    has_begun = ramp.start <= now
    begin = ended(ramp, flag.variants, now) if has_begun else split_with(ramp.variant, ramp.from_weight, flag)
    first, last = (drawn._replace(shares=split) for split in (begin, split_with(ramp.variant, ramp.to_weight, flag)))
    begins = "Now" if has_begun else "When it begins"
    return f"{begins}: {growth(drawn, first)} From then to its end: {growth(first, last)}"


def split_with(variant: str, weight: int, flag: FlagView) -> Split:
    """Return the split of a flag's two variants in which one has this weight, and the other the rest."""
    (other,) = (name for name in flag.variants if name != variant)
    return tuple(share for share in (Share(variant, weight), Share(other, TOTAL_WEIGHT - weight)) if share.weight)


def read(flag: FlagView) -> Ramp:
    """Read the ramp that was typed. Raises ValueError or InvalidInputError with a sentence."""
    first, last = (
        Share.of_percent("", read_percent(forms.line(name), f"the share {words}")).weight
        for name, words in (("from", "at the start"), ("to", "at the end"))
    )
    start, end = moment_form.read(START), moment_form.read(END)
    ramp = Ramp(forms.line("variant"), first, last, start, end, moment_form.zone())
    check_ramp(ramp, flag.variants)
    moments.check_future(end)
    return ramp


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
