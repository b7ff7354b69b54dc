"""Explain why somebody gets what they get of a flag, step by step."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console.forms import capitalised
from api.console.page import render
from api.console.session import guard
from api.console.visit import visit
from api.current import services
from db.definitions import document
from db.errors import InvalidInputError
from db.flags import flags
from db.forms.context import read_context
from db.views import FlagView
from flagstaff.engine import Engine
from flagstaff.engine.explanation import Explanation

blueprint = guard(Blueprint("console_explain", __name__, url_prefix="/console/flags"))


class Asked(NamedTuple):
    """For whom, as the address says it."""

    type: str
    id: str
    attributes: str


@blueprint.get("/<key>/explain")
def page(key: str) -> FlaskResponse:
    """Ask for whom, and show every step."""
    flag = flags.get(key, visit().environment.key)
    asked = Asked(
        request.args.get("type", "user").strip(),
        request.args.get("id", "").strip(),
        request.args.get("attributes", "").replace("\r\n", "\n"),
    )
    problem, explained = "", None
    if "type" in request.args:
        try:
            explained = explain(flag, read_context(*asked))
        except (InvalidInputError, ValueError) as error:
            problem = capitalised(str(error))
    return render(
        "flags/explain.html",
        422 if problem else 200,
        flag=flag,
        asked=asked,
        problem=problem,
        explained=explained,
    )


def explain(flag: FlagView, context: dict[str, Any]) -> Explanation:
    """Evaluate a flag as the database has it now. Raises FlagNotFoundError for an archived one."""
    bucketing = services().settings.bucketing
    found = document.document_of(flag.id, flag.environment, bucketing=bucketing)
    return Engine(found.document, bucketing).explain(flag.key, context, found.known)
