"""Flags drawn at random, as people put them together: everything that the editing model has."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import strategies as st

from db.configuration.edits import Members, NewFlag
from db.layers import layers
from db.layers.edits import NewLayer
from db.segments import segments
from db.segments.edits import NewSegment
from db.targeting.rules import read_segment_rules
from db.targeting.schedules import read_ramp, read_schedule
from flagstaff.targeting import LayerRange, Prerequisite, Span
from flagstaff.targeting.operators import OPERATORS
from tests.db.helpers import ADA, targeting
from tests.sdk.engine import flagd_oracle

TYPES = {"boolean": "boolean", "string": "string", "number": "float", "structured": "object"}
NAMES = ["on", "off", "None", "true", "1", "v1"]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "string": st.sampled_from(["", "a", "on", "日本", "1"]),
    "number": st.sampled_from([0, 1, -1, 1.5, 1e23, 9007199254740991]),
    "structured": st.sampled_from([{}, {"a": 1}, {"a": {"b": [1, True, None]}}]),
}
FIELDS = ["country", "age", "attributes.plan", "version", "beta", "targetingKey", "entityType"]
TEXTS = ["US", "us", "1", "true", "None", "premium", "1.2.3", "john", "user", "ünï"]
NUMBERS: list[int | float] = [0, 1, 18, -1, 17.5, 1_700_000_000]
MOMENTS: list[Any] = ["2026-01-31T09:00:00Z", "2023-11-14T22:13:20+00:00", 1_700_000_000]
IDS = ["john", "mary", "None", "on", "7", "日本", "a b"]
ENTITY_TYPES = ["user", "team", "None"]


STEPS = ["2001-09-09T01:46:40Z", "2020-01-01T00:00:00Z", "2036-01-01T00:00:00Z", "2096-10-02T07:06:40Z"]
RAMPS = [*STEPS[:3], "2050-01-01T00:00:00Z"]
"""Times of ramps, none of which would take more than 68 years for all that are drawn."""
"""No evaluator's clock passes one of these while it answers."""
_RULE = [{"field": "country", "operator": "eq", "value": "US"}, {"field": "age", "operator": "gte", "value": 18}]
SEGMENTS: dict[str, dict[str, Any]] = {
    "nobody": {},
    "listed": {"included": {"user": ["john", "7", "日本"], "team": ["on"]}, "excluded": {"user": ["mary"]}},
    "ruled": {"excluded": {"user": ["john"]}, "rules": [{"conditions": _RULE}, {"conditions": [{"any": _RULE}]}]},
    "shared": {"included": {"user": [*(f"user-{n}" for n in range(1_200)), "john", "None"]}},
}
"""Of nobody, of ids, of rules too, and of so many ids that they are shared."""


def operand(operator: str) -> st.SearchStrategy[Any]:
    """Values that fit an operator."""
    match operator:
        case "exists" | "not_exists":
            return st.none()
        case "eq" | "neq":
            return st.sampled_from([*TEXTS, *NUMBERS, True, False])
        case "in_segment" | "not_in_segment":
            return st.lists(st.sampled_from(sorted(SEGMENTS)), min_size=1, max_size=2, unique=True)
        case "in" | "not_in" | "any_of" | "none_of" | "all_of":
            return st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3) | st.lists(
                st.sampled_from(NUMBERS), min_size=1, max_size=3
            )
        case "gt" | "gte" | "lt" | "lte":
            return st.sampled_from(NUMBERS)
        case "before" | "after":
            return st.sampled_from(MOMENTS)
        case _ if operator.startswith("semver"):
            return st.sampled_from(["1.2.3", "1.2", "2.0.0-rc.1", "v1.2.4"])
    return st.sampled_from(TEXTS)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from(sorted(OPERATORS)))
    if operator.endswith("_segment"):
        return {"operator": operator, "value": draw(operand(operator))}
    fields = [*FIELDS, "now"] if operator in ("before", "after") else FIELDS
    return {"field": draw(st.sampled_from(fields)), "operator": operator, "value": draw(operand(operator))}


groups = st.builds(lambda some: {"any": some}, st.lists(conditions(), min_size=1, max_size=3))


@st.composite
def splits(draw: st.DrawFn, variants: list[str]) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(variants), min_size=1, max_size=3, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, 100_000), min_size=len(names) - 1, max_size=len(names) - 1)))
    weights = [high - low for low, high in zip([0, *cuts], [*cuts, 100_000], strict=True)]
    return [{"variant": name, "weight": weight / 1000} for name, weight in zip(names, weights, strict=True)]


split_fields = st.none() | st.sampled_from(FIELDS)
"""By what a split is."""


@st.composite
def rules(draw: st.DrawFn, variants: list[str]) -> dict[str, Any]:
    served = draw(st.sampled_from(["variant", "split"]))
    what = draw(st.sampled_from(variants) if served == "variant" else splits(variants))
    by = draw(split_fields) if served == "split" else None
    tests = draw(st.lists(conditions() | groups, min_size=1, max_size=3))
    return {"conditions": tests, served: what, **({"splitBy": by} if by else {})}


@st.composite
def schedules(draw: st.DrawFn, variants: list[str]) -> list[dict[str, Any]]:
    """Steps that are past and to come, each of which changes something."""
    changes: dict[str, st.SearchStrategy[Any]] = {
        "enabled": st.booleans(),
        "rollout": st.none() | splits(variants),
        "defaultVariant": st.none() | st.sampled_from(variants),
    }
    times = sorted(draw(st.lists(st.sampled_from(STEPS), max_size=3, unique=True)))
    some = st.lists(st.sampled_from(sorted(changes)), min_size=1, max_size=3, unique=True)
    return [{"at": at, **{name: draw(changes[name]) for name in draw(some)}} for at in times]


@st.composite
def rollouts(draw: st.DrawFn, variants: list[str]) -> dict[str, Any]:
    """Nothing, a split, or of two variants perhaps a ramp: before it, in it, or after it."""
    if len(variants) == 2 and draw(st.booleans()):
        start, end = draw(st.sampled_from(list(pairwise(RAMPS))))
        shares = {"from": draw(st.sampled_from([0, 0.5, 33.333])), "to": draw(st.sampled_from([64, 99.999, 100]))}
        ramp = read_ramp({"variant": draw(st.sampled_from(variants)), **shares, "start": start, "end": end})
        return {"rollout": ramp}
    return targeting({"rollout": draw(st.none() | splits(variants))})


class Drawn(NamedTuple):
    """A flag, and those that it needs, in the order in which they can be made."""

    new: NewFlag
    needed: list[NewFlag]


@st.composite
def new_flags(draw: st.DrawFn, key: str = flagd_oracle.KEY, chain: int = 2) -> Drawn:
    value_type = draw(st.sampled_from(sorted(TYPES)))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    needed = [draw(new_flags(f"{key}.{number}", chain - 1)) for number in range(draw(_needs(chain)))]
    entities = st.tuples(st.sampled_from(ENTITY_TYPES), st.sampled_from(IDS))
    placed = draw(st.dictionaries(entities, st.sampled_from(names), max_size=6))
    groups = defaultdict(list)
    for (kind, id_), name in placed.items():
        groups[kind, name].append(id_)
    new = NewFlag(
        key,
        value_type,
        enabled=draw(st.sampled_from([True, True, True, False])),
        variants={name: draw(VALUES[value_type]) for name in names},
        default_variant=draw(st.none() | st.sampled_from(names)),
        **targeting({"rules": draw(st.lists(rules(names), max_size=3))}),
        **draw(rollouts(names)),
        split_by=draw(split_fields),
        layer=draw(layer_ranges(key)),
        schedule=read_schedule(draw(schedules(names))),
        prerequisites=[draw(prerequisites(one.new)) for one in needed],
        members=[Members(kind, ids, name) for (kind, name), ids in groups.items()],
    )
    return Drawn(new, [flag for one in needed for flag in (*one.needed, one.new)])


LAYERS: dict[str, str | None] = {"people": None, "plans": "attributes.plan"}
"""Layers, and by what they are."""
WIDTH = 100_000 // 7
"""Of the range of each flag: with those that it needs, and those that they need, they are seven."""


@st.composite
def layer_ranges(draw: st.DrawFn, key: str) -> LayerRange | None:
    """None, or a range that no other flag of the chain has."""
    if draw(st.booleans()):
        return None
    numbers = [int(number) for number in key.split(".")[1:]]
    at = WIDTH * (
        sum(2 ** len(numbers[:end]) for end in range(len(numbers))) + int("0" + "".join(map(str, numbers)), 2)
    )
    start, end = sorted(draw(st.lists(st.integers(0, WIDTH), min_size=2, max_size=2, unique=True)))
    return LayerRange(draw(st.sampled_from(sorted(LAYERS))), Span(at + start, at + end))


def _needs(chain: int) -> st.SearchStrategy[int]:
    return st.sampled_from([0, 0, 1, 2]) if chain else st.just(0)


@st.composite
def prerequisites(draw: st.DrawFn, needed: NewFlag) -> Prerequisite:
    assert isinstance(needed.variants, dict)
    wanted = draw(st.lists(st.sampled_from(list(needed.variants)), min_size=1, unique=True))
    return Prerequisite(needed.key, tuple(wanted))


def make_segments() -> None:
    """Make the segments that conditions name, and the layers that flags are in."""
    for key, split_by in LAYERS.items():
        layers.create(NewLayer(key, split_by=split_by), actor=ADA)
    for key, fields in SEGMENTS.items():
        given: dict[str, Any] = {"included": {}, "excluded": {}, "rules": [], **fields}
        rules_ = read_segment_rules(given.pop("rules"))
        segments.create(NewSegment(key, **given, rules=rules_), actor=ADA)
