"""API keys: made (and shown that once), listed, revoked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render, unpublished
from api.console.session import guard
from api.console.visit import visit
from db.administration import keys
from db.administration.keys import FOR_EVERY_ENVIRONMENT
from db.errors import KeyNotFoundError
from db.views import EnvironmentView, KeyView
from db.vocabulary import Scope

blueprint = guard(Blueprint("console_keys", __name__, url_prefix="/console"))

SCOPES = (
    (str(Scope.SERVER), "server: evaluate, and read all definitions"),
    (str(Scope.CLIENT), "client: evaluate only; safe in a browser"),
    (str(Scope.ADMIN), "admin: everything, in every environment"),
    (str(Scope.READER), "reader: look at everything, in every environment"),
)
FIELDS = ("name", "scope", "for", "expires")


@blueprint.get("/keys")
def page() -> FlaskResponse:
    """Show every key, revoked ones too."""
    return render("administration/keys.html", keys=keys.list_all(), now=datetime.now(UTC))


@blueprint.get("/new-key")
def form() -> FlaskResponse:
    """Ask what a new key is for."""
    return show({"name": "", "scope": str(Scope.SERVER), "for": visit().environment.key, "expires": ""}, new_id())


@blueprint.post("/new-key")
def create() -> FlaskResponse:
    """Make a key and show its secret, which is not kept: the same form makes no second one."""
    made: list[tuple[KeyView, str]] = []
    problem = forms.attempt(lambda: made.append(make()))
    if problem:
        made_before = problem.status == HTTPStatus.CONFLICT  # whoever sends the form once more wants another one
        return show({name: forms.text(name) for name in FIELDS}, new_id() if made_before else forms.text("id"), problem)
    ((key, secret),) = made
    return render("administration/made_key.html", 201, key=key, secret=secret, unpublished=unpublished())


def make() -> tuple[KeyView, str]:
    """Read the form and make the key. Raises ValueError or what `keys.create` raises."""
    name, scope, end = forms.line("name"), forms.text("scope"), end_of(forms.line("expires"))
    environment = None if scope in FOR_EVERY_ENVIRONMENT else forms.text("for")
    sentence = f"A {scope} key {name!r} will be made for {environment or 'every environment'}."
    actor = visit().actor_for(sentence, *those_of(environment))
    return keys.create(name, scope, environment=environment, expires_at=end, key_id=chosen_id(), actor=actor)


def chosen_id() -> uuid.UUID:
    """Return the id that the form has for its key. Raises ValueError."""
    try:
        return uuid.UUID(forms.text("id"))
    except ValueError:
        raise ValueError("this form is not whole: open it anew") from None


def end_of(day: str) -> datetime | None:
    """Read the last day of a key, and return the midnight at its end in UTC; None for a key that never expires."""
    if not day:
        return None
    try:
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError):
        raise ValueError("write the day like 2026-12-01") from None
    if end <= datetime.now(UTC):
        raise ValueError("this day is over")
    return end


def those_of(environment: str | None) -> Sequence[EnvironmentView]:
    """Return the environments that a key is for."""
    return [one for one in visit().environments if environment in (None, one.key)]


@blueprint.post("/keys/<key_id>/revoke")
def revoke(key_id: str) -> FlaskResponse:
    """Take a key out of force at once, after asking."""
    key = next((one for one in keys.list_all() if one.id == key_id), None)
    if key is None:
        raise KeyNotFoundError(key_id)
    sentence = (
        f"The key {key.name} will be revoked. It begins with {key.prefix}. Programs that use it are refused from now "
        "on; this can't be taken back."
    )
    actor = visit().actor_for(sentence, *those_of(key.environment), asks=True)
    keys.revoke(key.id, actor=actor)
    return done(f"The key {key.name} is revoked.", "console_keys.page")


def new_id() -> str:
    """Return an id for a key that is yet to be made."""
    return str(uuid.uuid4())


def show(texts: dict[str, str], key_id: str, problem: Problem | None = None) -> FlaskResponse:
    """Return the form; `key_id` is the id of the key that it makes."""
    return render(
        "administration/new_key.html",
        problem.status if problem else 200,
        texts=texts,
        key_id=key_id,
        scopes=SCOPES,
        problem=problem,
    )
