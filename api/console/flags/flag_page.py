"""A flag's page: what it serves to whom, in which environments, and what became of it last."""

from __future__ import annotations

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import share_form
from api.console.flags import snippets
from api.console.flags.timeline import timeline
from api.console.flags.words import current, serves
from api.console.page import render
from api.console.session import guard
from api.console.visit import visit
from db.flags import flags
from db.history import changes

blueprint = guard(Blueprint("console_flag", __name__, url_prefix="/console/flags"))

LAST_CHANGES = 8


@blueprint.get("/<key>")
def page(key: str) -> FlaskResponse:
    """Show a flag."""
    here = visit().environment
    flag = flags.get(key, here.key)
    return render(
        "flags/flag.html",
        flag=flag,
        everywhere=[flag if one == here else flags.get(flag.id, one.key) for one in visit().environments],
        last=changes.page(flag.id, here.key, limit=LAST_CHANGES),
        shares=current(flag),
        share_texts=share_form.typed(flag, current(flag)),
        timeline=timeline(flag),
        serves=serves,
        snippets=[] if flag.archived_at else snippets.of(flag),
    )
