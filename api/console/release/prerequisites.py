"""Let a flag need others: which, and the variants that they have to serve."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.release.rollout import dynamic
from api.console.session import guard
from api.console.visit import visit
from db.configuration.edits import FlagEdit, FlagQuery
from db.errors import FlagNotFoundError
from db.flags import flags
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Prerequisite

blueprint = guard(Blueprint("console_prerequisites", __name__, url_prefix="/console/flags"))

MAX_FOUND = 20


@blueprint.get("/<key>/prerequisites")
def page(key: str) -> FlaskResponse:
    """Show what a flag needs and what needs it, and ask for one more, or for other variants of one."""
    return show(dynamic(key))


@blueprint.post("/<key>/prerequisites")
def save(key: str) -> FlaskResponse:
    """Add a prerequisite, or change the variants of one."""
    flag = dynamic(key)
    problem = forms.attempt(lambda: write(flag), flag=flag)
    if problem:
        return show(flags.get(flag.id, flag.environment), problem)
    return done(f"{flag.key} needs {forms.line('needed')} now.", "console_prerequisites.page", key=flag.key)


@blueprint.post("/<key>/prerequisites/remove")
def remove(key: str) -> FlaskResponse:
    """Let a flag no longer need another one."""
    flag, here, named = dynamic(key), visit().environment, forms.line("needed")
    actor = visit().actor_for(f"{flag.key} in {here.key} will no longer need {named}.", here)
    edit = FlagEdit(prerequisites=[one for one in flag.prerequisites if one.flag != named])
    flags.update(flag.id, here.key, edit, actor=actor, version=forms.version())
    return done(f"{flag.key} no longer needs {named}.", "console_prerequisites.page", key=flag.key)


def write(flag: FlagView) -> None:
    """Read the form and write the prerequisites. Raises ValueError or InvalidInputError with a sentence."""
    version, here = forms.version(), visit().environment
    needed = Prerequisite(forms.line("needed"), tuple(request.form.getlist("variant")))
    if not needed.variants:
        raise ValueError(f"choose at least one variant of {needed.flag}")
    actor = visit().actor_for(f"{flag.key} in {here.key} will need that {phrases.prerequisite(needed)}.", here)
    by_flag = {one.flag: one for one in flag.prerequisites} | {needed.flag: needed}
    flags.update(flag.id, here.key, FlagEdit(prerequisites=list(by_flag.values())), actor=actor, version=version)


def show(flag: FlagView, problem: Problem | None = None) -> FlaskResponse:
    """Return the page: with the variants of the flag that is to be needed, or the flags that could be meant."""
    asked = request.values.get("needed", "").strip()
    needed = named(asked, flag)
    found, wrong = forms.look(lambda: [] if needed or not asked else candidates(asked, flag))
    problem = problem or wrong
    ticked = request.form.getlist("variant") or [
        name for one in flag.prerequisites if needed and one.flag == needed.key for name in one.variants
    ]
    return render(
        "release/prerequisites.html",
        problem.status if problem else 200,
        flag=flag,
        asked=asked,
        needed=needed,
        ticked=ticked,
        found=found or [],
        problem=problem,
    )


def named(key: str, flag: FlagView) -> FlagView | None:
    """Return the flag that is to be needed, if there is one with this key."""
    try:
        found = flags.get(key, flag.environment) if key else None
    except FlagNotFoundError:
        return None
    return found if found and not found.archived_at else None


def candidates(text: str, flag: FlagView) -> Sequence[FlagView]:
    """Return the flags that could be meant by a text."""
    found = flags.search(FlagQuery(environment=flag.environment, search=text, limit=MAX_FOUND)).items
    return [one for one in found if one.key != flag.key]
