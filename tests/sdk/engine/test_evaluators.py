"""Evaluators that flags share: an update compiles anew what refers to one that has changed, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from flagstaff.engine import Engine

METADATA = {"revision": 1}


def flag(targeting: Any) -> dict[str, Any]:
    variants = {"on": True, "off": False}
    own = {"revision": 1}
    return {"state": "ENABLED", "variants": variants, "defaultVariant": "off", "targeting": targeting, "metadata": own}


def among(*users: str) -> Any:
    return {"in": [{"var": "targetingKey"}, list(users)]}


def refers(name: Any) -> Any:
    return flag({"if": [{"$ref": name}, "on"]})


@pytest.fixture
def engine() -> Engine:
    flags = {
        "plain": flag({"if": [among("john"), "on"]}),
        "a": refers("a"),
        "listed": refers(["a"]),
        "b": refers("b"),
        "outer": refers("outer"),
    }
    evaluators = {"a": among("john"), "b": among("john"), "outer": {"!": [{"!": [{"$ref": "a"}]}]}}
    return Engine({"flags": flags, "metadata": METADATA, "$evaluators": evaluators})


def on(engine: Engine, user: str) -> set[str]:
    return {key for key in engine.sorted_keys() if engine.evaluate(key, {"targetingKey": user}).value}


def test_flags_follow_an_evaluator_that_changes(engine: Engine) -> None:
    assert on(engine, "john") == {"plain", "a", "listed", "b", "outer"}
    kept = {key: engine._flags[key] for key in ("plain", "b")}
    evaluators = {"a": among("mary"), "b": among("john"), "outer": {"!": [{"!": [{"$ref": "a"}]}]}}
    engine.update({}, evaluators=evaluators)
    assert (on(engine, "john"), on(engine, "mary")) == ({"plain", "b"}, {"a", "listed", "outer"})
    assert all(engine._flags[key] is one for key, one in kept.items())


def test_nothing_is_compiled_anew_where_evaluators_are_as_before(engine: Engine) -> None:
    assert on(engine, "john")
    before = dict(engine._flags)
    equal = {"a": among("john"), "b": among("john"), "outer": {"!": [{"!": [{"$ref": "a"}]}]}}
    engine.update({}, evaluators=equal)
    engine.update({}, evaluators=equal)
    engine.update({})
    assert all(engine._flags[key] is one for key, one in before.items())


def test_an_evaluator_that_goes_and_comes_back(engine: Engine) -> None:
    engine.update({}, evaluators={})
    assert engine.evaluate("a", {"targetingKey": "john"}).error_code
    engine.update({}, evaluators={"a": among("john")})
    assert engine.evaluate("a", {"targetingKey": "john"}).value is True


def test_what_a_targeting_and_evaluators_share_is_looked_up_once(engine: Engine) -> None:
    both = {"if": [{"and": [among("john", "mary"), {"$ref": "a"}]}, "on", among("mary"), "on"]}
    engine.update({"both": flag(both)})
    asked = {"john": True, "mary": True, "eve": False}
    assert {user: engine.evaluate("both", {"targetingKey": user}).value for user in asked} == asked
