"""Flags of every kind, made the way people make them, and thousands of contexts to evaluate them for."""

from __future__ import annotations

import random
import time
from typing import Any

from db.configuration.edits import Members, NewFlag
from db.flags import flags
from db.layers import layers
from db.layers.edits import NewLayer
from db.segments import segments
from db.segments.edits import NewSegment
from flagstaff.targeting import AnyOf, Condition, LayerRange, Prerequisite, Ramp, Rule, Share, Span, Step
from flagstaff.targeting.operators import OPERATORS
from tests.db.helpers import ADA, targeting

ROLLOUT = [{"variant": "on", "weight": 12.5}, {"variant": "off", "weight": 87.5}]
OPERANDS: dict[str, Any] = {
    "in": ["US", "CA"],
    "not_in": ["US", "CA"],
    **{name: ["US", "CA"] for name in ("any_of", "none_of", "all_of")},
    "exists": None,
    "not_exists": None,
    "before": "2026-01-01T00:00:00Z",
    "after": 1_700_000_000,
}
WITH_CHANGING_DEFAULT = frozenset({"planned"})
"""Flags whose schedule switches off or changes the default, so that the default variant is part of the targeting."""
FIELDS = {"semver": "version", "gt": "age", "lt": "age", "before": "joined", "after": "joined"}


def flag_types() -> dict[str, str]:
    """Make the flags; returns their types by key, in OpenFeature's words."""
    make_segments()
    for operator in sorted(OPERATORS):
        rule = {"name": operator, "conditions": [condition(operator)], "variant": "on"}
        create(f"by-{operator}", rules=[rule], default_variant="off")
    create("rollout", rollout=ROLLOUT)
    released = with_release_logic()
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
        **dict.fromkeys(released, "boolean"),
        **typed,
    }


def make_segments() -> None:
    """Make a segment that is written in, and one whose ids are shared."""
    rule = (Condition("country", "eq", "FR"), AnyOf((Condition("age", "gte", 18), Condition("version", "exists"))))
    staff = NewSegment("staff", included={"user": ["john", "7"]}, excluded={"team": ["core"]}, rules=[rule])
    many = [f"user-{number}" for number in range(0, 4_000, 2)]
    for new in (staff, NewSegment("many", included={"user": many}, excluded={"user": ["user-9"]})):
        segments.create(new, actor=ADA)


def with_release_logic() -> list[str]:
    """Make flags that need others, change with time, and refer to shared ids; returns their keys."""
    in_many = [Rule((Condition("", "in_segment", ["many", "staff"]),), "on")]
    past, future = int(time.time()) - 86_400, int(time.time()) + 30 * 86_400
    half = (Share("on", 50_000), Share("off", 50_000))
    steps = (
        Step(past, enabled=True, rollout=half),
        Step(past + 60, default_variant="off"),
        Step(future, enabled=False),
    )
    create("of-many", rules=tuple(in_many), default_variant="off")
    create("planned", enabled=False, schedule=steps)
    create("growing", rollout=Ramp("on", 5_000, 60_000, past, future))
    create("needing", default_variant="off", rollout=half, prerequisites=(Prerequisite("of-many", ("on",)),))
    create(
        "needing-both", rollout=half, prerequisites=tuple(Prerequisite(key, ("on",)) for key in ("needing", "planned"))
    )
    layers.create(NewLayer("people"), actor=ADA)
    layers.create(NewLayer("releases", split_by="version", holdout=Span(90_000, 100_000)), actor=ADA)
    create("in-a-layer", rollout=half, layer=LayerRange("people", Span(20_000, 80_000)))
    create("by-version", rollout=half, split_by="version", layer=LayerRange("releases", Span(0, 60_000)))
    create("by-both", rollout=half, layer=LayerRange("releases", Span(60_000, 90_000)), default_variant="off")
    of_layers = ["in-a-layer", "by-version", "by-both"]
    return ["of-many", "planned", "growing", "needing", "needing-both", *of_layers]


VALUES: dict[str, Any] = {"string": ["ünï", ""], "number": [10, 0.5], "structured": [{"a": [1, {"b": None}]}, {}]}


def create(key: str, **more: Any) -> None:
    flags.create(NewFlag(key, client_side=True, **targeting(more)), "prod", actor=ADA)


def condition(operator: str) -> dict[str, Any]:
    field = next((name for start, name in FIELDS.items() if operator.startswith(start)), "country")
    if operator.endswith("_segment"):
        return {"operator": operator, "value": ["staff"]}
    operand = OPERANDS.get(operator, {"version": "1.2.0", "age": 18}.get(field, "US"))
    return {"field": field, "operator": operator, "value": operand}


def contexts(count: int, seed: int = 7) -> list[tuple[str | None, dict[str, Any]]]:
    """Targeting keys and attributes, odd ones among them; the same for the same seed."""
    chance = random.Random(seed)
    pools: dict[str, list[Any]] = {
        "country": ["US", "CA", "FR", "us", "", 1, True, None, ["CA", "US"], ["FR"]],
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
