"""Whatever people put together, flagd's own evaluator answers for our document what our engine answers.

Generated members, rules with every operator, and rollouts go through the tables into a document; flagd's schema must
accept it, and flagd's reference evaluator must agree with the engine for each context.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.configuration.edits import Members, NewFlag
from db.definitions import document as definitions
from db.flags import flags
from db.segments import segments
from db.segments.edits import NewSegment
from db.targeting.rules import read_split
from flagstaff.targeting import UNCHANGED, Condition, Prerequisite, Ramp, Rule, Share, Step
from flagstaff.targeting.operators import OPERATORS
from tests.db.definitions.flagd_schema import problems
from tests.db.helpers import ADA, targeting
from tests.sdk.engine import flagd_oracle
from tests.sdk.engine.test_agreement import agree

EXAMPLES = int(os.environ.get("FLAGSTAFF_AGREEMENT_EXAMPLES", "5000")) // 100

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
SEGMENTS = {
    "staff": NewSegment("staff", included={"user": ["john", "7"]}, excluded={"team": ["on"]}),
    "ruled": NewSegment("ruled", excluded={"user": ["mary"]}, rules=[(Condition("country", "eq", "US"),)]),
    "many": NewSegment("many", included={"user": ["john", *(f"user-{number}" for number in range(1_200))]}),
}
PAST, NEARER, FUTURE = 1_000_000_000, 1_600_000_000, 4_000_000_000
NEEDED = "needed"
"""A flag that generated ones may need."""


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


def parts_of_rules() -> st.SearchStrategy[dict[str, Any]]:
    """A condition, or a group of which one has to hold."""
    return conditions() | st.lists(conditions(), min_size=1, max_size=3).map(lambda group: {"any": group})


@st.composite
def splits(draw: st.DrawFn, variants: list[str]) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(variants), min_size=1, max_size=3, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, 100_000), min_size=len(names) - 1, max_size=len(names) - 1)))
    weights = [high - low for low, high in zip([0, *cuts], [*cuts, 100_000], strict=True)]
    return [{"variant": name, "weight": weight / 1000} for name, weight in zip(names, weights, strict=True)]


@st.composite
def rules(draw: st.DrawFn, variants: list[str]) -> dict[str, Any]:
    served = draw(st.sampled_from(["variant", "split"]))
    what = draw(st.sampled_from(variants) if served == "variant" else splits(variants))
    return {"conditions": draw(st.lists(parts_of_rules(), min_size=1, max_size=3)), served: what}


@st.composite
def schedules(draw: st.DrawFn, variants: list[str]) -> tuple[Step, ...]:
    """Steps in the past and in the future, each of which changes something."""
    steps = []
    for moment in sorted(draw(st.sets(st.sampled_from([PAST, NEARER, FUTURE]), max_size=3))):
        rollout = draw(st.sampled_from([UNCHANGED, None]) | splits(variants))
        step = Step(
            moment,
            enabled=draw(st.sampled_from([None, True, False])),
            rollout=read_split(rollout, "rollout") if isinstance(rollout, list) else rollout,
            default_variant=draw(st.sampled_from([UNCHANGED, None, *variants])),
        )
        steps += [] if step.is_empty else [step]
    return tuple(steps)


@st.composite
def rollouts(draw: st.DrawFn, variants: list[str]) -> Any:
    """A split, none, or where there are two variants perhaps a ramp."""
    if len(variants) == 2 and draw(st.booleans()):
        start, end = draw(st.sampled_from([(PAST, NEARER), (NEARER, NEARER + 10**9), (FUTURE, FUTURE + 60)]))
        return Ramp(draw(st.sampled_from(variants)), draw(st.sampled_from([0, 5_000])), 100_000, start, end)
    return draw(st.none() | splits(variants))


@st.composite
def new_flags(draw: st.DrawFn) -> NewFlag:
    value_type = draw(st.sampled_from(sorted(TYPES)))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    entities = st.tuples(st.sampled_from(ENTITY_TYPES), st.sampled_from(IDS))
    placed = draw(st.dictionaries(entities, st.sampled_from(names), max_size=6))
    groups = defaultdict(list)
    for (kind, id_), name in placed.items():
        groups[kind, name].append(id_)
    return NewFlag(
        flagd_oracle.KEY,
        value_type,
        enabled=draw(st.sampled_from([True, True, True, False])),
        variants={name: draw(VALUES[value_type]) for name in names},
        default_variant=draw(st.none() | st.sampled_from(names)),
        **targeting({"rules": draw(st.lists(rules(names), max_size=3)), "rollout": draw(rollouts(names))}),
        schedule=draw(st.just(()) | schedules(names)),
        prerequisites=draw(st.sampled_from([(), (Prerequisite(NEEDED, ("on",)),)])),
        members=[Members(kind, ids, name) for (kind, name), ids in groups.items()],
    )


scalars = st.sampled_from([*TEXTS, *NUMBERS, "", None, True, False, "1.2.4", 1_800_000_000])
attributes = st.fixed_dictionaries(
    {},
    optional={
        **{name: scalars | st.just(["US"]) for name in ("country", "age", "version", "beta")},
        "attributes": st.fixed_dictionaries({}, optional={"plan": scalars}) | st.just("none"),
        "entityType": st.sampled_from([*ENTITY_TYPES, "", "other"]),
        "entityId": st.sampled_from([*IDS, "", 7, "nobody"]),
    },
)
asked = st.lists(st.tuples(st.none() | st.sampled_from([*IDS, "", "nobody"]), attributes), min_size=6, max_size=12)


def make_what_is_referred_to() -> None:
    for segment in SEGMENTS.values():
        segments.create(segment, actor=ADA)
    split = (Share("on", 50_000), Share("off", 50_000))
    in_many = Rule((Condition("", "in_segment", ["many"]),), "off")
    flags.create(NewFlag(NEEDED, rules=(in_many,), rollout=split), "prod", actor=ADA)


@pytest.mark.usefixtures("database")
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(new=new_flags(), contexts=asked)
def test_the_engine_and_flagd_agree_on_our_documents(new: NewFlag, contexts: list[Any]) -> None:
    if not segments.page().items:
        make_what_is_referred_to()
    flags.create(new, "prod", actor=ADA)
    try:
        written = definitions.to_bytes(definitions.document("prod", bucketing="v3"))
    finally:
        flags.archive(new.key, actor=ADA)
    assert problems(written) == []
    document = json.loads(written)
    agree(
        document,
        flagd_oracle.ask(document, TYPES[str(new.value_type)], contexts, "ours"),
        contexts,
        "v3",
        reasons=not new.schedule,
    )
