"""Layers: their JsonLogic, read back, and who is where, of 100,000 entities."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import pytest

from flagstaff.engine import Engine
from flagstaff.jsonlogic.fractional import Bucketing
from flagstaff.targeting import (
    ENTITY_ID,
    TOTAL_WEIGHT,
    Catalog,
    Condition,
    Configuration,
    Kind,
    Layer,
    LayerRange,
    Rule,
    Share,
    Span,
    build,
    read,
)
from flagstaff.targeting.entity import split_subject
from flagstaff.targeting.layers import gate_logic, read_gate

ENTITIES = 100_000
ALL = (Share("on", TOTAL_WEIGHT), Share("off", 0))
QUARTER = (Share("on", 25_000), Share("off", 75_000))
RANGES = {
    "one": Span(0, 45_000),
    "two": Span(45_000, 80_000),
    "three": Span(80_000, 80_001),
    "four": Span(90_000, 95_000),
}
"""Of the layer; what is between 80.001 and 90 % is free, and the last 5 % are the holdout."""
HOLDOUT = Span(95_000, TOTAL_WEIGHT)


def flag(key: str, span: Span, layer: str = "checkout", **more: Any) -> Configuration:
    return Configuration(key, **{"rollout": ALL, "layer": LayerRange(layer, span), **more})


def engine_of(bucketing: str, *flags: Configuration, layers: tuple[Layer, ...] = ()) -> Engine:
    catalog = Catalog(layers={layer.key: layer for layer in layers})
    made = {
        each.key: {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "",
            "targeting": build(each, catalog).logic,
        }
        for each in flags
    }
    return Engine({"flags": made}, bucketing)


def inside(engine: Engine, key: str, field: str = "targetingKey", variant: str | None = None) -> set[int]:
    """The entities whom the flag serves something, or this variant."""
    found = set()
    for number in range(ENTITIES):
        served = engine.evaluate(key, {field: f"user-{number}"}).variant
        if served is not None and variant in (None, served):
            found.add(number)
    return found


def is_share(found: set[int], share: float, of: int = ENTITIES) -> bool:
    """Whether so many are within four standard errors of a share."""
    return abs(len(found) / of - share) <= 4 * math.sqrt(share * (1 - share) / of)


@pytest.mark.parametrize("bucketing", Bucketing)
def test_disjoint_ranges_share_nobody_and_the_holdout_is_in_none(bucketing: Bucketing) -> None:
    probe = flag("holdout", HOLDOUT)  # no flag may have it; this one tells who is there
    engine = engine_of(bucketing, *(flag(key, span) for key, span in RANGES.items()), probe)
    found = {key: inside(engine, key) for key in (*RANGES, "holdout")}
    for one, other in combinations(found, 2):
        assert not found[one] & found[other], (one, other)
    for key, span in {**RANGES, "holdout": HOLDOUT}.items():
        assert is_share(found[key], (span.end - span.start) / TOTAL_WEIGHT), key
    assert is_share(set(range(ENTITIES)).difference(*found.values()), 0.09999)


def test_a_share_inside_a_range_is_one_of_those_in_it() -> None:
    engine = engine_of("v2", flag("one", RANGES["one"]), flag("part", RANGES["one"], rollout=QUARTER))
    everyone, on = inside(engine, "one"), inside(engine, "part", variant="on")
    assert on < everyone and inside(engine, "part") == everyone
    assert is_share(on, 0.25, of=len(everyone))


def test_layers_are_independent() -> None:
    engine = engine_of("v2", flag("one", Span(0, 50_000)), flag("other", Span(0, 50_000), "search"))
    one, other = inside(engine, "one"), inside(engine, "other")
    assert is_share(one & other, 0.5, of=len(one))


def test_a_range_that_grows_at_its_end_keeps_everyone() -> None:
    engine = engine_of("v2", flag("small", Span(10_000, 20_000)), flag("large", Span(10_000, 30_000)))
    assert inside(engine, "small") < inside(engine, "large")


def test_a_layer_by_a_field() -> None:
    by_team = Layer("checkout", "team")
    engine = engine_of("v2", *(flag(key, span, split_by="team") for key, span in RANGES.items()), layers=(by_team,))
    one, two = inside(engine, "one", "team"), inside(engine, "two", "team")
    assert is_share(one, 0.45) and not one & two
    assert inside(engine, "one") == set()


def test_what_is_written() -> None:
    rollout = {"fractional": [{"cat": [{"var": "$flagd.flagKey"}, ":", ENTITY_ID]}, ["on", 25_000], ["off", 75_000]]}
    text = {"cat": ["layer:checkout:", ENTITY_ID]}
    in_the_middle = {"===": [{"fractional": [text, ["out", 45_000], ["in", 35_000], ["out", 20_000]]}, "in"]}
    assert build(flag("two", RANGES["two"], rollout=QUARTER)).logic == {
        "if": [{"and": [ENTITY_ID, in_the_middle]}, rollout]
    }
    assert gate_logic(Layer("checkout"), Span(0, 45_000)) == {
        "===": [{"fractional": [text, ["in", 45_000], ["out", 55_000]]}, "in"]
    }
    assert gate_logic(Layer("checkout"), Span(0, TOTAL_WEIGHT)) == {
        "===": [{"fractional": [text, ["in", TOTAL_WEIGHT]]}, "in"]
    }


@pytest.mark.parametrize("split_by", [None, "organisation.id"])
@pytest.mark.parametrize("of_layer", [None, "organisation.id", "team"])
@pytest.mark.parametrize("span", [Span(0, 1), Span(45_000, 80_000), Span(80_000, TOTAL_WEIGHT), Span(0, TOTAL_WEIGHT)])
def test_what_is_written_is_read_back(split_by: str | None, of_layer: str | None, span: Span) -> None:
    catalog = Catalog(layers={"checkout": Layer("checkout", of_layer)})
    built = build(flag("one", span, rollout=QUARTER, split_by=split_by), catalog)
    (branch,) = read(built.logic)
    assert (branch.kind, branch.split_by) == (Kind.ROLLOUT, split_by)
    assert branch.gate is not None
    assert branch.gate[:3] == ("checkout", of_layer, span)


def test_a_rule_with_a_split_is_no_rollout_in_a_layer() -> None:
    rule = Rule((Condition("team", "eq", "in"),), QUARTER, split_by="team")
    branches = read(build(flag("one", RANGES["one"], rules=(rule,))).logic)
    assert [(branch.kind, branch.split_by, branch.gate is None) for branch in branches] == [
        (Kind.RULE, "team", True),
        (Kind.ROLLOUT, None, False),
    ]
    assert branches[0].conditions == list(rule.conditions)


def arms(*arms: Any, prefix: Any = "layer:checkout:", subject: Any = ENTITY_ID, last: Any = "in") -> Any:
    return {"===": [{"fractional": [{"cat": [prefix, subject]}, *arms]}, last]}


@pytest.mark.parametrize(
    "logic",
    [
        arms(["in", 45_000]),
        arms(["in", 45_000], ["out", 45_000]),
        arms(["out", 0], ["in", 45_000], ["out", 55_000]),
        arms(["out", 45_000], ["out", 55_000]),
        arms(["in", True], ["out", 99_999]),
        arms(["in", 45_000], ["out", 55_000], last="out"),
        arms(["in", 45_000], ["out", 55_000], prefix="other:checkout:"),
        arms(["in", 45_000], ["out", 55_000], subject={"var": "targetingKey"}),
        arms("in", 100_000),
        arms(),
        {"===": [split_subject("team"), "in"]},
        None,
    ],
)
def test_what_is_not_ours_is_not_read(logic: Any) -> None:
    assert read_gate(logic) is None
    assert [branch.kind for branch in read({"if": [{"and": [ENTITY_ID, logic]}, "on"]})] == [Kind.LOGIC]
