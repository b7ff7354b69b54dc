"""Documents of earlier versions, frozen in `tests/data/former-forms.json`, mean today what they meant then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flagstaff import targeting
from flagstaff.engine import Engine
from flagstaff.targeting import Rule, Share
from flagstaff.targeting.condition_logic import from_logic, to_logic
from flagstaff.targeting.conditions import Condition
from flagstaff.targeting.operators import OPERATORS
from tests.processes import ROOT
from tests.targetings import logic_of

FORMER = json.loads((ROOT / "tests/data/former-forms.json").read_text())
SPLIT = [Share("on", 40_000), Share("off", 60_000)]
TODAY = logic_of(
    {("off", "team"): ["ops"], ("on", "user"): ["john", "7"]},
    [
        Rule([Condition("country", "in", ["US", "CA"]), Condition("beta", "eq", True)], "on"),
        Rule([Condition("age", "gte", 18)], SPLIT),
    ],
    SPLIT,
)
"""What the frozen targeting was made of."""

WRITTEN = [
    pytest.param(Condition(**one["condition"]), one["logic"], id=str(one["condition"])) for one in FORMER["conditions"]
]

ABSENT = object()
VALUES: list[Any] = [
    *(ABSENT, None, True, False, 0, 1, 18, 19.5, -0.0, 0.5, 1e21, 10**30, 1_767_225_599, 1_767_225_601),
    *("", "US", "CA", "abc", "a@x.com", "admin", "min", "18", "1", "true", "True", "None", "ünï"),
    *("1.2.0", "1.2", "v1.3.0-rc.1", "1.1", [], ["US"], ["min"], [18], [True], [["min"]], [""], {}, {"min": 1}),
]


def document(logic: Any) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "targeting": logic}
    return {"flags": {"flag": flag, "beta": flag}}


def context(value: Any) -> dict[str, Any]:
    return {} if value is ABSENT else {"attributes": {"plan": value}}


NEW = {"any_of", "none_of", "all_of", "in_segment", "not_in_segment"}
"""Operators that have had one form only."""


def test_every_operator_is_there() -> None:
    assert {one["condition"]["operator"] for one in FORMER["conditions"]} == OPERATORS.keys() - NEW


@pytest.mark.parametrize(("condition", "logic"), WRITTEN)
def test_a_condition_is_read(condition: Condition, logic: Any) -> None:
    assert from_logic(logic) == condition
    (branch,) = targeting.read({"if": [logic, "on"]})
    assert (branch.conditions, branch.tests) == ([condition], [logic])


@pytest.mark.parametrize(("condition", "logic"), WRITTEN)
def test_a_condition_holds_for_the_same_values(condition: Condition, logic: Any) -> None:
    former = Engine(document({"if": [logic, "on"]}))
    today = Engine(document({"if": [to_logic(condition), "on"]}))
    for value in VALUES:
        assert former.evaluate("flag", context(value)) == today.evaluate("flag", context(value)), value
        explained = former.explain("flag", context(value))
        assert explained.to_json() == today.explain("flag", context(value)).to_json(), value
        (tried,) = explained.steps[1].conditions
        assert tried.holds is (explained.evaluation.value is True), value


def test_a_targeting_is_read() -> None:
    parts = [
        [(branch.kind, branch.serves, branch.entity_type, branch.members, branch.conditions) for branch in branches]
        for branches in (targeting.read(FORMER["targeting"]), targeting.read(TODAY))
    ]
    assert parts[0] == parts[1]
    assert len(parts[0]) == 5


def test_the_deciding_branch_is_found() -> None:
    engines = [Engine(document(logic)) for logic in (FORMER["targeting"], TODAY)]
    for who in ({"targetingKey": "john"}, {"entityId": "ops", "entityType": "team"}, {"targetingKey": "x"}, {}):
        for more in ({}, {"age": 18}, {"age": True}, {"country": "US", "beta": True}, {"country": "US", "beta": 1}):
            found = [engine.branch("flag", {**who, **more}) for engine in engines]
            kinds = [branch and (branch.kind, branch.entity_type, branch.serves) for branch in found]
            assert kinds[0] == kinds[1]


IDS: list[Any] = [
    *(f"user-{number}" for number in range(1000)),
    *range(-20, 60),
    *(number / 4 for number in range(-20, 20)),
    *(1e15, 1e21, 1234567890123456.0, 2**53, 10**30, -0.0, 0.1 + 0.2, 1e-7),
    *(
        "",
        None,
        "0",
        "false",
        "False",
        "true",
        "None",
        "null",
        "undefined",
        " ",
        "a b",
        "a:b",
        "a ",
        "ünï",
        "日本",
        "🙂",
    ),
    *("[object Object]", "user", "team", "x" * 500, "1.0", "1e21", "-0"),
    *(True, [], ["a"], ["a", "b"], [0], {}, {"a": 1}),
]
ENTITIES: list[dict[str, Any]] = [
    *({"targetingKey": id_} for id_ in IDS if id_ != 0),
    *({"entityId": id_} for id_ in IDS),
    *({"entityId": id_, "targetingKey": "somebody"} for id_ in IDS),
    *({"entityId": id_, "entityType": "team"} for id_ in IDS),
    *({"entityType": type_, "targetingKey": "john"} for type_ in ("user", "team", "", None)),
    {},
]


@pytest.mark.parametrize("bucketing", ["v2", "v3"])
def test_everybody_stays_in_their_bucket(bucketing: str) -> None:
    parts = [(str(number), 1) for number in range(100)]
    logic = logic_of({}, [], tuple(Share(*part) for part in parts))
    assert logic is not None
    former = {"if": [FORMER["entityId"], {"fractional": [FORMER["bucketingText"], *map(list, parts)]}]}
    assert [branch.serves for branch in targeting.read(former)] == [branch.serves for branch in targeting.read(logic)]
    flag = {"state": "ENABLED", "variants": {name: name for name, _ in parts}}
    engines = [
        Engine({"flags": {key: {**flag, "targeting": one} for key in ("f", "ü")}}, bucketing=bucketing)
        for one in (former, logic)
    ]
    served = [[engine.evaluate(key, who) for key in ("f", "ü") for who in ENTITIES] for engine in engines]
    assert served[0] == served[1]
    assert len({answer.variant for answer in served[0]}) == 101  # and nobody


def test_everybody_stays_a_member() -> None:
    answers = [
        [Engine(document(logic)).evaluate("flag", {**who, "country": "US"}).variant for who in ENTITIES]
        for logic in (FORMER["targeting"], TODAY)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("who", "then", "now"),
    [
        pytest.param({"entityId": False, "targetingKey": "a"}, "False", "a", id="false as an id"),
        pytest.param({"targetingKey": False}, "False", "", id="false as a targeting key"),
        pytest.param({"targetingKey": 0}, "0", "", id="0 as a targeting key"),
        pytest.param({"entityId": [""], "targetingKey": "a"}, "a", "", id="a list with nothing in it as an id"),
    ],
)
def test_who_is_somebody_else_now(who: dict[str, Any], then: str, now: str) -> None:
    """Nobody whom an application can name: a door of ours refuses these, or makes a text of the number."""
    for logic, id_ in ((FORMER["entityId"], then), (targeting.ENTITY_ID, now)):
        variants = {then or "nobody": 1, now or "nobody": 2}
        flag = {"state": "ENABLED", "variants": variants, "targeting": {"if": [logic, logic, "nobody"]}}
        assert Engine({"flags": {"f": flag}}).evaluate("f", who).variant == (id_ or "nobody")
