"""Move and remove the rules of a flag: the first one that holds decides."""

from __future__ import annotations

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.page import done
from api.console.session import guard
from api.console.targeting.rule import found
from api.console.visit import visit
from api.errors import RequestError
from db.configuration.edits import FlagEdit
from db.flags import flags
from db.wording import phrases
from flagstaff.digits import parse_digits

blueprint = guard(Blueprint("console_rules", __name__, url_prefix="/console/flags"))


@blueprint.post("/<key>/rules/<number>/remove")
def remove(key: str, number: str) -> FlaskResponse:
    """Remove a rule."""
    flag, rule = found(key, number)
    if rule is None:
        raise RequestError(404, "not_found", "a new rule can't be removed")
    here, rest = visit().environment, [one for one in flag.rules if one is not rule]
    actor = visit().actor_for(f"Rule {number} of {flag.key} goes in {here.key}: {phrases.named_rule(rule)}.", here)
    flags.update(flag.id, here.key, FlagEdit(rules=rest), actor=actor, version=forms.version())
    return done("The rule is removed.", "console_flag.page", key=flag.key)


@blueprint.post("/<key>/rules/<number>/move")
def move(key: str, number: str) -> FlaskResponse:
    """Move a rule to the place that the form's `to` says, counted from 1."""
    flag, rule = found(key, number)
    to = parse_digits(request.form.get("to", ""))
    if rule is None or to is None or not 0 < to <= len(flag.rules):
        raise RequestError(400, "invalid_field", f"to must be a number from 1 to {len(flag.rules)}", field="to")
    here, rest = visit().environment, [one for one in flag.rules if one is not rule]
    actor = visit().actor_for(f"Rule {number} of {flag.key} will be rule {to} in {here.key}.", here)
    rules = [*rest[: to - 1], rule, *rest[to - 1 :]]
    flags.update(flag.id, here.key, FlagEdit(rules=rules), actor=actor, version=forms.version())
    return done(f"The rule is number {to} now.", "console_flag.page", key=flag.key)
