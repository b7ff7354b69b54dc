"""The targeting of a flag: what people edit (members, rules, a rollout), and the flagd targeting that says the same.

It is one `if` with a branch for each decision, in the order in which they are tried:

    {"if": [<entity is a member …>, "on",          one branch for each variant and type of entity
            <conditions of rule 1>,  "on",          a rule serves a variant …
            <conditions of rule 2>,  {"fractional": […]},    … or a split
            <there is an entity>,    {"fractional": […]}]}   the rollout

and nothing matching is null: the default variant. `build` writes it, `read` takes it apart again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flagstaff.jsonlogic import fractional, nodes
from flagstaff.targeting import conditions, former_forms
from flagstaff.targeting.conditions import Condition
from flagstaff.targeting.entity import ENTITY_ID, ENTITY_TYPE
from flagstaff.targeting.rules import Rule, Split

Members = Mapping[tuple[str, str], Collection[str]]
"""Ids of entities, by the variant they get and by their type."""

Logic = Any

# The separator keeps flag "a" with entity "bc" and flag "ab" with entity "c" in buckets of their own.
BUCKETING_TEXT: Logic = {"cat": [{"var": "$flagd.flagKey"}, ":", ENTITY_ID]}

_ENTITY_TYPES = (ENTITY_TYPE, former_forms.ENTITY_TYPE)
_ENTITY_IDS = (ENTITY_ID, former_forms.ENTITY_ID)
_BUCKETING_TEXTS = (BUCKETING_TEXT, former_forms.BUCKETING_TEXT)


class Branch(NamedTuple):
    """One decision of a targeting, taken apart. `logic` is the condition under which it decides.

    A branch with `entity_type` lists `members`; one with `conditions` is a rule; with neither, but `rollout`, it is the
    rollout; with none of them it is JsonLogic that `build` did not write.
    """

    logic: Logic
    serves: str | Sequence[fractional.Arm] | None
    entity_type: str | None = None
    members: Collection[str] = ()
    conditions: Sequence[Condition] = ()
    tests: Sequence[Logic] = ()
    """The JsonLogic of each condition, as it was read."""
    rollout: bool = False

    @property
    def is_rule(self) -> bool:
        """Whether this is one of the rules, which are counted from 1."""
        return bool(self.conditions)


def build(members: Members, rules: Sequence[Rule], rollout: Split | None) -> dict[str, Logic] | None:
    """Return the flagd targeting, or None where nothing is targeted. The same input gives the same bytes."""
    branches = [
        *(part for name in sorted(members) if members[name] for part in _member_branch(*name, members[name])),
        *(part for rule in rules for part in _rule_branch(rule)),
        *([ENTITY_ID, _fractional(rollout)] if rollout else []),
    ]
    return {"if": branches} if branches else None


def _member_branch(variant: str, entity_type: str, ids: Collection[str]) -> Iterator[Logic]:
    yield {"and": [{"===": [ENTITY_TYPE, entity_type]}, {"in": [ENTITY_ID, ids]}]}
    yield variant


def _rule_branch(rule: Rule) -> Iterator[Logic]:
    tests = [conditions.to_logic(condition) for condition in rule.conditions]
    if not isinstance(rule.serves, str):
        tests.append(ENTITY_ID)
    yield tests[0] if len(tests) == 1 else {"and": tests}
    yield rule.serves if isinstance(rule.serves, str) else _fractional(rule.serves)


def _fractional(split: Split) -> Logic:
    return {"fractional": [BUCKETING_TEXT, *([share.variant, share.weight] for share in split)]}


def read(targeting: Logic) -> list[Branch]:
    """Return the branches of a targeting, in order; JsonLogic that `build` did not write is a branch of its own."""
    if not nodes.is_operation(targeting) or "if" not in targeting or not isinstance(targeting["if"], list):
        return [Branch(True, None)] if targeting else []
    pairs, last = nodes.branches(targeting["if"])
    return [_branch(logic, serves) for logic, serves in [*pairs, *([] if last is None else [(True, last)])]]


def _branch(logic: Logic, served: Logic) -> Branch:
    serves = _read_served(served)
    match logic:
        case {"and": [{"===": [entity_type, str(name)]}, {"in": [entity_id, members]}]} if (
            entity_type in _ENTITY_TYPES and entity_id in _ENTITY_IDS
        ):
            return Branch(logic, serves, name, members)
    if logic in _ENTITY_IDS:
        return Branch(logic, serves, rollout=True)
    tests = _tests(logic)
    read = [conditions.from_logic(test) for test in tests]
    known = [condition for condition in read if condition is not None]
    return Branch(logic, serves, conditions=known, tests=tests) if len(known) == len(tests) else Branch(logic, serves)


def _read_served(served: Logic) -> str | Sequence[fractional.Arm] | None:
    match served:
        case str():
            return served
        case {"fractional": [subject, *shares]} if subject in _BUCKETING_TEXTS:
            return fractional.arms(shares)
    return None


def _tests(logic: Logic) -> Sequence[Logic]:
    """Return the JsonLogic of a rule's conditions, which all have to hold."""
    if conditions.from_logic(logic) is not None or not nodes.is_operation(logic):
        return [logic]
    tests = logic.get("and")
    return [test for test in tests if test not in _ENTITY_IDS] if isinstance(tests, list) else [logic]
