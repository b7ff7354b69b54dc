"""What each operator means, for fields that are there, absent, or of the wrong type; in our engine and in flagd's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagstaff import targeting
from flagstaff.engine import Engine
from flagstaff.targeting import Kind, conditions
from flagstaff.targeting.condition_logic import from_logic, to_logic
from flagstaff.targeting.conditions import Condition, ConditionError, UnknownOperatorError
from flagstaff.targeting.operators import OPERATORS
from tests.sdk.engine import flagd_oracle
from tests.targetings import logic_of

MISSING = object()
WRONG_FOR_TEXT = [MISSING, None, 5, 0, True, False, [], ["US"], {}, {"US": 1}]
WRONG_FOR_NUMBER = [MISSING, None, "18", "", "x", True, False, [], [18], {}]
EPOCH_2026 = 1767225600

# operator, value, what satisfies it, what does not (of the right type), what is of the wrong type
POSITIVE: list[tuple[str, Any, list[Any], list[Any], list[Any]]] = [
    ("eq", "US", ["US"], ["us", "", "USA"], WRONG_FOR_TEXT),
    ("eq", "1", ["1"], ["1.0"], [*WRONG_FOR_TEXT, 1, 1.0]),
    ("eq", 1, [1, 1.0], [2, 0, -1], [*WRONG_FOR_NUMBER, "1"]),
    ("eq", 0, [0, 0.0, -0.0], [1], [*WRONG_FOR_NUMBER, "0"]),
    ("eq", True, [True], [False], [MISSING, None, 1, 1.0, "true", "True", [True], {}]),
    ("eq", False, [False], [True], [MISSING, None, 0, 0.0, "false", "", [], {}]),
    ("in", ["US", "CA"], ["US", "CA"], ["DE", "", "US,CA"], WRONG_FOR_TEXT),
    ("in", ["None", "null"], ["None"], ["x"], WRONG_FOR_TEXT),
    ("in", [1, 18], [1, 18, 18.0], [2], WRONG_FOR_NUMBER),
    ("starts_with", "ab", ["ab", "abc"], ["a", "", "Ab"], WRONG_FOR_TEXT),
    ("ends_with", "@x.com", ["a@x.com"], ["a@x.com.de", ""], WRONG_FOR_TEXT),
    ("contains", "min", ["admin", "min"], ["", "Min"], [MISSING, None, 5, True, {}]),
    ("contains", "admin", [["admin"], ["dev", "admin"]], [[], ["dev"], [["admin"]]], [MISSING, None, {"admin": 1}]),
    (
        "any_of",
        ["a", "b"],
        [["a"], ["x", "b"], "a"],
        [["x"], [], "", "ab", [["a"]]],
        [MISSING, None, 5, True, {}, {"a": 1}],
    ),
    ("any_of", [1, 2], [[1], [0, 2.0], 1], [[3], []], [MISSING, None, "1", ["1"], {}]),
    ("all_of", ["a", "b"], [["b", "a"], ["a", "x", "b"]], [["a"], [], "a"], [MISSING, None, 5, {}]),
    ("all_of", ["a"], [["a"], "a"], [[], "b"], [MISSING, None]),
    ("gt", 18, [19, 18.5, 1e21], [18, 18.0, -1, 0], WRONG_FOR_NUMBER),
    ("gte", 18, [18, 18.0, 19], [17.999], WRONG_FOR_NUMBER),
    ("lt", 18, [17.9, 0, -0.0, -5], [18, 19], WRONG_FOR_NUMBER),
    ("lte", 18, [18, 0], [18.001], WRONG_FOR_NUMBER),
    ("exists", None, [0, False, "", [], {}, "x"], [], [MISSING, None]),
    (
        "semver_eq",
        "1.2.0",
        ["1.2.0", "v1.2", "1.2", "1.2.0+build"],
        ["1.2.1", "1.2.0-rc.1"],
        [*WRONG_FOR_TEXT, 1.2, "x"],
    ),
    ("semver_gt", "1.2.0", ["1.2.1", "1.10.0", "2"], ["1.2.0", "1.1.9"], [*WRONG_FOR_TEXT, 2]),
    ("semver_gte", "1.2", ["1.2.0", "1.3"], ["1.1"], WRONG_FOR_TEXT),
    ("semver_lt", "1.10.0", ["1.9.0", "1.10.0-rc"], ["1.10.0", "1.11"], WRONG_FOR_TEXT),
    ("semver_lte", "1.10.0", ["1.9.0", "1.10.0"], ["1.11"], WRONG_FOR_TEXT),
    ("before", "2026-01-01T00:00:00Z", [EPOCH_2026 - 1, 0], [EPOCH_2026, EPOCH_2026 + 0.5], WRONG_FOR_NUMBER),
    ("after", "2026-01-01T01:00:00+01:00", [EPOCH_2026 + 1], [EPOCH_2026, 0], WRONG_FOR_NUMBER),
    ("after", "2026-01-01", [EPOCH_2026 + 0.5], [EPOCH_2026], WRONG_FOR_NUMBER),
    ("before", EPOCH_2026, [EPOCH_2026 - 1], [EPOCH_2026], WRONG_FOR_NUMBER),
]
NEGATIONS = {"eq": "neq", "in": "not_in", "contains": "not_contains", "exists": "not_exists", "any_of": "none_of"}

CASES = [
    pytest.param(
        Condition("f", operator, value),
        field,
        holds,
        id=f"{operator} {value!r}: {field!r}".replace(repr(MISSING), "absent"),
    )
    for operator, value, satisfying, others, wrong in POSITIVE
    for fields, holds in ((satisfying, True), (others, False), (wrong, False))
    for field in fields
]


def holds(condition: Condition, context: dict[str, Any]) -> tuple[bool, bool]:
    """What our engine says, and what flagd's does, known differences apart."""
    rule = {"if": [to_logic(condition), "yes", "no"]}
    document = {"flags": {"flag": {"state": "ENABLED", "variants": {"yes": True, "no": False}, "targeting": rule}}}
    (theirs,) = flagd_oracle.ask(document, "boolean", [(None, context)], "ours")
    return Engine(document).evaluate("flag", context).value, theirs["value"]


@pytest.mark.parametrize(("condition", "field", "expected"), CASES)
def test_an_operator_and_its_negation(condition: Condition, field: Any, expected: bool) -> None:
    conditions.check(condition)
    context = {} if field is MISSING else {"f": field}
    assert holds(condition, context) == (expected, expected)
    if negation := NEGATIONS.get(condition.operator):
        value = None if negation == "not_exists" else condition.value
        assert holds(Condition("f", negation, value), context) == (not expected, not expected)


def test_every_operator_has_cases() -> None:
    of_segments = {"in_segment", "not_in_segment"}
    assert {case[0] for case in POSITIVE} | set(NEGATIONS.values()) | of_segments == set(OPERATORS)


@pytest.mark.parametrize(
    ("field", "context", "expected"),
    [
        ("attributes.plan", {"attributes": {"plan": "premium"}}, True),
        ("attributes.plan", {"attributes": "premium"}, False),
        ("attributes.plan", {"attributes.plan": "premium"}, False),
        ("roles.0", {"roles": ["premium"]}, True),
        ("on", {"on": "premium"}, True),
        ("1", {"1": "premium"}, True),
    ],
)
def test_a_field_is_a_path(field: str, context: dict[str, Any], expected: bool) -> None:
    assert holds(Condition(field, "eq", "premium"), context) == (expected, expected)


@pytest.mark.parametrize(("operator", "expected"), [("after", True), ("before", False)])
def test_now_is_the_clock_whatever_the_context_says(operator: str, expected: bool) -> None:
    assert holds(Condition("now", operator, "2020-01-01"), {"now": 5}) == (expected, expected)


def test_now_is_a_field_like_any_other_to_other_operators() -> None:
    assert holds(Condition("now", "eq", 5), {"now": 5}) == (True, True)


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (Condition("f", "eq", None), "text"),
        (Condition("f", "eq", ""), "1 to 1024 characters"),
        (Condition("f", "eq", "a\x00"), "NUL"),
        (Condition("f", "eq", "\ud800"), "surrogate"),
        (Condition("f", "eq", float("nan")), "number"),
        (Condition("f", "eq", {}), "text, a number, true or false"),
        (Condition("f", "in", "US"), "list"),
        (Condition("f", "in", []), "list"),
        (Condition("f", "in", ["US", 1]), "list"),
        (Condition("f", "in", [True]), "list"),
        (Condition("f", "in", ["x"] * 1001), "1 to 1000"),
        (Condition("f", "gt", "18"), "number"),
        (Condition("f", "gt", True), "number"),
        (Condition("f", "gt", float("inf")), "number"),
        (Condition("f", "starts_with", 5), "text"),
        (Condition("f", "exists", True), "left out"),
        (Condition("f", "semver_gt", "one"), "version"),
        (Condition("f", "semver_gt", 1.2), "version"),
        (Condition("f", "before", "yesterday"), "time"),
        (Condition("f", "before", True), "time"),
        (Condition("f", "before", 1e300), "time"),
        (Condition("", "exists"), "path"),
        (Condition("a..b", "exists"), "names"),
        (Condition("a\nb", "exists"), "control"),
        (Condition("$flagd.timestamp", "exists"), "flagd"),
        (Condition("x" * 257, "exists"), "256"),
        (Condition(5, "exists"), "path"),  # type: ignore[arg-type]
    ],
)
def test_what_can_not_be_used_is_refused_with_a_sentence(condition: Condition, sentence: str) -> None:
    with pytest.raises(ConditionError, match=sentence):
        conditions.check(condition)


@pytest.mark.parametrize("operator", ["is", "", "EQ", None, []])
def test_an_unknown_operator_is_refused(operator: Any) -> None:
    with pytest.raises(UnknownOperatorError, match="eq, neq"):
        conditions.check(Condition("f", operator, 1))


# -- reading back ------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
numbers = st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False)
versions = st.tuples(*[st.integers(0, 20)] * 3).map(lambda parts: ".".join(map(str, parts)))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("eq", "neq"), texts | numbers | st.booleans()),
    **dict.fromkeys(
        ("in", "not_in", "any_of", "none_of", "all_of"),
        st.lists(texts, min_size=1, max_size=4) | st.lists(numbers, min_size=1, max_size=4),
    ),
    **dict.fromkeys(("starts_with", "ends_with", "contains", "not_contains"), texts),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), numbers),
    **dict.fromkeys(("exists", "not_exists"), st.none()),
    **dict.fromkeys((name for name in OPERATORS if name.startswith("semver")), versions),
    **dict.fromkeys(("before", "after"), st.integers(0, 4 * 10**9)),
}
fields = st.sampled_from(["country", "attributes.plan", "on", "1", "now", "email"])


@st.composite
def usable_conditions(draw: st.DrawFn) -> Condition:
    operator = draw(st.sampled_from(sorted(VALUES)))
    return Condition(draw(fields), operator, draw(VALUES[operator]))


@given(usable_conditions())
def test_what_is_written_reads_back(condition: Condition) -> None:
    conditions.check(condition)
    logic = to_logic(condition)
    read = from_logic(logic)
    assert read is not None and compared(read) == compared(condition)
    assert to_logic(read) == logic
    if condition.operator not in ("before", "after"):  # a moment may be written in several ways
        assert read == condition


@given(st.lists(usable_conditions(), min_size=1, max_size=4), st.booleans())
def test_a_rule_reads_back(given_conditions: list[Condition], splits: bool) -> None:
    split = targeting.Share("on", 40_000), targeting.Share("off", 60_000)
    built = logic_of({}, [targeting.Rule(tuple(given_conditions), split if splits else "on")], None)
    (branch,) = targeting.read(built)
    assert branch.serves == ([("on", 40_000), ("off", 60_000)] if splits else "on")
    assert branch.kind is not Kind.ROLLOUT and branch.entity_type is None
    assert list(map(compared, branch.conditions)) == list(map(compared, given_conditions))


def compared(condition: Condition) -> tuple[str, str]:
    """What a condition compares, and how."""
    return condition.field, condition.operator


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition("country", "in", ["US", "CA"]), "country is one of US, CA"),
        (Condition("plan", "eq", "premium"), "plan is premium"),
        (Condition("beta", "eq", True), "beta is true"),
        (Condition("age", "gte", 18), "age is at least 18"),
        (Condition("email", "exists"), "email is present"),
        (Condition("app", "semver_gte", "2.1.0"), "app is version 2.1.0 or later"),
        (Condition("now", "after", "2026-01-01"), "now is after 2026-01-01"),
    ],
)
def test_a_condition_can_be_said_in_words(condition: Condition, words: str) -> None:
    assert conditions.describe(condition) == words
