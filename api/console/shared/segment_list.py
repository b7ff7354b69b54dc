"""The segments: searched as one types; and a form for a new one."""

from __future__ import annotations

from math import ceil
from typing import Final

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from db.segments import segments
from db.segments.edits import NewSegment
from db.views import Page
from flagstaff.digits import parse_digits

blueprint = guard(Blueprint("console_segments", __name__, url_prefix="/console"))

PAGE_SIZE: Final = 50
MAX_PAGE: Final = 1_000_000
TEXTS = ("key", "name", "description")


@blueprint.get("/segments")
def page() -> FlaskResponse:
    """Show the segments that fit."""
    search = request.args.get("search", "").strip()
    number = min(parse_digits(request.args.get("page", "1")) or 1, MAX_PAGE)
    found, problem = forms.look(lambda: segments.page(search=search, skip=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE))
    return render(
        "shared/segments.html",
        problem.status if problem else 200,
        found=found or Page([], 0, None),
        search=search,
        number=number,
        pages=ceil(found.total / PAGE_SIZE) if found else 1,
        problem=problem,
    )


@blueprint.get("/new-segment")
def form() -> FlaskResponse:
    """Ask what a new segment is called."""
    return show(None)


@blueprint.post("/new-segment")
def create() -> FlaskResponse:
    """Make a segment that nobody is in yet."""
    key = forms.line("key")
    new = NewSegment(key, forms.line("name") or None, forms.text("description"))
    problem = forms.attempt(
        lambda: segments.create(
            new, actor=visit().actor_for(f"The segment {key} will be made.", touched=visit().environments)
        )
    )
    if problem:
        return show(problem)
    return done(f"{key} is there. Nobody is in it yet.", "console_segment.page", key=key)


def show(problem: Problem | None) -> FlaskResponse:
    """Return the form."""
    texts = {name: forms.text(name) for name in TEXTS}
    return render("shared/new_segment.html", problem.status if problem else 200, texts=texts, problem=problem)
