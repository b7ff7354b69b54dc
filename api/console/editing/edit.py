"""Edit a flag. Only what was changed is written; what others changed meanwhile is told, and what was typed is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.editing.fields import OWN, Field, Texts, of_environment, typed_texts
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from api.errors import RequestError
from db.configuration.edits import FlagEdit
from db.flags import flags
from db.views import FlagView

blueprint = guard(Blueprint("console_edit", __name__, url_prefix="/console/flags"))

OWN_NAMES = {field.name for field in OWN}


@blueprint.get("/<key>/edit")
def form(key: str) -> FlaskResponse:
    """Show the flag as it is, to be edited."""
    flag = flags.get(key, visit().environment.key)
    return show(flag, written(flag), digests(written(flag)))


@blueprint.post("/<key>/edit")
def save(key: str) -> FlaskResponse:
    """Write what was changed."""
    flag = flags.get(key, visit().environment.key)
    fields = (*OWN, *of_environment(flag))
    typed, seen = typed_texts(fields), seen_digests(fields)
    changed = [field for field in fields if digest(typed[field.name]) != seen[field.name]]
    if not changed:
        return done("Nothing was changed.", "console_flag.page", key=flag.key)
    problem = forms.attempt(lambda: write(flag, changed, typed), flag=flag)
    if problem is None:
        return done(f"{flag.key} is saved.", "console_flag.page", key=flag.key)
    if not problem.is_conflict:
        return show(flag, typed, seen, problem)
    now = flags.get(flag.id, flag.environment)
    theirs, mine = written(now), {field.name: typed[field.name] for field in changed}
    return show(now, {**theirs, **mine}, digests(theirs), problem, mine.keys())


def write(flag: FlagView, changed: Sequence[Field], typed: Texts) -> None:
    """Write the fields that were changed."""
    version = forms.version()
    edit: dict[str, Any] = {field.name: field.read(typed[field.name], flag) for field in changed}
    here, everywhere = visit().environment, visit().environments
    is_own = not OWN_NAMES.isdisjoint(edit)
    sentence = f"{flag.key} will have another {', '.join(field.label.lower() for field in changed)}."
    reached = everywhere if "client_side" in edit else [here]
    actor = visit().actor_for(sentence, *reached, touched=everywhere if is_own else ())
    flags.update(flag.id, here.key, FlagEdit(**edit), actor=actor, version=version)


def written(flag: FlagView) -> Texts:
    """Write a flag as its form shows it."""
    return {field.name: one_kind_of_line(field.write(flag)) for field in (*OWN, *of_environment(flag))}


def one_kind_of_line(text: str) -> str:
    """Return a text with the line breaks that a form gives back."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def digests(texts: Texts) -> Texts:
    """Return digests of texts: by these a form knows which of its fields somebody has changed."""
    return {name: digest(text) for name, text in texts.items()}


def digest(text: str) -> str:
    """Return a digest of a text."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def seen_digests(fields: Sequence[Field]) -> Texts:
    """Return the digests of what the form showed before anything was typed. Raises `RequestError` (400) without."""
    try:
        seen = json.loads(request.form.get("seen", ""))
        return {field.name: str(seen[field.name]) for field in fields}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RequestError(400, "invalid_field", "this form is not whole: open the page again", field="seen") from None


def show(
    flag: FlagView, texts: Texts, seen: Texts, problem: Problem | None = None, mine: Collection[str] = ()
) -> FlaskResponse:
    """Return the form; where somebody else may have changed a field that is `mine` too, it shows both."""
    return render(
        "editing/edit.html",
        problem.status if problem else 200,
        flag=flag,
        own=OWN,
        local=of_environment(flag),
        texts=texts,
        seen=json.dumps(seen),
        theirs={**texts, **{name: text for name, text in written(flag).items() if name in mine}},
        problem=problem,
    )
