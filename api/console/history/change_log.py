"""The log of all changes, newest first: of everything, or of one environment, flag, segment, layer or person."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import render
from api.console.session import guard
from api.console.visit import visit
from db.errors import FlagNotFoundError, LayerNotFoundError, SegmentNotFoundError, UnknownEnvironmentError
from db.history import changes
from db.views import ChangeView, Page

blueprint = guard(Blueprint("console_changes", __name__, url_prefix="/console/changes"))

PAGE_SIZE = 50


class Filters(NamedTuple):
    """What the log is narrowed to, by the names that it has in addresses."""

    only: str = ""
    """The key of an environment; empty for all of them."""
    flag: str = ""
    segment: str = ""
    layer: str = ""
    person: str = ""


@blueprint.get("")
def page() -> FlaskResponse:
    """Show the changes that fit."""
    filters = Filters(*(request.args.get(name, "").strip() for name in Filters._fields))
    after = request.args.get("after", "")
    found, problem = forms.look(lambda: changes_of(filters, after))
    if found is None and problem is None:
        problem = Problem("There is no such flag, segment, layer or environment.")
    return render(
        "history/list.html",
        problem.status if problem else 200,
        filters=filters,
        asked={name: value for name, value in filters._asdict().items() if value},
        found=found or Page([], 0, None),
        after=after,
        environments=visit().environments,
        problem=problem,
    )


def changes_of(filters: Filters, after: str) -> Page[ChangeView] | None:
    """Return a page of the log; None where what it is narrowed to never was there. Raises InvalidInputError."""
    try:
        return changes.page(
            filters.flag or None,
            filters.only or None,
            segment=filters.segment or None,
            layer=filters.layer or None,
            actor=filters.person,
            after=after or None,
            limit=PAGE_SIZE,
        )
    except (FlagNotFoundError, SegmentNotFoundError, LayerNotFoundError, UnknownEnvironmentError):
        return None
