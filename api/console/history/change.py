"""One change with all that it did; and the way back to before or after it."""

from __future__ import annotations

from functools import partial
from typing import Literal

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.shared.trying import tell_and_do
from api.console.visit import visit
from api.errors import RequestError
from db.errors import FlagNotFoundError, SegmentNotFoundError
from db.flags import flags
from db.history import changes
from db.segments import restore as segment_restore
from db.segments import segments
from db.views import ChangeView, EnvironmentView, FlagView
from db.wording import differences, phrases
from db.wording.line import Line
from flagstaff.digits import parse_digits

blueprint = guard(Blueprint("console_change", __name__, url_prefix="/console/changes"))

Side = Literal["before", "after"]


@blueprint.get("/<number>")
def page(number: str) -> FlaskResponse:
    """Show a change, and what going back to it would change now."""
    return show(change_of(number), side())


@blueprint.post("/<number>/restore")
def restore(number: str) -> FlaskResponse:
    """Go back to before or after a change."""
    change, to = change_of(number), side()
    if change.segment is not None:
        problem = forms.attempt(lambda: restore_segment(change, to))
        said = f"{change.segment} is as it was {to} {phrases.second(change.at)}."
        return show(change, to, problem) if problem else done(said, "console_segment.page", key=change.segment)
    flag, there = flag_of(change), environment_of(change)
    if flag is None or there is None:
        raise RequestError(422, "nothing_to_restore", "only the changes of a flag or a segment can be taken back")
    version = forms.version()
    sentence = f"{flag.key} will be in {there.key} as it was {to} {phrases.second(change.at)}."
    actor = visit().actor_for(sentence, there, touched=visit().environments)
    problem = forms.attempt(
        lambda: changes.restore(flag.id, there.key, change.id, to=to, actor=actor, version=version), flag=flag
    )
    if problem:
        return show(change, to, problem)
    said = f"{flag.key} is in {there.key} as it was {to} {phrases.second(change.at)}."
    return done(said, "console_flag.page", key=flag.key, environment=there.key)


def restore_segment(change: ChangeView, to: Side) -> None:
    """Go back to an earlier state of a segment, out of the archive too, after asking."""
    restore_it = partial(segment_restore.restore, str(change.segment), change.id, to=to, version=forms.version())
    tell_and_do(restore_it, f"{change.segment} will be as it was {to} {phrases.second(change.at)}.")


def change_of(number: str) -> ChangeView:
    """Return a change. Raises ChangeNotFoundError."""
    return changes.get(parse_digits(number) or 0)


def side() -> Side:
    """Return which side of the change is meant."""
    return "after" if request.values.get("to") == "after" else "before"


def environment_of(change: ChangeView) -> EnvironmentView | None:
    """Return the environment of a change, where it is still there."""
    return next((one for one in visit().environments if one.key == change.environment), None)


def flag_of(change: ChangeView) -> FlagView | None:
    """Return the flag of a change as it is now, in the environment of the change."""
    if change.flag_id is None or environment_of(change) is None:
        return None
    try:
        return flags.get(change.flag_id, str(change.environment))
    except FlagNotFoundError:
        return None


def show(change: ChangeView, to: Side, problem: Problem | None = None) -> FlaskResponse:
    """Return the page of a change."""
    flag = flag_of(change)
    lines, wrong = would_change(change, flag, to)
    return render(
        "history/change.html",
        problem.status if problem else 200,
        change=change,
        lines=differences.of_change(change),
        flag=flag,
        to=to,
        there_is=change.before if to == "before" else change.after,
        would_change=lines,
        version=flag.version if flag else version_of_segment(change),
        why_not=wrong,
        problem=problem,
    )


def version_of_segment(change: ChangeView) -> int | None:
    """Return the version of the segment of a change; None where it is archived, or the change is of none."""
    try:
        return segments.get(change.segment).version if change.segment else None
    except SegmentNotFoundError:
        return None


def would_change(change: ChangeView, flag: FlagView | None, to: Side) -> tuple[list[Line] | None, Problem | None]:
    """Return what going back would change now; nothing where there is no way back, or an archived flag has another."""
    if (change.before if to == "before" else change.after) is None:
        return None, None
    if change.segment is not None:
        key = change.segment
        found, problem = forms.look(lambda: segment_restore.difference(key, change.id, to=to))
    elif flag is not None and flag.archived_at is None:
        found, problem = forms.look(lambda: changes.difference(flag.id, flag.environment, change.id, to=to))
    else:
        return None, None
    return (differences.of(found) if found else None), problem
