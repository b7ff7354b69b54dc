"""An explanation is short whatever the context holds, and there is always one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flagstaff.engine import Engine, ErrorCode
from flagstaff.engine.steps import MAX_SHOWN
from flagstaff.targeting import Rule, Share
from flagstaff.targeting.conditions import Condition
from tests.targetings import logic_of

LAST = datetime.max.replace(tzinfo=UTC)
SPLIT = [Share("on", 50_000), Share("off", 50_000)]


def engine(rules: list[Rule], rollout: Any = SPLIT) -> Engine:
    built = logic_of({("on", "user"): ["john"]}, rules, rollout)
    return Engine({"flags": {"beta": {"state": "ENABLED", "variants": {"on": True, "off": False}, "targeting": built}}})


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("large", ["x" * 200_000, ["x" * 200] * 1_000, {"a": {"b": ["y"] * 60_000}}, ["x" * 200_000]])
def test_what_many_conditions_found_is_shortened(large: Any) -> None:
    conditions = [Condition("plan", "not_contains", f"z{number}") for number in range(50)]
    explanation = engine([Rule(conditions, "on")]).explain("beta", {"plan": large, "targetingKey": "x" * 200_000})
    told = explanation.to_json()
    assert len(json.dumps(told)) < 50 * 4 * MAX_SHOWN
    found = told["steps"][2]["conditions"][0]
    assert found["actual"] == json.dumps(large)[:MAX_SHOWN] + "…"
    assert found["text"].endswith(found["actual"])


def test_what_is_short_is_told_as_it_is() -> None:
    actual = {"a": ["x" * (MAX_SHOWN - 11)]}
    assert len(json.dumps(actual)) == MAX_SHOWN
    told = engine([Rule([Condition("plan", "exists")], "on")]).explain("beta", {"plan": actual}).to_json()
    assert told["steps"][2]["conditions"][0]["actual"] == actual


def test_a_condition_with_a_long_list_is_described_in_short() -> None:
    rule = Rule([Condition("plan", "in", [f"plan-{number}" for number in range(1_000)])], "on")
    step = engine([rule]).explain("beta", {"plan": "basic"}).to_json()["steps"][2]
    assert len(step["text"]) < 2 * MAX_SHOWN and len(step["conditions"][0]["text"]) < 2 * MAX_SHOWN
    assert len(step["conditions"][0]["value"]) == 1_000


@pytest.mark.parametrize("depth", [100, 400, 500, 700, 900, 5_000])
@pytest.mark.parametrize("field", ["entityId", "entityType", "targetingKey", "plan"])
def test_a_deep_context_is_explained(field: str, depth: int) -> None:
    explained = engine([Rule([Condition("plan", "contains", "x"), Condition("plan", "lt", 3)], "on")])
    explanation = explained.explain("beta", {"entityId": "john", field: nested(depth)})
    assert explanation.evaluation == explained.evaluate("beta", {"entityId": "john", field: nested(depth)})
    assert explanation.steps[-1].matched
    json.dumps(explanation.to_json())


def test_a_time_that_has_no_text_is_explained() -> None:
    logic = {"if": [{"===": [{"cat": [{"var": "x"}]}, "y"]}, "on"]}
    flag = {"state": "ENABLED", "variants": {"on": True}, "targeting": logic}
    explanation = Engine({"flags": {"f": flag}}).explain("f", {"x": LAST})
    assert explanation.evaluation.error_code is ErrorCode.GENERAL
    assert "out of range" in explanation.steps[-1].text
    assert engine([]).explain("beta", {"entityId": LAST}).evaluation.error_code is ErrorCode.GENERAL


def test_what_utf_8_can_not_encode_is_told_by_its_number() -> None:
    explained = engine([Rule([Condition("plan", "eq", "premium")], "on")])
    told = explained.explain("beta", {"plan": "\ud800", "entityId": "\udfff"}).to_json()
    assert told["steps"][2]["conditions"][0]["actual"] == '"\\ud800"'
    json.dumps(told, ensure_ascii=False).encode()


def test_an_error_repeats_little_of_a_long_name() -> None:
    flag = {"state": "ENABLED", "variants": {"on": True}, "targeting": {"var": "x"}}
    answer = Engine({"flags": {"f": flag}}).evaluate("f", {"x": "long" * 10_000})
    assert answer.error_code is ErrorCode.GENERAL and len(str(answer.error_message)) < 300
