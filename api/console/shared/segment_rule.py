"""The rules of a segment: each of them is enough to be in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import condition_form, forms
from api.console.condition_form import Row
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.shared.trying import tell_and_do
from api.errors import RequestError
from db.forms.conditions import KINDS
from db.segments import segments
from db.segments.edits import SegmentEdit, SegmentView
from db.wording import phrases
from flagstaff.digits import parse_digits
from flagstaff.targeting import Test

blueprint = guard(Blueprint("console_segment_rule", __name__, url_prefix="/console/segments"))

NEW = "new"


@blueprint.get("/<key>/rules/<number>")
def page(key: str, number: str) -> FlaskResponse:
    """Show a rule, or an empty form for a new one."""
    segment = segments.get(key)
    if number == NEW:
        return show(segment, NEW, condition_form.typed())
    return show(segment, number, condition_form.written(found(segment, number)))


@blueprint.post("/<key>/rules/<number>")
def save(key: str, number: str) -> FlaskResponse:
    """Save the rule, or show the form with one condition more or less."""
    segment = segments.get(key)
    if rule_at(segment, number) is None and number != NEW:
        gone = Problem(
            "This rule is gone meanwhile. Send the form again to save it as a new one.", 409, is_conflict=True
        )
        return show(segment, NEW, condition_form.typed(), gone)
    if condition_form.is_edit():
        return show(segment, number, condition_form.typed())
    problem = forms.attempt(lambda: write(segment, number))
    if problem:
        return show(segments.get(key), number, condition_form.typed(), problem)
    return done("The rule is saved.", "console_segment.page", key=key)


@blueprint.get("/<key>/rules/preview")
def preview(key: str) -> FlaskResponse:
    """Say the rule in plain words, as one types it."""
    segment = segments.get(key)
    read = partial(condition_form.read, condition_form.typed())
    return forms.preview(lambda: f"In {segment.key} is who has: {phrases.tests(read())}")


def found(segment: SegmentView, number: str) -> Sequence[Test]:
    """Return the rule of a number. Raises `RequestError` (404)."""
    tests = rule_at(segment, number)
    if tests is None:
        raise RequestError(404, "not_found", f"the segment {segment.key} has no rule {number}")
    return tests


def rule_at(segment: SegmentView, number: str) -> Sequence[Test] | None:
    """Return the rule of a number, counted from 1; None where there is none."""
    at = parse_digits(number)
    return segment.rules[at - 1] if at is not None and 0 < at <= len(segment.rules) else None


def write(segment: SegmentView, number: str) -> None:
    """Read the form and write the rules."""
    tests, version = condition_form.read(condition_form.typed()), forms.version()
    at = len(segment.rules) if number == NEW else int(number) - 1
    rules = [*segment.rules[:at], tests, *segment.rules[at + 1 :]]
    change = partial(segments.update, segment.key, SegmentEdit(rules=rules), version=version)
    tell_and_do(change, f"Rule {at + 1} of the segment {segment.key} will be: {phrases.tests(tests)}.")


def show(segment: SegmentView, number: str, rows: Sequence[Row], problem: Problem | None = None) -> FlaskResponse:
    """Return the form."""
    return render(
        "shared/segment_rule.html",
        problem.status if problem else 200,
        segment=segment,
        number=number,
        now=rule_at(segment, number),
        rows=rows,
        operators=condition_form.operators(in_segment=True),
        kinds=KINDS,
        problem=problem,
    )
