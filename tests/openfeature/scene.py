"""Flags of every kind, made the way people make them, and thousands of contexts to evaluate them for."""

from __future__ import annotations

import random
from typing import Any

from db.configuration.edits import Members, NewFlag
from db.flags import flags
from flagstaff.targeting.operators import OPERATORS
from tests.db.helpers import ADA, targeting

ROLLOUT = [{"variant": "on", "weight": 12.5}, {"variant": "off", "weight": 87.5}]
OPERANDS: dict[str, Any] = {
    "in": ["US", "CA"],
    "not_in": ["US", "CA"],
    "exists": None,
    "not_exists": None,
    "before": "2026-01-01T00:00:00Z",
    "after": 1_700_000_000,
}
FIELDS = {"semver": "version", "gt": "age", "lt": "age", "before": "joined", "after": "joined"}


def flag_types() -> dict[str, str]:
    """Make the flags; returns their types by key, in OpenFeature's words."""
    for operator in sorted(OPERATORS):
        rule = {"name": operator, "conditions": [condition(operator)], "variant": "on"}
        create(f"by-{operator}", rules=[rule], default_variant="off")
    create("rollout", rollout=ROLLOUT)
    create("members", members=[Members("user", ["john", "None", "7"], variant="on")], default_variant="off")
    create("off", enabled=False)
    create("static", is_static=True, value=True)
    split = {
        "name": "split",
        "conditions": [{"field": "country", "operator": "eq", "value": "US"}],
        "split": [{"variant": "b", "weight": 33.333}, {"variant": "a", "weight": 66.667}],
    }
    for kind, values in VALUES.items():
        team = Members("team", ["core"], variant="a")
        create(
            f"a-{kind}", value_type=kind, variants=dict(zip("ab", values, strict=True)), rules=[split], members=[team]
        )
        create(f"static-{kind}", value_type=kind, is_static=True, value=values[0])
    kinds = {"string": "string", "number": "float", "structured": "object"}
    typed = {f"{name}-{kind}": word for kind, word in kinds.items() for name in ("a", "static")}
    return dict.fromkeys((f"by-{operator}" for operator in OPERATORS), "boolean") | {
        **dict.fromkeys(("rollout", "members", "off", "static"), "boolean"),
        **typed,
    }


VALUES: dict[str, Any] = {"string": ["ünï", ""], "number": [10, 0.5], "structured": [{"a": [1, {"b": None}]}, {}]}


def create(key: str, **more: Any) -> None:
    flags.create(NewFlag(key, **targeting(more)), "prod", actor=ADA)


def condition(operator: str) -> dict[str, Any]:
    field = next((name for start, name in FIELDS.items() if operator.startswith(start)), "country")
    operand = OPERANDS.get(operator, {"version": "1.2.0", "age": 18}.get(field, "US"))
    return {"field": field, "operator": operator, "value": operand}


def contexts(count: int, seed: int = 7) -> list[tuple[str | None, dict[str, Any]]]:
    """Targeting keys and attributes, odd ones among them; the same for the same seed."""
    chance = random.Random(seed)
    pools: dict[str, list[Any]] = {
        "country": ["US", "CA", "FR", "us", "", 1, True, None],
        "age": [17, 18, 18.0, 65, "18", None, True],
        "version": ["1.2.0", "1.10.3", "v1.2", "1.2.0-rc.1", "x", 2],
        "joined": [1_600_000_000, 1_767_225_600, 1_800_000_000.5, "2026-01-01", None],
        "entityId": ["john", "core", 7, "", None],
        "entityType": ["user", "team", "", None],
    }
    made: list[tuple[str | None, dict[str, Any]]] = []
    for number in range(count):
        key = chance.choice([None, "", "john", "None", "7", f"user-{number}", f"user-{number}", f"user-{number}"])
        names = [name for name in pools if chance.random() < 0.6]
        made.append((key, {name: chance.choice(pools[name]) for name in names}))
    return made
