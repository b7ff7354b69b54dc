"""Add, edit, move and remove rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from db import validation
from db.errors import VersionConflictError
from db.flags import flags
from db.flags.flags import FlagEdit
from db.views import EnvironmentView, FlagView
from interval_app import conditions, shares, words, work
from interval_app.forms import ask, flag_asked, refuse_static, select
from interval_app.meanwhile import changes_since, explained, story
from interval_app.problems import CORRECTABLE, DashboardError, in_words
from interval_app.visit import HOME, ActionVisit, Result

Rule = dict[str, Any]

SPLIT = "a split …"
SAVE, ADD, CHANGE, REMOVE, SERVE, NAME = (
    "Save rule",
    "Add a condition",
    "Change this condition",
    "Remove this condition",
    "Change what it serves",
    "Change its name",
)


async def add(visit: ActionVisit) -> Result:
    """Make a rule, after all others."""
    place, flag = await _flag(visit)
    rule: Rule = {"name": None, "conditions": [await conditions.asked(visit.io)]}
    rule |= await _served(visit, flag, {})
    return await _edited(visit, place, flag, None, rule)


async def edit(visit: ActionVisit) -> Result:
    """Change a rule's name, conditions or what it serves."""
    place, flag = await _flag(visit)
    number = await _number(visit, flag)
    return await _edited(visit, place, flag, number, dict(flag.rules[number]))


async def remove(visit: ActionVisit) -> Result:
    """Take a rule out."""
    place, flag = await _flag(visit)
    number = await _number(visit, flag)
    protected = f" {place.key} is protected." if place.protected else ""
    await visit.confirm(f"Remove rule {number + 1}?", f"{words.rule(flag.rules[number])}.{protected}")
    rules = [rule for other, rule in enumerate(flag.rules) if other != number]
    return await _written(visit, place, flag, rules, f"Rule {number + 1} of {flag.key} is removed.")


async def up(visit: ActionVisit) -> Result:
    """Try a rule before the one that is before it now."""
    return await _move(visit, -1)


async def down(visit: ActionVisit) -> Result:
    """Try a rule after the one that is after it now."""
    return await _move(visit, 1)


async def _move(visit: ActionVisit, by: int) -> Result:
    place, flag = await _flag(visit)
    number = await _number(visit, flag)
    other = number + by
    if not 0 <= other < len(flag.rules):
        raise DashboardError(f"Rule {number + 1} can't be moved further: there are {len(flag.rules)} rules.")
    rules = list(flag.rules)
    rules[number], rules[other] = rules[other], rules[number]
    await visit.confirm_if_protected(place, f"Rule {number + 1} of {flag.key} will be rule {other + 1}.")
    return await _written(visit, place, flag, rules, f"Rule {number + 1} of {flag.key} is rule {other + 1} now.")


async def _flag(visit: ActionVisit) -> tuple[EnvironmentView, FlagView]:
    """The flag, if the link was made for what it is now: the number of a rule means another one once others moved."""
    place = await visit.environment()
    flag = await flag_asked(visit, place)
    refuse_static(flag)
    visit.check_may_change(place)
    version = visit.version()
    if version is not None and version != flag.version:
        raise DashboardError(
            f"{flag.updated_by} changed {flag.key} in {place.key} at {flag.updated_at:%H:%M:%S} UTC, after you opened "
            "the list of rules. Nothing was changed: open the list again, look at it, and choose the rule there."
        )
    return place, flag


async def _number(visit: ActionVisit, flag: FlagView) -> int:
    """The index of the rule that the link names, or that the person picks."""
    named = visit.param("rule")
    if named.isascii() and named.isdigit() and 0 < int(named) <= len(flag.rules):
        return int(named) - 1
    if not flag.rules:
        raise DashboardError(f"{flag.key} has no rules in {flag.environment}.")
    choices = [(str(number), f"{number + 1}: {words.rule(rule)}") for number, rule in enumerate(flag.rules)]
    _, found = await ask(visit.io, {"rule": select(visit.io, "Rule", choices)}, buttons=["Continue"])
    return int(found["rule"]["value"])


async def _edited(visit: ActionVisit, place: EnvironmentView, flag: FlagView, number: int | None, rule: Rule) -> Result:
    """Show the rule in plain words, with what can be done to it, until it is saved."""
    problem: str | None = None
    while True:
        button, found = await _preview(visit, place, flag, number, rule, problem)
        problem = None
        chosen = int(found["condition"]["value"]) if "condition" in found else 0
        match button:
            case "save":
                try:
                    return await _saved(visit, place, flag, number, rule)
                except VersionConflictError as error:
                    conflict = await explained(error, flag)
                    problem = await _after(flag, conflict.flag, number, str(conflict))
                    flag = conflict.flag
                except CORRECTABLE as error:
                    problem = in_words(error)
            case "add":
                rule = {**rule, "conditions": [*rule["conditions"], await conditions.asked(visit.io)]}
            case "change":
                changed = await conditions.asked(visit.io, rule["conditions"][chosen])
                rule = {**rule, "conditions": replaced(rule["conditions"], chosen, [changed])}
            case "remove":
                rule = {**rule, "conditions": replaced(rule["conditions"], chosen, [])}
            case "serve":
                rule = {key: rule[key] for key in ("name", "conditions")} | await _served(visit, flag, rule)
            case _:
                rule = {**rule, "name": await _name(visit, rule)}


def replaced(parts: Sequence[Any], at: int, new: Sequence[Any]) -> list[Any]:
    """A list with one of its parts replaced."""
    return [*parts[:at], *new, *parts[at + 1 :]]


async def _after(before: FlagView, now: FlagView, number: int | None, told: str) -> str:
    """What is said of a conflict. Raises DashboardError where the rule itself is not where it was any more."""
    if number is None or (number < len(now.rules) and now.rules[number] == before.rules[number]):
        return told
    stories = " ".join(map(story, await changes_since(before)))
    raise DashboardError(
        f"{stories} Nothing of yours was saved: open the list of rules again, and edit the rule there."
    )


async def _preview(
    visit: ActionVisit, place: EnvironmentView, flag: FlagView, number: int | None, rule: Rule, problem: str | None
) -> tuple[str, Mapping[str, Any]]:
    several = [(str(at), words.condition(one)) for at, one in enumerate(rule["conditions"])]
    fields = {"condition": select(visit.io, "Condition", several, "0")} if several else {}
    if not fields:
        problem = problem or "A rule needs a condition: for everyone there is the rollout."
    buttons = [
        *([{"label": SAVE, "value": "save"}] if several else []),
        {"label": ADD, "value": "add", "theme": "secondary"},
        *([{"label": CHANGE, "value": "change", "theme": "secondary"}] if several else []),
        *([{"label": REMOVE, "value": "remove", "theme": "secondary"}] if len(several) > 1 else []),
        {"label": SERVE, "value": "serve", "theme": "secondary"},
        {"label": NAME, "value": "name", "theme": "secondary"},
    ]
    name = f" ({rule['name']})" if rule["name"] else ""
    which = f"Rule {len(flag.rules) + 1 if number is None else number + 1}{name} of {flag.key} in {place.key}:"
    return await ask(visit.io, fields, intro=f"{which}\n{words.rule(rule)}", problem=problem, buttons=buttons)


async def _saved(visit: ActionVisit, place: EnvironmentView, flag: FlagView, number: int | None, rule: Rule) -> Result:
    await visit.confirm_if_protected(place, f"This will be a rule of {flag.key}: {words.rule(rule)}.")
    rules = [*flag.rules, rule] if number is None else replaced(flag.rules, number, [rule])
    edit = FlagEdit(rules=rules)
    await work.run(flags.update, flag.id, place.key, edit, actor=visit.actor, version=flag.version)
    await visit.go(f"{HOME}/rules", flag=flag.key, environment=place.key)
    return f"{flag.key} in {place.key}: {words.rule(rule)}."


async def _written(
    visit: ActionVisit, place: EnvironmentView, flag: FlagView, rules: Sequence[Mapping[str, Any]], said: str
) -> Result:
    """Write the rules of a flag that nobody changed meanwhile."""
    try:
        await work.run(flags.update, flag.id, place.key, FlagEdit(rules=rules), actor=visit.actor, version=flag.version)
    except VersionConflictError as error:
        stories = " ".join(map(story, await changes_since(flag)))
        raise DashboardError(f"{stories} Nothing of yours was saved: open the list of rules again.") from error
    await visit.go(f"{HOME}/rules", flag=flag.key, environment=place.key)
    return said


async def _served(visit: ActionVisit, flag: FlagView, rule: Mapping[str, Any]) -> Rule:
    """What the rule is to serve: a variant, or shares of several."""
    if not flag.variants:
        raise DashboardError(f"{flag.key} has no variants yet that a rule could serve: add some with Edit.")
    # Names begin with = here: a variant may be called like the choice of a split.
    choices = [(f"={name}", words.variant(name, value)) for name, value in flag.variants.items()]
    choices.append((SPLIT, "a split: shares of several variants …"))
    now = SPLIT if rule.get("split") else f"={rule['variant']}" if rule.get("variant") else choices[0][0]
    fields = {"serves": select(visit.io, "It serves", choices, now)}
    _, found = await ask(visit.io, fields, intro="Whom all conditions hold for gets this.", buttons=["Continue"])
    option = found["serves"]["value"]
    if option != SPLIT:
        return {"variant": option[1:]}
    return {"split": await shares.shares_asked(visit, flag, rule.get("split"))}


async def _name(visit: ActionVisit, rule: Rule) -> str | None:
    name = visit.io.input.text("Name", default_value=rule["name"], max_length=validation.LONGEST_NAME).optional()
    _, found = await ask(visit.io, {"name": name}, intro="A name for the rule, for people.", buttons=["Continue"])
    return found["name"] or None
