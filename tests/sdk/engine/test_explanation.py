"""An explanation names what decided, and agrees with the evaluation it explains."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from flagstaff import targeting
from flagstaff.engine import Engine, Reason
from flagstaff.targeting import Rule, Share
from flagstaff.targeting.condition_logic import to_logic
from flagstaff.targeting.conditions import Condition
from flagstaff.targeting.former_forms import BUCKETING_TEXT
from tests.sdk.strategies import contexts, documents
from tests.targetings import logic_of

RULES = [
    Rule([Condition("country", "in", ["US", "CA"]), Condition("age", "gte", 18)], "on"),
    Rule([Condition("plan", "eq", "premium")], [Share("on", 50_000), Share("off", 50_000)]),
]
BUILT = logic_of({("on", "user"): ["john"]}, RULES, [Share("on", 25_000), Share("off", 75_000)])


def engine(built: Any = BUILT, **fields: Any) -> Engine:
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "targeting": built, **fields}
    return Engine({"flags": {"beta": flag}})


@pytest.mark.parametrize(
    ("context", "kinds", "last"),
    [
        pytest.param(
            {"targetingKey": "john"},
            ["enabled", "members"],
            "user john is among the members that get on (user: john)",
            id="a member",
        ),
        pytest.param(
            {"country": "US", "age": 20},
            ["enabled", "members", "rule"],
            "rule 1 (country is one of US, CA and age is at least 18) holds",
            id="the first rule",
        ),
        pytest.param(
            {"plan": "premium", "targetingKey": "u2"},
            ["enabled", "members", "rule", "rule"],
            "rule 2 (plan is premium) holds; its split (50 % on, 50 % off) puts user u2 into on",
            id="the second rule's split",
        ),
        pytest.param(
            {"entityId": "u4", "entityType": "team"},
            ["enabled", "members", "rule", "rule", "rollout"],
            "the rollout (25 % on, 75 % off) puts team u4 into off",
            id="the rollout",
        ),
        pytest.param(
            {},
            ["enabled", "members", "rule", "rule", "rollout", "default"],
            "the context has no entityId (or targetingKey), which members and splits need, so the caller's default"
            " applies",
            id="no entity",
        ),
    ],
)
def test_the_steps_lead_to_the_answer(context: dict[str, Any], kinds: list[str], last: str) -> None:
    explanation = engine().explain("beta", context).to_json()
    assert [step["kind"] for step in explanation["steps"]] == kinds
    assert [step["matched"] for step in explanation["steps"]] == [False] * (len(kinds) - 1) + [True]
    assert explanation["steps"][-1]["text"] == last
    assert last in explanation["summary"]


def test_a_condition_says_what_it_found() -> None:
    steps = engine().explain("beta", {"country": "DE", "targetingKey": "u4"}).to_json()["steps"]
    assert steps[2]["rule"] == 1
    assert steps[2]["conditions"] == [
        {
            "field": "country",
            "operator": "in",
            "value": ["US", "CA"],
            "actual": "DE",
            "holds": False,
            "text": 'country is one of US, CA: no, it is "DE"',
        },
        {
            "field": "age",
            "operator": "gte",
            "value": 18,
            "actual": None,
            "holds": False,
            "text": "age is at least 18: no, it is absent",
        },
    ]


def test_many_members_are_counted() -> None:
    built = logic_of({("on", "user"): [f"u{n}" for n in range(1000)]}, [], None)
    step = engine(built).explain("beta", {"targetingKey": "u7"}).steps[-1]
    assert step.text == "user u7 is among the members that get on (user: 1,000 of them)"


@pytest.mark.parametrize(
    ("operator", "value", "sent", "told"),
    [
        ("before", "2026-01-01T00:00:00Z", "2025-05-01T00:00:00+00:00", "the program has to send seconds since 1970"),
        ("gte", 18, "21", "the program has to send a number"),
        ("after", 5, [7], "the program has to send seconds since 1970"),
    ],
)
def test_a_comparison_of_numbers_says_why_it_never_holds(operator: str, value: Any, sent: Any, told: str) -> None:
    built = logic_of({}, [Rule([Condition("seen", operator, value)], "on")], None)
    step = engine(built).explain("beta", {"seen": sent}).steps[1].conditions[0]
    assert not step.holds
    assert step.to_json()["text"].endswith(f", which is never compared: {told}")


def test_a_context_without_an_entity_is_told_of_in_the_summary() -> None:
    built = logic_of({("on", "user"): ["john"]}, [], None)
    summary = engine(built).explain("beta", {"userId": "john"}).summary
    assert "the context has no entityId (or targetingKey), which members and splits need" in summary


def test_a_flag_with_nothing_to_serve_says_so() -> None:
    summary = engine(None, defaultVariant="").explain("beta", {}).summary
    assert "no rules, no rollout and no default variant, so the caller's default applies" in summary


@pytest.mark.parametrize(
    ("explained", "summary"),
    [
        (
            engine(None, defaultVariant="on"),
            "beta serves true (on): it is the same for everyone: the default variant on.",
        ),
        (engine(state="DISABLED"), "The flag is switched off."),
        (
            engine({"bogus": 1}),
            "The flag could not be evaluated: flag 'beta': 'bogus' is not a JsonLogic or flagd operation.",
        ),
        (Engine({"flags": {}}), "The flag could not be evaluated: there is no flag 'beta'."),
    ],
)
def test_a_flag_without_branches_is_explained_too(explained: Engine, summary: str) -> None:
    assert explained.explain("beta", {}).summary == summary


def test_a_time_after_the_year_9999_is_shown_as_it_is() -> None:
    rule = Rule([Condition("t", "before", 900_000_000_000)], "on")
    explanation = engine(logic_of({}, [rule], None)).explain("beta", {"t": 1})
    assert explanation.summary == "beta serves true (on): rule 1 (t is before 900000000000) holds."


@pytest.mark.parametrize(
    "foreign",
    [
        {"if": [targeting.ENTITY_ID, {"fractional": [BUCKETING_TEXT, ["on"], ["off"]]}]},
        {"if": [targeting.ENTITY_ID, {"fractional": [BUCKETING_TEXT, {"if": [True, ["on", 1]]}]}]},
        {"if": [{"and": [*to_logic(Condition("t", "before", 0))["and"][:2], {">": ["noon", {"var": "t"}]}]}, "on"]},
    ],
    ids=["shares without weights", "a computed share", "a time that is none"],
)
def test_what_only_resembles_our_targeting_is_explained_too(foreign: Any) -> None:
    explained, context = engine(foreign), {"targetingKey": "a", "t": 1}
    assert explained.explain("beta", context).evaluation == explained.evaluate("beta", context)


@given(documents(), contexts)
def test_any_flag_can_be_explained(typed: tuple[str, dict[str, Any]], asked: tuple[str | None, dict[str, Any]]) -> None:
    context = {**asked[1], "targetingKey": asked[0]}
    made = Engine(typed[1])
    explanation = made.explain("flag", context)
    assert explanation.evaluation[:4] == made.evaluate("flag", context)[:4]
    decided = [step.matched for step in explanation.steps]
    assert decided.count(True) <= 1 and True not in decided[:-1]
    if explanation.evaluation.reason in (Reason.TARGETING_MATCH, Reason.SPLIT):
        assert explanation.steps[-1].kind == "targeting"
