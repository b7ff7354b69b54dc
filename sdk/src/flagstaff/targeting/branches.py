"""A flag's targeting taken apart again: the branches that `flagstaff.targeting.building` wrote, in order."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

from flagstaff.jsonlogic import fractional, nodes
from flagstaff.jsonlogic.fractional import Arm
from flagstaff.targeting import former_forms
from flagstaff.targeting.condition_logic import from_logic
from flagstaff.targeting.conditions import Test
from flagstaff.targeting.entity import ENTITY_ID, ENTITY_TYPE, read_split_field
from flagstaff.targeting.layers import Gate, read_gate
from flagstaff.targeting.rules import TOTAL_WEIGHT
from flagstaff.targeting.schedule import ReadRamp, read_ramp, read_until
from flagstaff.targeting.segments import NOTHING_KNOWN, Known

Logic = Any

_ENTITY_TYPES = (ENTITY_TYPE, former_forms.ENTITY_TYPE)
_ENTITY_IDS = (ENTITY_ID, former_forms.ENTITY_ID)


class Kind(Enum):
    """What a branch is."""

    PREREQUISITE = auto()
    """Another flag does not serve what it has to: the default applies."""
    PERIOD = auto()
    """The period of a schedule that holds. It decides nothing; the branches after it are of this period."""
    MEMBERS = auto()
    RULE = auto()
    """One of the rules, which are counted from 1."""
    ROLLOUT = auto()
    DEFAULT = auto()
    """The default variant, where the targeting itself says it."""
    LOGIC = auto()
    """JsonLogic that Flagstaff did not write."""


class Branch(NamedTuple):
    """One decision of a targeting. `logic` is the condition under which it decides."""

    kind: Kind
    logic: Logic
    serves: str | Sequence[Arm] | None = None
    entity_type: str | None = None
    members: Collection[str] = ()
    conditions: Sequence[Test] = ()
    tests: Sequence[Logic] = ()
    """The JsonLogic of each condition, as it was read."""
    ramp: ReadRamp | None = None
    """How what it serves grows with time; `serves` is how it is at the time that was asked for."""
    hashed: Logic = None
    """The JsonLogic of the text that its split hashes."""
    split_by: str | None = None
    """The field by which its split is, where it is not by the entity."""
    gate: Gate | None = None
    """The part of a layer that a rollout is for."""
    flag: Logic = None
    """The JsonLogic of what a prerequisite serves."""
    needs: Sequence[str] = ()
    """The variants of which a prerequisite has to serve one."""
    since: int | None = None
    """When a period began, in seconds since 1970; None for the first one."""
    until: int | None = None
    """When a period ends; None for the last one."""


def read(targeting: Logic, known: Known = NOTHING_KNOWN, at: float | None = None) -> list[Branch]:
    """Return the branches of a targeting, in order; JsonLogic that Flagstaff did not write is a branch of its own.

    Args:
        known: what helps to call segments by their keys.
        at: the time whose period is read, in seconds since 1970; now if left out.
    """
    return list(_read(targeting, known, time.time() if at is None else at, is_top=True))


def _read(targeting: Logic, known: Known, at: float, *, is_top: bool = False) -> Iterator[Branch]:
    if not nodes.is_operation(targeting) or not isinstance(targeting.get("if"), list):
        if targeting:
            yield _last(targeting, is_top)
        return
    pairs, last = nodes.branches(targeting["if"])
    since = None
    for logic, served in pairs:
        end = read_until(logic)
        if end is None:
            yield read_branch(logic, served, known, at)
        elif at < end:
            yield Branch(Kind.PERIOD, True, since=since, until=end)
            yield from _read(served, known, at)
            return
        else:
            since = end
    if since is not None:
        yield Branch(Kind.PERIOD, True, since=since)
        yield from _read(last, known, at)
    elif last is not None:
        yield _last(last, False)


def _last(logic: Logic, is_whole: bool) -> Branch:
    """Return the branch that is left when no condition held."""
    return Branch(Kind.DEFAULT if isinstance(logic, str) and not is_whole else Kind.LOGIC, True, _constant(logic))


def _constant(logic: Logic) -> str | None:
    return logic if isinstance(logic, str) else None


def read_branch(logic: Logic, served: Logic, known: Known, at: float) -> Branch:
    """Return the branch that decides what is served where `logic` holds."""
    serves, ramp, hashed = _read_served(served, at)
    of_split: dict[str, Any] = {"ramp": ramp, "hashed": hashed, "split_by": _split_by(hashed)}
    match logic:
        case {"!": [{"in": [flag, [*needs]]}]} if is_prerequisite(logic):
            return Branch(Kind.PREREQUISITE, logic, serves, flag=flag, needs=needs)
        case {"and": [{"===": [entity_type, str(name)]}, {"in": [entity_id, members]}]} if (
            entity_type in _ENTITY_TYPES and entity_id in _ENTITY_IDS
        ):
            return Branch(Kind.MEMBERS, logic, serves, entity_type=name, members=members)
        case {"$ref": str(name)} if name in known.evaluators:
            return read_branch(known.evaluators[name], served, known, at)._replace(logic=logic)
    gate = _read_entrance(logic)
    if gate is not None or _is_subject(logic):
        return Branch(Kind.ROLLOUT, logic, serves, gate=gate, **of_split)
    tests = _tests(logic, known)
    read = [from_logic(test, known) for test in tests]
    conditions = [condition for condition in read if condition is not None]
    if len(conditions) < len(tests):
        return Branch(Kind.LOGIC, logic, serves)
    return Branch(Kind.RULE, logic, serves, conditions=conditions, tests=tests, **of_split)


def _read_served(served: Logic, at: float) -> tuple[str | Sequence[Arm] | None, ReadRamp | None, Logic]:
    """Return what a branch serves, how a ramp grows, and the JsonLogic of the text that a split hashes."""
    match served:
        case str():
            return served, None, None
        case {"fractional": [text, [growing, weight], [other, rest]]} if _is_bucketing_text(text) and (
            ramp := read_ramp(weight, rest)
        ):
            share = ramp.weight_at(at)
            return [Arm(growing, share), Arm(other, TOTAL_WEIGHT - share)], ramp, text
        case {"fractional": [text, *shares]} if _is_bucketing_text(text):
            return fractional.arms(shares), None, text
    return None, None, None


def _is_bucketing_text(logic: Logic) -> bool:
    match logic:
        case {"cat": [key, ":", subject]}:
            return _is_subject(subject) and (key == {"var": "$flagd.flagKey"} or isinstance(key, str))
    return False


def _is_subject(logic: Logic) -> bool:
    """Tell whether JsonLogic is what a split may be by."""
    return logic in _ENTITY_IDS or read_split_field(logic) is not None


def _read_entrance(logic: Logic) -> Gate | None:
    """Return the part of a layer that a rollout is for; None where JsonLogic says something else."""
    match logic:
        case {"and": [subject, *others, gate]} if all(map(_is_subject, (subject, *others))) and len(others) < 2:
            return read_gate(gate)
    return None


def _split_by(text: Logic) -> str | None:
    return None if text is None else read_split_field(text["cat"][2])


def key_of(targeting: Logic) -> str | None:
    """Return the key of the flag whose targeting was written into another one; None where it has no split."""
    for node in nodes.walk(targeting):
        match node:
            case {"cat": [str(key), ":", subject]} if _is_subject(subject):
                return key
    return None


def _tests(logic: Logic, known: Known) -> Sequence[Logic]:
    """Return the JsonLogic of a rule's conditions, which all have to hold."""
    if not nodes.is_operation(logic) or from_logic(logic, known) is not None:
        return [logic]
    tests = logic.get("and")
    return [test for test in tests if not _is_subject(test)] if isinstance(tests, list) else [logic]


def labelled(targeting: Logic) -> tuple[Logic, list[Branch]]:
    """Return the targeting with the number of a branch in place of what each serves, and these branches.

    So it can be found out which branch decides, at any time.
    """
    branches: list[Branch] = []

    def label(branch: Branch) -> str:
        branches.append(branch)
        return str(len(branches) - 1)

    def labels(logic: Logic, is_whole: bool) -> Logic:
        if not nodes.is_operation(logic) or not isinstance(logic.get("if"), list):
            return label(_last(logic, is_whole)) if logic else None
        pairs, last = nodes.branches(logic["if"])
        parts: list[Logic] = []
        for test, served in pairs:
            is_period = read_until(test) is not None
            parts += [
                test,
                labels(served, False) if is_period else label(read_branch(test, served, NOTHING_KNOWN, 0.0)),
            ]
        return {"if": [*parts, labels(last, False)]}

    return labels(targeting, True), branches


def is_schedule(targeting: Logic) -> bool:
    """Tell whether a targeting chooses between the periods of a schedule."""
    if not nodes.is_operation(targeting) or not isinstance(targeting.get("if"), list):
        return False
    pairs, _ = nodes.branches(targeting["if"])
    return any(read_until(test) is not None for test, _ in pairs)


def is_prerequisite(logic: Logic) -> bool:
    """Tell whether a condition is that a prerequisite fails."""
    match logic:
        case {"!": [{"in": [flag, [*_]]}]}:
            return isinstance(flag, str) or (nodes.is_operation(flag) and "if" in flag)
    return False
