"""The list of flags: searched as one types, filtered, sorted, page by page."""

from __future__ import annotations

from math import ceil
from typing import Final

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console.flags.filters import DAYS, PAGE_SIZE, Filters
from api.console.flags.words import serves, share
from api.console.page import render
from api.console.session import guard
from api.console.visit import visit
from db.errors import InvalidInputError
from db.flags import everywhere, flags
from db.views import FlagView, Page
from db.vocabulary import Purpose, ValueType

blueprint = guard(Blueprint("console_flags", __name__, url_prefix="/console/flags"))

COLUMNS: Final = (("key", "Flag"), ("type", "Type"), ("updated", "Changed"))
"""Those that sort, by their names in addresses."""


@blueprint.get("")
def page() -> FlaskResponse:
    """Show the flags that fit."""
    filters = Filters.read(request.args)
    problem = ""
    found: Page[FlagView] = Page([], 0, None)
    try:
        found = flags.search(filters.to_query(visit().environment.key))
    except InvalidInputError as error:
        problem = str(error)
    return render(
        "flags/list.html",
        422 if problem else 200,
        problem=problem,
        filters=filters,
        found=found,
        pages=max(1, ceil(found.total / PAGE_SIZE)),
        first=(filters.page - 1) * PAGE_SIZE,
        enabled=everywhere.enabled([flag.id for flag in found.items]),
        tones=[(one.key, visit().tone(one)) for one in visit().environments],
        serves=serves,
        share=share,
        types=list(ValueType),
        purposes=list(Purpose),
        days=DAYS,
        columns=COLUMNS,
    )
