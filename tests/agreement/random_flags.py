"""Flags and contexts drawn at random: members, rules and rollouts of every kind, together in one flag."""

from __future__ import annotations

from random import Random
from typing import Any

from flagstaff.targeting.operators import OPERATORS
from tests.agreement.edited_flags import LAYERS, SEGMENTS, VARIANTS, EditedFlag
from tests.agreement.evaluators import Context
from tests.agreement.values import ABSENT, ATTRIBUTES, OPERANDS, attribute

FIELDS = ["country", "age", "plan", "version", "since", "account.tier", "account.roles"]
ENTITY_TYPES = ["user", "org", "1"]
IDS = ["john", "jane", "1", "0", "42", "true", "a b", "acme", "user-7", "x" * 60]


PAST, SOON, FUTURE = "2001-09-09T01:46:40Z", "2020-01-01T00:00:00Z", "2096-10-02T07:06:40Z"
"""No evaluator's clock passes one of these while it answers."""


def flag(random: Random, key: str, chain: int = 2) -> EditedFlag:
    """Draw a flag; every tenth is disabled, every tenth static, some need others, which may need others too."""
    value_type = random.choice(sorted(VARIANTS))
    names = [name for name, _ in VARIANTS[value_type]]
    enabled = random.random() < 0.9
    if random.random() < 0.1:
        return EditedFlag(key, value_type, random.choice(names), enabled=enabled)
    ramp = _ramp(random, names) if len(names) == 2 and random.random() < 0.2 else None
    return EditedFlag(
        key,
        value_type,
        random.choice([None, *names]),
        [_rule(random, names) for _ in range(random.choice([0, 1, 2, 4]))],
        None if ramp else random.choice([None, _split(random, names)]),
        _members(random, names),
        enabled,
        ramp,
        _schedule(random, names) if random.random() < 0.25 else (),
        [_need(random, f"{key}.{number}", chain) for number in range(random.choice([0, 0, 0, 1, 2]) if chain else 0)],
        _split_by(random),
        _layer(random),
    )


def _layer(random: Random) -> dict[str, Any] | None:
    """Draw a range of a layer, mostly none; all of it and the smallest ones too."""
    if random.random() < 0.7:
        return None
    first, last = random.choice([(0, 100_000), (0, 1), (99_999, 100_000), (0, 45_000), (33_333, 90_000)])
    return {"key": random.choice(sorted(LAYERS)), "from": first / 1000, "to": last / 1000}


def _split_by(random: Random) -> str | None:
    """Draw by what a split is: mostly by the entity."""
    return random.choice(FIELDS) if random.random() < 0.3 else None


def _need(random: Random, key: str, chain: int) -> tuple[EditedFlag, list[str]]:
    needed = flag(random, key, chain - 1)
    return needed, random.sample(needed.names, random.choice([1, len(needed.names) - 1]))


def _ramp(random: Random, names: list[str]) -> dict[str, Any]:
    start, end = random.choice([(PAST, SOON), (SOON, "2036-01-01T00:00:00Z"), (FUTURE, "2097-01-01T00:00:00Z")])
    first, last = random.choice([0, 0.5, 5, 33.333]), random.choice([64, 99.999, 100])
    return {"variant": random.choice(names), "from": first, "to": last, "start": start, "end": end}


def _schedule(random: Random, names: list[str]) -> list[dict[str, Any]]:
    """Draw steps, each of which changes something."""
    drawn = []
    for at in sorted(random.sample([PAST, SOON, FUTURE], random.choice([1, 2, 3]))):
        step: dict[str, Any] = {"at": at}
        if random.random() < 0.5:
            step["enabled"] = random.random() < 0.6
        if random.random() < 0.5:
            step["rollout"] = random.choice([None, _split(random, names)])
        if random.random() < 0.5 or len(step) == 1:
            step["defaultVariant"] = random.choice([None, *names])
        drawn.append(step)
    return drawn


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
    conditions = [_test(random) for _ in range(random.choice([1, 1, 2, 3]))]
    if random.random() < 0.7:
        return {"conditions": conditions, "variant": random.choice(names)}
    by = _split_by(random)
    return {"conditions": conditions, "split": _split(random, names), **({"splitBy": by} if by else {})}


def _test(random: Random) -> dict[str, Any]:
    """Draw a condition, or a group of which one has to hold."""
    if random.random() < 0.2:
        return {"any": [_condition(random) for _ in range(random.choice([1, 2, 3]))]}
    return _condition(random)


def _condition(random: Random) -> dict[str, Any]:
    operator = random.choice(sorted(OPERATORS))
    if operator.endswith("_segment"):
        return {"operator": operator, "value": random.sample(sorted(SEGMENTS), random.choice([1, 1, 2]))}
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
