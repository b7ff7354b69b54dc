"""Take flags out of service, and bring them back."""

from __future__ import annotations

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms, paging
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from db.configuration.edits import FlagQuery
from db.errors import FlagNotFoundError
from db.flags import flags
from db.history import changes
from db.views import ChangeView, FlagView, Page
from db.vocabulary import Action

blueprint = guard(Blueprint("console_archive", __name__, url_prefix="/console"))


@blueprint.get("/flags/<key>/archive")
def page(key: str) -> FlaskResponse:
    """Say what archiving a flag means, and ask for its key."""
    return show(flags.get(key, visit().environment.key))


@blueprint.post("/flags/<key>/archive")
def archive(key: str) -> FlaskResponse:
    """Archive a flag whose key was typed."""
    flag, seen = flags.get(key, visit().environment.key), forms.version()
    if forms.line("key") != flag.key:
        return show(flag, Problem("That is not the key of the flag.", field="key"))
    sentence = f"{flag.key} will be archived: programs get their own default in every environment."
    actor = visit().actor_for(sentence, *visit().environments)
    problem = forms.attempt(
        lambda: flags.archive(flag.id, flag.environment, actor=actor, version=seen),
        flag=flag,
    )
    if problem:
        return show(flag, problem)
    return done(f"{flag.key} is archived.", "console_flags.page")


def show(flag: FlagView, problem: Problem | None = None) -> FlaskResponse:
    """Return the page that asks before a flag is archived."""
    everywhere = [flags.get(flag.id, one.key) for one in visit().environments]
    return render(
        "lifecycle/archive.html",
        problem.status if problem else 200,
        flag=flag,
        enabled=[one.environment for one in everywhere if one.enabled],
        problem=problem,
    )


@blueprint.get("/archived-flags")
def archived() -> FlaskResponse:
    """Show the archived flags, those that were archived last first."""
    search, number = request.args.get("search", "").strip(), paging.page_number()
    query = FlagQuery(
        environment=visit().environment.key,
        search=search,
        archived=True,
        sort="updated",
        descending=True,
        limit=paging.PAGE_SIZE,
        skip=paging.skipped(number),
    )
    found, problem = forms.look(lambda: flags.search(query))
    return render(
        "lifecycle/archived.html",
        problem.status if problem else 200,
        problem=problem,
        found=found or Page([], 0, None),
        search=search,
        number=number,
        pages=paging.pages(found.total if found else 0),
    )


@blueprint.post("/flags/<key>/restore")
def restore(key: str) -> FlaskResponse:
    """Bring an archived flag back in every environment."""
    flag = flags.get(key, visit().environment.key)
    archiving = archiving_of(flag)
    sentence = f"{flag.key} lives again in every environment as it was: enabled or not, with its rules and members."
    actor = visit().actor_for(sentence, *visit().environments)
    changes.restore(flag.id, flag.environment, archiving.id, actor=actor)
    return done(f"{flag.key} is back.", "console_flag.page", key=flag.key)


def archiving_of(flag: FlagView) -> ChangeView:
    """Return the change that archived a flag, its last one. Raises FlagNotFoundError where it is not archived."""
    last = changes.page(flag.id, flag.environment, limit=1).items
    if not last or last[0].action is not Action.FLAG_ARCHIVED:
        raise FlagNotFoundError(flag.key)
    return last[0]
