"""Members, rules and rollouts as a flagd targeting: the order of decisions, and who an entity is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flagstaff import targeting
from flagstaff.engine import Engine, Reason
from flagstaff.targeting import Branch, Kind, Rule, Share
from flagstaff.targeting.conditions import Condition
from tests.sdk.engine import flagd_oracle
from tests.targetings import logic_of

IN_US = Condition("country", "eq", "US")
BETA = Condition("beta", "eq", True)
HALF = [Share("on", 50_000), Share("off", 50_000)]
EVERYONE = [Share("on", 100_000), Share("off", 0)]


def document(built: Any, **fields: Any) -> dict[str, Any]:
    return {
        "flags": {"flag": {"state": "ENABLED", "variants": {"on": True, "off": False}, "targeting": built, **fields}}
    }


def serve(built: Any, context: dict[str, Any]) -> tuple[str | None, str]:
    """The variant and reason that our engine gives; flagd's has to give the same variant."""
    answer = Engine(document(built), bucketing="v3").evaluate("flag", context)
    attributes = {name: value for name, value in context.items() if name != "targetingKey"}
    (flagd,) = flagd_oracle.ask(document(built), "boolean", [(context.get("targetingKey"), attributes)])
    assert flagd["variant"] == answer.variant
    return answer.variant, answer.reason


FULL = logic_of(
    {("off", "user"): ["john"], ("on", "team"): ["ops", "on"]},
    [Rule([IN_US], "on"), Rule([BETA], EVERYONE)],
    [Share("on", 0), Share("off", 100_000)],
)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param(
            {"targetingKey": "john", "country": "US"}, ("off", Reason.TARGETING_MATCH), id="member before rule"
        ),
        pytest.param(
            {"entityId": "ops", "entityType": "team"}, ("on", Reason.TARGETING_MATCH), id="member of another type"
        ),
        pytest.param({"entityId": "on", "entityType": "team"}, ("on", Reason.TARGETING_MATCH), id="a member called on"),
        pytest.param({"targetingKey": "ops"}, ("off", Reason.SPLIT), id="types keep equal ids apart"),
        pytest.param(
            {"country": "US"}, ("on", Reason.TARGETING_MATCH), id="a rule that serves a variant needs no entity"
        ),
        pytest.param({"targetingKey": "x", "beta": True}, ("on", Reason.SPLIT), id="the second rule's split"),
        pytest.param({"beta": True}, (None, Reason.DEFAULT), id="a split without an entity does not decide"),
        pytest.param({"targetingKey": "x"}, ("off", Reason.SPLIT), id="the rollout, when nothing else decided"),
        pytest.param({}, (None, Reason.DEFAULT), id="nothing"),
    ],
)
def test_decisions_are_tried_in_order(context: dict[str, Any], expected: tuple[str | None, str]) -> None:
    assert serve(FULL, context) == expected


MEMBERS = logic_of({("on", "user"): ["7", "None", "null", "True", "a:b", "ünï"]}, [], None)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param({"targetingKey": "7"}, "on", id="targetingKey names the entity"),
        pytest.param({"entityId": "7", "targetingKey": "x"}, "on", id="entityId goes before it"),
        pytest.param({"entityId": "x", "targetingKey": "7"}, None, id="even when the other is a member"),
        pytest.param({"entityId": "", "targetingKey": "7"}, "on", id="an empty entityId names nobody"),
        pytest.param({"entityId": None, "targetingKey": "7"}, "on", id="nor does null"),
        pytest.param({"entityId": 7}, "on", id="a number is compared as text"),
        pytest.param({"entityId": 0}, None, id="zero is an id"),
        pytest.param({"entityId": "a:b"}, "on", id="an id may have a colon"),
        pytest.param({"entityId": "b", "entityType": "user:a"}, None, id="and is not confused with a type"),
        pytest.param({"entityId": "ünï", "entityType": ""}, "on", id="an empty type is user"),
        pytest.param({"entityId": "7", "entityType": None}, "on", id="and so is null"),
        pytest.param({"entityId": "7", "entityType": "team"}, None, id="another type is another entity"),
        pytest.param({}, None, id="no entity is not the member None or null"),
        pytest.param({"entityId": []}, None, id="an empty list names nobody"),
        pytest.param({"targetingKey": "None"}, "on", id="but a user may be called None"),
    ],
)
def test_who_the_entity_of_a_context_is(context: dict[str, Any], expected: str | None) -> None:
    assert serve(MEMBERS, context)[0] == expected


def test_nobody_is_in_one_bucket_for_lack_of_a_key() -> None:
    built = logic_of({}, [], HALF)
    assert {serve(built, context) for context in ({}, {"entityId": ""}, {"targetingKey": ""}, {"country": "US"})} == {
        (None, Reason.DEFAULT)
    }


def test_flags_draw_independently_and_types_of_entity_alike() -> None:
    built = logic_of({}, [], HALF)
    flags = {name: document(built)["flags"]["flag"] for name in ("a", "b")}
    engine = Engine({"flags": flags})
    drawn = {key: [engine.evaluate(key, {"targetingKey": f"u{n}"}).variant for n in range(400)] for key in flags}
    assert 0.4 < sum(a == b for a, b in zip(drawn["a"], drawn["b"], strict=True)) / 400 < 0.6


def test_the_same_input_gives_the_same_bytes() -> None:
    members = {("on", "user"): ["a"], ("off", "user"): ["b"], ("on", "team"): ["c"]}
    backwards = dict(reversed(members.items()))
    assert json.dumps(logic_of(members, [], HALF)) == json.dumps(logic_of(backwards, [], HALF))


def test_nothing_to_target_is_no_targeting() -> None:
    assert logic_of({}, [], None) is None
    assert logic_of({("on", "user"): []}, [], None) is None


def test_a_targeting_reads_back() -> None:
    read = [
        (branch.kind, branch.serves, branch.entity_type, list(branch.members), list(branch.conditions))
        for branch in targeting.read(FULL)
    ]
    assert read == [
        (Kind.MEMBERS, "off", "user", ["john"], []),
        (Kind.MEMBERS, "on", "team", ["ops", "on"], []),
        (Kind.RULE, "on", None, [], [IN_US]),
        (Kind.RULE, [("on", 100_000), ("off", 0)], None, [], [BETA]),
        (Kind.ROLLOUT, [("on", 0), ("off", 100_000)], None, [], []),
    ]


@pytest.mark.parametrize("foreign", [{"var": "x"}, {"if": [{"var": "x"}, "on", "off"]}, {"if": "x"}, {"or": []}])
def test_what_build_did_not_write_is_a_branch_of_its_own(foreign: Any) -> None:
    for branch in targeting.read(foreign):
        assert isinstance(branch, Branch) and branch.kind in (Kind.LOGIC, Kind.DEFAULT)
