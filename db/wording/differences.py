"""Describe what a change did, or would do, as differences that people can read: what, before, after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from db.configuration.state import canonical_json
from db.views import ChangeView, Difference
from db.wording import phrases
from db.wording.line import MAX_SUMMARY, Line
from db.wording.rule_moves import rule_changes
from flagstaff.targeting import LayerRange, Ramp, Span, Step
from flagstaff.targeting.rules import split_from_json

MAX_LINES: Final = 50
"""Differences that a summary looks at."""
MANY: Final = 10
"""Entities are named up to this number, else counted."""


class Part(NamedTuple):
    """One part of a state: its text, which is empty where there is nothing to say, and the value that it describes."""

    text: str
    value: Any


NOTHING: Final = Part("", None)


def of_change(change: ChangeView) -> list[Line]:
    """List what a logged change did."""
    return lines(change.before, change.after, change.members)


def of(difference: Difference) -> list[Line]:
    """List what a promotion or restore would do."""
    return lines(difference.before, difference.after, difference.members)


def meanwhile(change: ChangeView) -> str:
    """Tell somebody who is editing of one change by another, in a sentence: who, when, what, why."""
    why = f": {phrases.comment(change.comment)}" if change.comment else ""
    return f"Meanwhile {change.actor} changed it at {change.at:%H:%M:%S} UTC ({summary(of_change(change))}){why}."


def lines(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, members: Mapping[str, Any] | None
) -> list[Line]:
    """List the differences between two states, and what becomes of members."""
    old, new = _parts(before or {}), _parts(after or {})
    if before is None or after is None:
        old, new = ({name: part for name, part in parts.items() if name not in _OF_COURSE} for parts in (old, new))
    found = [_line(what, old.get(what, NOTHING), new.get(what, NOTHING)) for what in dict.fromkeys([*old, *new])]
    rules = rule_changes((before or {}).get("rules") or (), (after or {}).get("rules") or ())
    return [*filter(None, found), *rules, *_members(members or {})]


def _line(what: str, before: Part, after: Part) -> Line | None:
    if before.text != after.text:
        return Line(what, before.text, after.text)
    if not before.text or canonical_json(before.value) == canonical_json(after.value):
        return None
    # Two conditions read alike where one compares with the number 1, and the other with the text "1".
    return Line(what, phrases.as_json(before.value), phrases.as_json(after.value))


def in_one_line(found: Sequence[Line]) -> str:
    """Join the differences to one text."""
    return "; ".join(map(str, found)) or "no difference"


def summary(found: Sequence[Line]) -> str:
    """Join the differences to one text of at most `MAX_SUMMARY` characters."""
    return phrases.short(in_one_line([line.shortened() for line in found[:MAX_LINES]]), MAX_SUMMARY)


def _parts(state: Mapping[str, Any]) -> dict[str, Part]:
    """Split a state into its parts, by their labels."""
    found: dict[str, Part] = {}
    for name, value in state.items():
        if name in _SEVERAL:
            found |= _SEVERAL[name](value)
        elif name not in _HIDDEN:
            label, render = _FIELDS.get(name, (name, _value))
            found[label] = Part(render(value), value)
    return found


def _variants(variants: Mapping[str, Any]) -> dict[str, Part]:
    return {f"variant {name}": Part(phrases.readable(value), value) for name, value in variants.items()}


def _links(links: Any) -> dict[str, Part]:
    return {f"link {link['title']}": Part(link["url"], link["url"]) for link in links or ()}


def _metadata(metadata: Any) -> dict[str, Part]:
    return {f"metadata {name}": Part(phrases.readable(value), value) for name, value in (metadata or {}).items()}


def _value(value: Any) -> str:
    return "" if value is None else phrases.shown(value)


def _yes_or_no(value: Any) -> str:
    return "yes" if value else "no"


def _ramp(given: Any) -> str:
    return phrases.ramp(Ramp.from_json(given)) if given else ""


def _layer(given: Any) -> str:
    return phrases.layer_range(LayerRange.from_json(given)) if given else ""


def _holdout(given: Any) -> str:
    return str(Span.from_json(given)) if given else ""


def _schedule(steps: Any) -> dict[str, Part]:
    """Each step by its time, so that one that was moved reads as two lines."""
    read = [(phrases.step(Step.from_json(step)), step) for step in steps]
    return {f"planned for {text.partition(': ')[0]}": Part(text.partition(": ")[2], step) for text, step in read}


def _prerequisites(given: Any) -> dict[str, Part]:
    return {f"prerequisite {each['flag']}": Part(f"serves {' or '.join(each['variants'])}", each) for each in given}


_SEVERAL: Final[Mapping[str, Callable[[Any], dict[str, Part]]]] = {
    "variants": _variants,
    "schedule": _schedule,
    "prerequisites": _prerequisites,
    "links": _links,
    "metadata": _metadata,
}
"""The fields that hold several things, each of which has a line of its own."""
_FIELDS: Final[Mapping[str, tuple[str, Callable[[Any], str]]]] = {
    "enabled": ("status", phrases.status),
    "value": ("value", lambda value: "" if value is None else phrases.readable(value)),
    "rollout": ("rollout", lambda shares: phrases.split(split_from_json(shares)) if shares else ""),
    "ramp": ("ramp", _ramp),
    "splitBy": ("split by", _value),
    "layer": ("layer", _layer),
    "holdout": ("holdout", _holdout),
    "tags": ("tags", ", ".join),
    "defaultVariant": ("default variant", lambda name: name or "none: the caller's default"),
    "expectedEnd": ("expected end", _value),
    "expiresAt": ("expires", _value),
    "archived": ("archived", _yes_or_no),
    "revoked": ("revoked", _yes_or_no),
    "protected": ("protected", _yes_or_no),
    "clientSide": ("seen by client keys", _yes_or_no),
    "commentRequired": ("comments asked for", _yes_or_no),
}
"""The label and the text of the fields that are not shown by their own name and value."""
_OF_COURSE: Final = ("archived", "revoked")
"""What nothing is that has just been made."""
_HIDDEN: Final = frozenset({"id", "key", "rules"})
"""The fields that never change, and rules, which have lines of their own."""


def _members(members: Mapping[str, Any]) -> Iterator[Line]:
    for group in members.get("added", ()):
        yield Line(f"members ({_who(group)})", phrases.NOTHING, group["variant"])
    for group in members.get("changed", ()):
        yield Line(f"members ({_who(group)})", group["from"], group["to"])
    for group in members.get("removed", ()):
        yield Line(f"members ({_who(group)})", group["variant"], phrases.NOTHING)


def _who(group: Mapping[str, Any]) -> str:
    ids = group["entityIds"]
    total = group.get("count", len(ids))  # long lists come shortened
    named = ", ".join(ids[:MANY]) + (f" and {total - MANY:,} more" if total > MANY else "")
    return f"{group['entityType']}: {named}"
