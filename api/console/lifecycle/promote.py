"""Copy a flag's configuration to another environment, after showing the difference."""

from __future__ import annotations

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from db.errors import UnknownEnvironmentError
from db.flags import flags, promotion
from db.views import EnvironmentView, FlagView
from db.wording import differences

blueprint = guard(Blueprint("console_promote", __name__, url_prefix="/console/flags"))


@blueprint.get("/<key>/promote")
def page(key: str) -> FlaskResponse:
    """Ask where to, and show what would change there."""
    return show(flags.get(key, visit().environment.key))


@blueprint.post("/<key>/promote")
def promote(key: str) -> FlaskResponse:
    """Copy, if the target is still as the person saw it."""
    here, there = visit().environment, target()
    flag, seen = flags.get(key, here.key), forms.version()
    if there is None:
        return show(flag, Problem("Choose another environment.", field="to"))
    actor = visit().actor_for(f"{flag.key} will be in {there.key} as it is in {here.key}.", there)
    problem = forms.attempt(
        lambda: promotion.promote(flag.id, here.key, there.key, actor=actor, version=seen),
        flag=flags.get(flag.id, there.key),
    )
    if problem:
        return show(flag, problem)
    said = f"{flag.key} is in {there.key} as it is in {here.key}."
    return done(said, "console_flag.page", key=flag.key, environment=there.key)


def show(flag: FlagView, problem: Problem | None = None) -> FlaskResponse:
    """Return the page with the difference to the target, where one is chosen."""
    there, lines = target(), None
    if there is not None:
        change, wrong = forms.look(lambda: promotion.difference(flag.id, flag.environment, there.key))
        lines, problem = None if change is None else differences.of(change), problem or wrong
    return render(
        "lifecycle/promote.html",
        problem.status if problem else 200,
        flag=flag,
        targets=[one for one in visit().environments if one.key != flag.environment],
        there=there,
        version=flags.get(flag.id, there.key).version if there else None,
        lines=lines,
        problem=problem,
    )


def target() -> EnvironmentView | None:
    """Return the environment that the page's `to` names; None where it names none or the source.

    Raises UnknownEnvironmentError.
    """
    asked = request.values.get("to", "")
    if asked in ("", visit().environment.key):
        return None
    for environment in visit().environments:
        if environment.key == asked:
            return environment
    raise UnknownEnvironmentError(asked, [environment.key for environment in visit().environments])
