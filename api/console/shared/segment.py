"""A segment: who is in it, by ids and by rules, and which flags use it; its name and end."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from db.history import changes
from db.segments import entities, segments, usage
from db.segments.edits import SegmentEdit, SegmentView
from db.wording import phrases
from db.writing import NOBODY

blueprint = guard(Blueprint("console_segment", __name__, url_prefix="/console/segments"))

PAGE_SIZE = 100
LAST_CHANGES = 5


@blueprint.get("/<key>")
def page(key: str) -> FlaskResponse:
    """Show a segment."""
    return show(segments.get(key))


@blueprint.get("/<key>/edit")
def form(key: str) -> FlaskResponse:
    """Show what the segment is called, to be edited."""
    return show_form(segments.get(key))


@blueprint.post("/<key>/edit")
def edit(key: str) -> FlaskResponse:
    """Change a segment's name and description, which decide nothing."""
    segment, version = segments.get(key), forms.version()
    change = SegmentEdit(name=forms.line("name") or None, description=forms.text("description"))
    sentence = f"The segment {key} will be called otherwise."
    problem = forms.attempt(
        lambda: segments.update(
            segment.key,
            change,
            actor=visit().actor_for(sentence, touched=visit().environments),
            version=version,
        )
    )
    return (
        show_form(segments.get(key), problem) if problem else done(f"{key} is saved.", "console_segment.page", key=key)
    )


@blueprint.post("/<key>/archive")
def archive(key: str) -> FlaskResponse:
    """Archive a segment that no flag uses; one that is used is refused."""
    segment = segments.get(key)
    sentence = (
        f"The segment {key} will be archived. Its key can be used for another one; the change log brings it back."
    )
    problem = forms.attempt(lambda: archive_it(segment, sentence))
    return show(segment, problem) if problem else done(f"{key} is archived.", "console_segments.page")


def archive_it(segment: SegmentView, sentence: str) -> None:
    """Archive a segment, after asking."""
    segments.archive(segment.key, actor=NOBODY, dry_run=True)
    actor = visit().actor_for(sentence, touched=visit().environments, asks=True)
    segments.archive(segment.key, actor=actor, version=forms.version())


def show(segment: SegmentView, problem: Problem | None = None) -> FlaskResponse:
    """Return the page of a segment."""
    search, kind, after = (request.args.get(name, "").strip() for name in ("search", "of_type", "after"))
    found, wrong = forms.look(
        lambda: entities.page(
            segment.key, search=search, entity_type=kind or None, after=after or None, limit=PAGE_SIZE
        )
    )
    problem = problem or wrong
    return render(
        "shared/segment.html",
        problem.status if problem else 200,
        segment=segment,
        found=found,
        used=[one for one in usage.usage(segment.key) if one.flags],
        last=changes.page(segment=segment.key, limit=LAST_CHANGES),
        search=search,
        kind=kind,
        after=after,
        texts={name: forms.text(name) for name in ("type", "ids")},
        counts={"Included": counts(segment.included), "Excluded": counts(segment.excluded)},
        problem=problem,
    )


def counts(by_type: Mapping[str, int]) -> str:
    """Count ids by their types: "3 of type user"."""
    return ", ".join(f"{count:,} of type {kind}" for kind, count in by_type.items()) or phrases.NOTHING


def show_form(segment: SegmentView, problem: Problem | None = None) -> FlaskResponse:
    """Return the form with what the segment is called."""
    typed = {name: forms.text(name) for name in ("name", "description")}
    texts = typed if problem else {"name": segment.name or "", "description": segment.description}
    return render(
        "shared/edit_segment.html", problem.status if problem else 200, segment=segment, texts=texts, problem=problem
    )
