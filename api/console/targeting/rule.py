"""Add a rule, and change one: its name, its conditions, and what it serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import condition_form, forms, share_form
from api.console.condition_form import Row
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from api.errors import RequestError
from db.configuration.edits import FlagEdit
from db.errors import StaticFlagError
from db.flags import flags
from db.forms.conditions import KINDS
from db.segments import segments
from db.views import FlagView
from db.wording import phrases
from flagstaff.digits import parse_digits
from flagstaff.targeting import Rule, Split

blueprint = guard(Blueprint("console_rule", __name__, url_prefix="/console/flags"))

NEW, SPLIT, PREVIEW = "new", "split", "preview"


@blueprint.get("/<key>/rules/<number>")
def page(key: str, number: str) -> FlaskResponse:
    """Show a rule, or an empty form for a new one."""
    flag, rule = found(key, number)
    if rule is None:
        return show(flag, number, condition_form.typed(), {"name": "", "serves": "", "split_by": ""}, None)
    serves = f"={rule.serves}" if isinstance(rule.serves, str) else SPLIT
    texts = {"name": rule.name or "", "serves": serves, "split_by": rule.split_by or ""}
    return show(flag, number, condition_form.written(rule.conditions), texts, split_of(rule))


@blueprint.post("/<key>/rules/<number>")
def save(key: str, number: str) -> FlaskResponse:
    """Save the rule, or show the form with one condition more or less, or in plain words."""
    flag = dynamic(key)
    rule = rule_at(flag, number)
    if rule is None and number != NEW:
        gone = Problem(
            "This rule is gone meanwhile. Send the form again to save it as a new one.", 409, is_conflict=True
        )
        return show(flag, NEW, condition_form.typed(), typed(), None, gone)
    if condition_form.is_edit():
        return show(flag, number, condition_form.typed(), typed(), split_of(rule))
    problem = forms.attempt(lambda: write(flag, number), flag=flag)
    if problem:
        now = flags.get(flag.id, flag.environment)
        return show(now, number, condition_form.typed(), typed(), split_of(rule), problem)
    return done("The rule is saved.", "console_flag.page", key=flag.key)


@blueprint.get("/<key>/rules/preview")
def preview(key: str) -> FlaskResponse:
    """Say the rule in plain words, as one types it."""
    flag = dynamic(key)
    return forms.preview(lambda: in_words(flag))


def in_words(flag: FlagView) -> str:
    """Return the rule that was typed in plain words. Raises what `read` raises."""
    return phrases.named_rule(read(flag, None))


def found(key: str, number: str) -> tuple[FlagView, Rule | None]:
    """Return a flag and its rule of a number; none for a new one.

    Raises FlagNotFoundError, StaticFlagError, `RequestError` (404).
    """
    flag = dynamic(key)
    rule = rule_at(flag, number)
    if rule is None and number != NEW:
        raise RequestError(404, "not_found", f"{flag.key} has no rule {number} in {flag.environment}")
    return flag, rule


def dynamic(key: str) -> FlagView:
    """Return a flag that can have rules. Raises StaticFlagError, FlagNotFoundError."""
    flag = flags.get(key, visit().environment.key)
    if flag.is_static:
        raise StaticFlagError(flag.key, "rules")
    return flag


def rule_at(flag: FlagView, number: str) -> Rule | None:
    """Return the rule of a number, counted from 1; None where there is none."""
    at = parse_digits(number)
    return flag.rules[at - 1] if at is not None and 0 < at <= len(flag.rules) else None


def write(flag: FlagView, number: str) -> None:
    """Read the form and write the rules."""
    version, here = forms.version(), visit().environment
    at = None if number == NEW else int(number) - 1
    rule = read(flag, None if at is None else flag.rules[at])
    rules = [*flag.rules, rule] if at is None else [*flag.rules[:at], rule, *flag.rules[at + 1 :]]
    what = "A rule more" if at is None else f"Rule {number}"
    actor = visit().actor_for(f"{what} of {flag.key} in {here.key}: {phrases.named_rule(rule)}.", here)
    flags.update(flag.id, here.key, FlagEdit(rules=rules), actor=actor, version=version)


def read(flag: FlagView, before: Rule | None) -> Rule:
    """Read the rule that was typed. Raises ValueError or InvalidInputError with a sentence."""
    given: Mapping[str, Any] = request.values
    tests = condition_form.read(condition_form.typed())
    name, serves = given.get("name", "").strip() or None, given.get("serves", "")
    if serves == SPLIT:
        split_by = given.get("split_by", "").strip() or None
        return Rule(tests, share_form.read(flag, split_of(before)), name, split_by)
    if not serves.startswith("="):
        raise ValueError("choose what the rule serves")
    return Rule(tests, serves[1:], name)


def split_of(rule: Rule | None) -> Split | None:
    """Return the split that a rule serves, if it serves one."""
    return rule.serves if rule and isinstance(rule.serves, tuple) else None


def typed() -> Mapping[str, str]:
    """Return what was typed besides conditions and shares."""
    return {name: forms.text(name) for name in ("name", "serves", "split_by")}


def show(
    flag: FlagView,
    number: str,
    rows: Sequence[Row],
    texts: Mapping[str, str],
    split: Split | None,
    problem: Problem | None = None,
) -> FlaskResponse:
    """Return the form."""
    return render(
        "targeting/rule.html",
        problem.status if problem else 200,
        flag=flag,
        number=number,
        rows=rows,
        texts=texts,
        shares=share_form.typed(flag, split),
        operators=condition_form.operators(),
        kinds=KINDS,
        segments=[segment.key for segment in segments.page(limit=100).items],
        previewed=forms.say(lambda: in_words(flag)) if forms.text("edit") == PREVIEW else "",
        problem=problem,
    )
