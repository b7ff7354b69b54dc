"""Move and remove the rules of a segment; their order is only for people, because each of them is enough."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.page import done
from api.console.session import guard
from api.console.shared.segment import show
from api.console.shared.segment_rule import found
from api.console.shared.trying import tell_and_do
from api.errors import RequestError
from db.segments import segments
from db.segments.edits import SegmentEdit, SegmentView
from db.wording import phrases
from flagstaff.digits import parse_digits
from flagstaff.targeting import Test

blueprint = guard(Blueprint("console_segment_rules", __name__, url_prefix="/console/segments"))


@blueprint.post("/<key>/rules/<number>/remove")
def remove(key: str, number: str) -> FlaskResponse:
    """Remove a rule."""
    segment = segments.get(key)
    tests = found(segment, number)
    sentence = f"Rule {number} of the segment {key} goes: {phrases.tests(tests)}."
    return write(segment, others(segment, tests), sentence, "The rule is removed.")


@blueprint.post("/<key>/rules/<number>/move")
def move(key: str, number: str) -> FlaskResponse:
    """Move a rule to the place that the form's `to` says, counted from 1."""
    segment = segments.get(key)
    tests, to = found(segment, number), parse_digits(request.form.get("to", ""))
    if to is None or not 0 < to <= len(segment.rules):
        raise RequestError(400, "invalid_field", f"to must be a number from 1 to {len(segment.rules)}", field="to")
    rest = others(segment, tests)
    sentence = f"Rule {number} of the segment {key} will be rule {to}; who is in stays the same."
    return write(segment, [*rest[: to - 1], tests, *rest[to - 1 :]], sentence, f"The rule is number {to} now.")


def others(segment: SegmentView, tests: Sequence[Test]) -> list[Sequence[Test]]:
    """Return the rules but this one."""
    return [rule for rule in segment.rules if rule is not tests]


def write(segment: SegmentView, rules: Sequence[Sequence[Test]], sentence: str, said: str) -> FlaskResponse:
    """Write the rules, and return the segment's page, with what others did meanwhile if they did."""
    change = partial(segments.update, segment.key, SegmentEdit(rules=rules), version=forms.version())
    problem = forms.attempt(lambda: tell_and_do(change, sentence))
    if problem:
        return show(segments.get(segment.key), problem)
    return done(said, "console_segment.page", key=segment.key)
