"""Edit: what a flag is called and what it serves. Only what was really changed is written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from db import validation
from db.configuration.state import canonical_json
from db.flags import flags
from db.flags.flags import FlagEdit
from db.views import EnvironmentView, FlagView
from db.vocabulary import UNSET, ValueType
from interval_app import values, words
from interval_app.flag_to_change import flag_to_change
from interval_app.forms import ask, refusing, until_accepted
from interval_app.meanwhile import ChangedMeanwhileError
from interval_app.visit import HOME, UNCHANGED, ActionVisit, Result

Entered = Mapping[str, Any]
"""What the form says, by the fields of `FlagEdit`."""


async def edit(visit: ActionVisit) -> Result:
    """Show the flag as it is, and write what was changed of it; tell if somebody else changed it meanwhile."""
    target = await flag_to_change(visit)
    place, entered = target.environment, as_entered(target.flag)

    async def attempt(problem: str | None) -> FlagView | None:
        nonlocal entered
        flag = target.flag
        entered = await _form(visit, place, flag, entered, problem)
        changed = changes_of(flag, entered)
        if changed == FlagEdit():
            return None
        await visit.confirm_if_protected(place, f"{flag.key} will be changed there.")
        try:
            return await target.write(partial(flags.update, flag.id, place.key, changed))
        except ChangedMeanwhileError as conflict:
            entered = on_top_of(conflict.flag, flag, entered)
            raise

    saved = await until_accepted(attempt)
    if saved is None:
        return UNCHANGED
    await visit.go(HOME, environment=place.key)
    return {"Saved": saved.key, "In": f"{place.key}, version {saved.version}"}


def as_entered(flag: FlagView) -> Entered:
    """The flag as its form is filled before anything is typed."""
    own = {"name": flag.name or "", "description": flag.description, "tags": list(flag.tags), "enabled": flag.enabled}
    if flag.is_static:
        return {**own, "value": flag.value}
    return {**own, "variants": dict(flag.variants), "default_variant": flag.default_variant}


def changes_of(flag: FlagView, entered: Entered) -> FlagEdit:
    """The edit that writes what was entered, of which all that is as before is left out."""
    before = as_entered(flag)
    return FlagEdit(**{name: UNSET if _same(before[name], entered[name]) else entered[name] for name in before})


def on_top_of(now: FlagView, flag: FlagView, entered: Entered) -> Entered:
    """What was entered for `flag`, on top of what others made of it: what was not touched here is as it is now."""
    before, current = as_entered(flag), as_entered(now)
    merged = {name: current[name] if _same(before[name], entered[name]) else entered[name] for name in before}
    if "variants" in merged:
        mine = {
            name: value
            for name, value in entered["variants"].items()
            if name not in before["variants"] or not _same(before["variants"][name], value)
        }
        dropped = before["variants"].keys() - entered["variants"].keys()
        merged["variants"] = {n: v for n, v in current["variants"].items() if n not in dropped} | mine
    return merged


def _same(one: Any, other: Any) -> bool:
    return canonical_json(one) == canonical_json(other)


async def _form(
    visit: ActionVisit, place: EnvironmentView, flag: FlagView, entered: Entered, problem: str | None
) -> Entered:
    intro = (
        f"{flag.key} in {place.key}: {words.kind(flag)}, {words.status(flag.enabled)}. Name, description and tags are "
        "the same in every environment. A key never changes: create another flag, and archive this one."
    )
    fields = {**_own_fields(visit, place, entered), **_value_fields(visit, flag, entered)}
    _, found = await ask(visit.io, fields, intro=intro, problem=problem, buttons=["Save"])
    return _read(flag, entered, found)


def _own_fields(visit: ActionVisit, place: EnvironmentView, entered: Entered) -> dict[str, Any]:
    text = visit.io.input.text
    tags = text("Tags", default_value=", ".join(entered["tags"]) or None, help_text="Separated by commas.").optional()
    longest = validation.LONGEST_DESCRIPTION
    return {
        "name": text("Name", default_value=entered["name"] or None, max_length=validation.LONGEST_NAME).optional(),
        "description": text(
            "Description", default_value=entered["description"] or None, multiline=True, max_length=longest
        ).optional(),
        "tags": tags.validate(refusing(lambda given: validation.tags(_tags(given)))),
        "enabled": visit.io.input.boolean(f"Enabled in {place.key}", default_value=entered["enabled"]),
    }


def _value_fields(visit: ActionVisit, flag: FlagView, entered: Entered) -> dict[str, Any]:
    if flag.is_static:
        return {"value": values.value_field(visit.io, "Value", flag.value_type, entered["value"])}
    fields = {"default_variant": values.default_field(visit.io, entered["variants"], entered["default_variant"])}
    if flag.value_type is not ValueType.BOOLEAN:
        fields["variants"] = values.variants_field(visit.io, flag.value_type, entered["variants"])
    return fields


def _read(flag: FlagView, entered: Entered, found: Mapping[str, Any]) -> Entered:
    """What the filled form says."""
    read = {
        "name": (found["name"] or "").strip(),
        "description": found["description"] or "",
        "tags": _tags(found["tags"] or ""),
        "enabled": found["enabled"],
    }
    if flag.is_static:
        return {**read, "value": values.parse(found["value"], flag.value_type)}
    named = entered["variants"]
    if "variants" in found:
        named = values.parse_variants(found["variants"], flag.value_type)
    return {**read, "variants": named, "default_variant": values.default_chosen(found["default_variant"])}


def _tags(text: str) -> list[str]:
    return [tag.strip() for tag in text.split(",") if tag.strip()]
