"""The segments: searched as one types; and a form for a new one."""

from __future__ import annotations

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms, paging
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from db.segments import segments
from db.segments.edits import NewSegment
from db.views import Page

blueprint = guard(Blueprint("console_segments", __name__, url_prefix="/console"))

TEXTS = ("key", "name", "description")


@blueprint.get("/segments")
def page() -> FlaskResponse:
    """Show the segments that fit."""
    search, number = request.args.get("search", "").strip(), paging.page_number()
    found, problem = forms.look(
        lambda: segments.page(search=search, skip=paging.skipped(number), limit=paging.PAGE_SIZE)
    )
    return render(
        "shared/segments.html",
        problem.status if problem else 200,
        found=found or Page([], 0, None),
        search=search,
        number=number,
        pages=paging.pages(found.total if found else 0),
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
