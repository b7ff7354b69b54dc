"""The ids that a segment includes and excludes: pasted by the thousand, or removed one by one."""

from __future__ import annotations

from functools import partial

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import forms
from api.console.page import done
from api.console.session import guard
from api.console.shared.segment import show
from api.console.shared.trying import tell_and_do
from db import validation
from db.errors import InvalidInputError
from db.forms.entities import Entities, named, read_entities
from db.segments import segments
from db.segments.edits import SegmentView, SegmentWritten

blueprint = guard(Blueprint("console_segment_ids", __name__, url_prefix="/console/segments"))

INCLUDE, EXCLUDE, REMOVE = "include", "exclude", "remove"
LISTS = {INCLUDE: "included", EXCLUDE: "excluded", REMOVE: "listed no more"}


@blueprint.post("/<key>/ids")
def save(key: str) -> FlaskResponse:
    """List the pasted ids as included or excluded, or list them no more, as the button says."""
    segment, said = segments.get(key), ""

    def write() -> None:
        nonlocal said
        said = list_them(segment)

    problem = forms.attempt(write)
    return show(segments.get(key), problem) if problem else done(said, "console_segment.page", key=key)


def list_them(segment: SegmentView) -> str:
    """Read the form and write the ids. Raises what `forms.attempt` tells."""
    given, what = read_entities(forms.line("type"), forms.text("ids")), forms.text("do")
    if what not in LISTS:
        raise ValueError("choose what becomes of these ids")
    if len(given.ids) > validation.MAX_ENTITIES:
        message = f"at most {validation.MAX_ENTITIES:,} ids at once, and these are {len(given.ids):,}"
        raise InvalidInputError("too_many_members", "ids", message)
    change = segments.remove if what == REMOVE else partial(segments.add, excluded=what == EXCLUDE)
    sentence = f"To be {LISTS[what]} in {segment.key}: {named([given])}."
    return told(given, what, tell_and_do(partial(change, segment.key, given.type, given.ids), sentence))


def told(given: Entities, what: str, wrote: SegmentWritten) -> str:
    """Say what became of ids that were pasted."""
    same = len(given.ids) - wrote.added - wrote.changed - wrote.removed
    counts = {
        "added": wrote.added,
        f"changed to {LISTS[what]}": wrote.changed,
        "removed": wrote.removed,
        "not listed" if what == REMOVE else f"{LISTS[what]} already": same,
        "given more than once": given.repeated,
    }
    return f"{wrote.segment.key}: {', '.join(f'{number:,} {word}' for word, number in counts.items() if number)}."
