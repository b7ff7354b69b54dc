"""Tell what became of a list of rules: which were added, removed and moved, and which read otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeAlias

from db.configuration.state import canonical_json
from db.wording import phrases
from db.wording.line import REMOVED, Line
from flagstaff.targeting import Rule
from flagstaff.targeting.conditions import from_json

RuleJson: TypeAlias = "Mapping[str, Any]"


def rule_changes(before: Sequence[RuleJson], after: Sequence[RuleJson]) -> Iterator[Line]:
    """Yield what differs between two lists of rules. A rule that only has another number is told as moved.

    Those that have another number because one before them came or went are told together.
    """
    old, new = [canonical_json(rule) for rule in before], [canonical_json(rule) for rule in after]
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    gone = [at for step, i, end, _, _ in steps if step != "equal" for at in range(i, end)]
    come = [at for step, _, _, j, end in steps if step != "equal" for at in range(j, end)]
    moved = _moved([(at, old[at]) for at in gone], [(at, new[at]) for at in come])
    gone = [at for at in gone if at not in moved]
    come = [at for at in come if at not in moved.values()]
    changed = dict(_paired(steps, gone, come))
    for at in gone:
        if at in changed:
            yield Line(f"rule {changed[at] + 1}", *_texts(before[at], after[changed[at]]))
        else:
            yield Line(f"rule {at + 1} {REMOVED}", _text(before[at]), "")
    for at in come:
        if at not in changed.values():
            yield Line(f"rule {at + 1} added", "", _text(after[at]))
    for at, to in moved.items():
        yield Line(f"rule {at + 1} is rule {to + 1} now", _text(before[at]), _text(after[to]))
    if not moved:
        yield from _renumbered(steps)


def _moved(gone: Sequence[tuple[int, str]], come: Sequence[tuple[int, str]]) -> dict[int, int]:
    """Return where rules went that are the same at another place."""
    found: dict[int, int] = {}
    for at, rule in gone:
        to = next((to for to, other in come if other == rule and to not in found.values()), None)
        if to is not None:
            found[at] = to
    return found


def _paired(
    steps: Sequence[tuple[str, int, int, int, int]], gone: list[int], come: list[int]
) -> Iterator[tuple[int, int]]:
    """Yield which rule was replaced by which."""
    for _, i, i_end, j, j_end in steps:
        yield from zip([at for at in gone if i <= at < i_end], [at for at in come if j <= at < j_end], strict=False)


def _renumbered(steps: Sequence[tuple[str, int, int, int, int]]) -> Iterator[Line]:
    for step, i, i_end, j, j_end in steps:
        if step == "equal" and i != j:
            yield Line(*_numbers(i, i_end, j, j_end))


def _numbers(i: int, i_end: int, j: int, j_end: int) -> tuple[str, str, str]:
    if i_end - i == 1:
        return "order", f"rule {i + 1}", f"rule {j + 1}"
    return "order", f"rules {i + 1} to {i_end}", f"rules {j + 1} to {j_end}"


def _texts(before: RuleJson, after: RuleJson) -> tuple[str, str]:
    """Return both rules in words; as JSON where they read alike, as with the number 1 and the text "1"."""
    one, other = _text(before), _text(after)
    return (phrases.as_json(dict(before)), phrases.as_json(dict(after))) if one == other else (one, other)


def _text(rule: RuleJson) -> str:
    if "variant" in rule or "split" in rule:
        return phrases.named_rule(Rule.from_json(rule))
    return phrases.tests([from_json(test) for test in rule["conditions"]])  # of a segment
