"""Which branch of a targeting decides, beside what evaluation and explanation say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagstaff.engine import Engine, Reason
from flagstaff.targeting import Branch, Kind, Rule, Share
from flagstaff.targeting.conditions import Condition
from tests.targetings import logic_of

RULES = [
    Rule([Condition("country", "in", ["US", "CA"]), Condition("age", "gte", 18)], "on"),
    Rule([Condition("plan", "eq", "premium")], [Share("on", 50_000), Share("off", 50_000)]),
]
BUILT = logic_of(
    {("on", "user"): ["john"], ("off", "team"): ["red"]}, RULES, [Share("on", 25_000), Share("off", 75_000)]
)


def flag(**fields: Any) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": {"on": True, "off": False}, **fields}


ENGINE = Engine({"flags": {"beta": flag(targeting=BUILT)}})


def kind_of(branch: Branch | None) -> str:
    """The word that an explanation has for it."""
    if branch is None:
        return "default"
    return "members" if branch.entity_type else "rollout" if branch.kind is Kind.ROLLOUT else "rule"


@pytest.mark.parametrize(
    ("context", "kind"),
    [
        ({"targetingKey": "john"}, "members"),
        ({"entityId": "red", "entityType": "team", "country": "US", "age": 20}, "members"),
        ({"targetingKey": "john", "entityType": "team"}, "rollout"),
        ({"country": "US", "age": 20}, "rule"),
        ({"country": "US", "age": "20"}, "default"),
        ({"plan": "premium", "targetingKey": "u2"}, "rule"),
        ({"plan": "premium"}, "default"),
        ({"targetingKey": "u2"}, "rollout"),
        ({}, "default"),
    ],
)
def test_the_deciding_branch(context: dict[str, Any], kind: str) -> None:
    assert kind_of(ENGINE.branch("beta", context)) == kind


contexts = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["US", "DE", 1, None]),
        "age": st.sampled_from([17, 18, "18", None, True]),
        "plan": st.sampled_from(["premium", "free", ["premium"]]),
        "targetingKey": st.sampled_from(["john", "red", "u1", "u2", "u3", "u4", ""]),
        "entityId": st.sampled_from(["john", "red", 7, None]),
        "entityType": st.sampled_from(["user", "team", ""]),
    },
)


@given(contexts)
def test_it_is_the_one_that_the_explanation_ends_with(context: dict[str, Any]) -> None:
    branch = ENGINE.branch("beta", context)
    assert kind_of(branch) == ENGINE.explain("beta", context).steps[-1].kind
    decided = ENGINE.evaluate("beta", context).reason in (Reason.TARGETING_MATCH, Reason.SPLIT)
    assert decided == (branch is not None)


@pytest.mark.parametrize(
    "definition",
    [
        pytest.param(flag(defaultVariant="on"), id="no targeting"),
        pytest.param({**flag(targeting=BUILT), "state": "DISABLED"}, id="switched off"),
        pytest.param({**flag(targeting=BUILT), "variants": []}, id="broken"),
        pytest.param("not a definition", id="no object"),
        pytest.param(flag(targeting={"if": [{"nonsense": []}, "on"]}), id="an operation that nobody knows"),
    ],
)
def test_no_branch(definition: Any) -> None:
    engine = Engine({"flags": {"beta": definition}})
    assert engine.branch("beta", {"targetingKey": "john"}) is None
    assert engine.branch("unknown", {}) is None


def test_boolean_keys_follow_updates() -> None:
    engine = Engine({"flags": {"b": flag(), "a": flag(), "text": {**flag(), "variants": {"x": "y"}}, "odd": 1}})
    assert list(engine.boolean_keys()) == ["a", "b"]
    engine.update({"c": flag(), "a": {**flag(), "variants": {"one": 1}}}, ["b"])
    assert list(engine.boolean_keys()) == ["c"]
