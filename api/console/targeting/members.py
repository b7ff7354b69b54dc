"""The members of a flag: who is listed for which variant. Looked up, pasted, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from db.errors import StaticFlagError
from db.flags import flags, members
from db.forms.entities import Entities, named, read_entities, split
from db.forms.values import parse
from db.views import FlagView
from db.wording import phrases

blueprint = guard(Blueprint("console_members", __name__, url_prefix="/console/flags"))

PAGE_SIZE = 100
ANOTHER = "another"
"""The choice of a value that no variant has yet."""
ADD, REMOVE = "add", "remove"


@blueprint.get("/<key>/members")
def page(key: str) -> FlaskResponse:
    """Show the members that fit, and a form to paste some."""
    return show(dynamic(key))


@blueprint.post("/<key>/members")
def save(key: str) -> FlaskResponse:
    """Add the pasted entities, or remove them, as the button says."""
    flag, said = dynamic(key), ""

    def write() -> None:
        nonlocal said
        entities = read_entities(forms.line("type"), forms.text("ids"))
        said = remove(flag, entities) if forms.text("do") == REMOVE else add(flag, entities)

    problem = forms.attempt(write, flag=flag)
    if problem:
        return show(flag, problem)
    return done(said, "console_members.page", key=flag.key)


@blueprint.post("/<key>/members/remove")
def remove_one(key: str) -> FlaskResponse:
    """Remove one member."""
    flag = dynamic(key)
    entities = Entities(forms.text("type"), [forms.text("id")])
    said = remove(flag, entities)
    return done(said, "console_members.page", key=flag.key)


def dynamic(key: str) -> FlagView:
    """Return a flag that can have members. Raises StaticFlagError, FlagNotFoundError."""
    flag = flags.get(key, visit().environment.key)
    if flag.is_static:
        raise StaticFlagError(flag.key, "members")
    return flag


def add(flag: FlagView, entities: Entities) -> str:
    """Give entities a variant, and say what that did."""
    given, here = gets(flag), visit().environment
    what = phrases.readable(next(iter(given.values())))
    actor = visit().actor_for(f"{named([entities])} will get {what} of {flag.key} in {here.key}.", here)
    added = changed = unchanged = 0
    for part in split(entities):
        wrote = members.add(flag.id, here.key, part.type, part.ids, **given, actor=actor)
        added, changed, unchanged = added + wrote.added, changed + wrote.changed, unchanged + wrote.unchanged
        given = {"variant": wrote.variant}  # the first write made it, where the value was new
    counts = {
        "added": added,
        "changed to it": changed,
        "had it already": unchanged,
        "given more than once": entities.repeated,
    }
    return f"{wrote.variant}: {', '.join(f'{number:,} {what}' for what, number in counts.items() if number)}."


def remove(flag: FlagView, entities: Entities) -> str:
    """Make entities no members, and say what that did."""
    here = visit().environment
    sentence = f"{named([entities])} will be no members of {flag.key} in {here.key}; what comes after decides for them."
    actor = visit().actor_for(sentence, here)
    removed = absent = 0
    for part in split(entities):
        wrote = members.remove(flag.id, here.key, part.type, part.ids, actor=actor)
        removed, absent = removed + wrote.removed, absent + wrote.absent
    return f"{removed:,} removed{f', {absent:,} were no members' if absent else ''}."


def gets(flag: FlagView) -> dict[str, Any]:
    """Read what the pasted entities get: a `variant`, or a `value` that may be new. Raises ValueError."""
    chosen = forms.text("variant")
    if chosen == ANOTHER:
        return {"value": parse(forms.text("value"), flag.value_type)}
    if not chosen.startswith("="):
        raise ValueError("choose what they get")
    return {"variant": chosen[1:]}


def show(flag: FlagView, problem: Problem | None = None) -> FlaskResponse:
    """Return the page."""
    asked: Mapping[str, str] = request.args
    search, kind, after = (asked.get(name, "").strip() for name in ("search", "of_type", "after"))
    found, wrong = forms.look(
        lambda: members.page(
            flag.id, flag.environment, search=search, entity_type=kind or None, after=after or None, limit=PAGE_SIZE
        )
    )
    problem = problem or wrong
    return render(
        "targeting/members.html",
        problem.status if problem else 200,
        flag=flag,
        found=found,
        search=search,
        kind=kind,
        after=after,
        texts={name: forms.text(name) for name in ("type", "ids", "variant", "value")},
        problem=problem,
    )
