"""Flags and contexts drawn at random: members, rules and rollouts of every kind, together in one flag."""

from __future__ import annotations

from random import Random
from typing import Any

from flagstaff.targeting.operators import OPERATORS
from tests.agreement.edited_flags import VARIANTS, EditedFlag
from tests.agreement.evaluators import Context
from tests.agreement.values import ABSENT, ATTRIBUTES, OPERANDS, attribute

FIELDS = ["country", "age", "plan", "version", "since", "account.tier", "account.roles"]
ENTITY_TYPES = ["user", "org", "1"]
IDS = ["john", "jane", "1", "0", "42", "true", "a b", "acme", "user-7", "x" * 60]


def flag(random: Random, key: str) -> EditedFlag:
    """Draw a flag; every tenth is disabled, every tenth static."""
    value_type = random.choice(sorted(VARIANTS))
    names = [name for name, _ in VARIANTS[value_type]]
    enabled = random.random() < 0.9
    if random.random() < 0.1:
        return EditedFlag(key, value_type, random.choice(names), enabled=enabled)
    return EditedFlag(
        key,
        value_type,
        random.choice([None, *names]),
        [_rule(random, names) for _ in range(random.choice([0, 1, 2, 4]))],
        random.choice([None, _split(random, names)]),
        _members(random, names),
        enabled,
    )


def context(random: Random) -> Context:
    """Draw attributes of every kind, half of them such that conditions may hold, and an entity, perhaps without id."""
    given: Context = {}
    for field in FIELDS:
        found = attribute(field, random.choice(ATTRIBUTES) if random.random() < 0.5 else _likely(random))
        for name, value in found.items():
            given[name] = {**given.get(name, {}), **value} if name == "account" else value
    if random.random() < 0.9:
        given["targetingKey"] = random.choice([*IDS, ""])
    if random.random() < 0.2:
        given["entityId"] = random.choice([*IDS, 0, 1, 42, "", None])
    if random.random() < 0.3:
        given["entityType"] = random.choice([*ENTITY_TYPES, 1, "", None])
    return given


def _rule(random: Random, names: list[str]) -> dict[str, Any]:
    conditions = [_condition(random) for _ in range(random.choice([1, 1, 2, 3]))]
    served = {"split": _split(random, names)} if random.random() < 0.3 else {"variant": random.choice(names)}
    return {"conditions": conditions, **served}


def _condition(random: Random) -> dict[str, Any]:
    operator = random.choice(sorted(OPERATORS))
    return {"field": random.choice(FIELDS), "operator": operator, "value": random.choice(OPERANDS[operator])}


def _split(random: Random, names: list[str]) -> list[dict[str, Any]]:
    """Draw a split, down to thousandths of a percent; some variants get nothing."""
    cuts = sorted(random.choice([0, 1, 33_333, 50_000, 99_999, random.randrange(100_001)]) for _ in names[1:])
    ends = [*cuts, 100_000]
    weights = [(end - start) / 1000 for start, end in zip([0, *cuts], ends, strict=True)]
    return [{"variant": name, "weight": weight} for name, weight in zip(names, weights, strict=True)]


def _members(random: Random, names: list[str]) -> dict[tuple[str, str], list[str]]:
    groups = {(random.choice(names), random.choice(ENTITY_TYPES)) for _ in range(random.choice([0, 0, 1, 2]))}
    return {group: random.sample(IDS, 3) for group in sorted(groups)}


def _likely(random: Random) -> Any:
    """Draw an attribute for which some operator holds: one of the values that conditions have, or none."""
    value = random.choice(random.choice(list(OPERANDS.values())))
    return ABSENT if value is None else random.choice(value) if isinstance(value, list) else value
