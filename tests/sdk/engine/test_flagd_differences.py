"""Where flagd's evaluator for Python does not do what flagd's documentation says, and what we do instead.

`docs/decisions/flagd-differences.md` tells of these; when a case fails with a newer release, that page changes too.
"""

from __future__ import annotations

from typing import Any

import pytest
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ParseError

from flagstaff import targeting
from flagstaff.engine import Engine
from flagstaff.targeting.conditions import Condition
from tests.targetings import logic_of


def document(logic: Any = None, *, evaluators: Any = None, **fields: Any) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **fields}
    return {"flags": {"f": {**flag, "targeting": logic or {}}}, "$evaluators": evaluators or {}}


def theirs(source: dict[str, Any], context: dict[str, Any]) -> str | None:
    core = FlagdCore()
    core.set_flags(source)
    return core.resolve_boolean_value("f", False, EvaluationContext(None, context)).variant


def ours(source: dict[str, Any], context: dict[str, Any]) -> str | None:
    return Engine(source).evaluate("f", context).variant


IN_ZURICH = {"==": [{"var": "city"}, "Zürich"]}


@pytest.mark.parametrize(
    ("source", "context", "right"),
    [
        pytest.param(
            document({"if": [{"$ref": "x"}, "on"]}, evaluators={"x": IN_ZURICH}),
            {"city": "Zürich"},
            "on",
            id="evaluator",
        ),
        pytest.param(
            document(defaultVariant="on", description="a note"), {}, "on", id="a property flagd does not know"
        ),
    ],
)
def test_documents_that_flagd_core_refuses(source: dict[str, Any], context: dict[str, Any], right: str) -> None:
    assert ours(source, context) == right  # first, because the other one changes the document
    with pytest.raises(Exception):  # noqa: B017 - re.error, and ParseError
        theirs(source, context)


def test_flagd_core_refuses_every_flag_for_one_that_is_broken() -> None:
    source = document(defaultVariant="on")
    source["flags"]["broken"] = {"state": "ENABLED"}
    assert ours(source, {}) == "on"
    with pytest.raises(ParseError):
        theirs(source, {})


def test_flagd_core_changes_the_document_it_is_given() -> None:
    source = document()
    theirs(source, {})
    assert "defaultVariant" not in source["flags"]["f"]
    source = document()
    ours(source, {})
    assert "defaultVariant" in source["flags"]["f"]


@pytest.mark.parametrize(
    "test",
    [
        pytest.param({"===": [{"var": "f"}, 1]}, id="equal"),
        pytest.param({"!": [{"!==": [{"var": "f"}, 1]}]}, id="not unequal"),
        pytest.param({"in": [{"var": "f"}, [1, 5]]}, id="one of the numbers"),
        pytest.param({"===": [{"var": "f"}, {"var": "one"}]}, id="two fields"),
        pytest.param({"in": [{"var": "f"}, [{"var": "one"}, "x"]]}, id="one of a computed list"),
    ],
)
def test_true_is_not_1(test: Any) -> None:
    source = document({"if": [test, "on"]})
    assert [ours(source, {"f": value, "one": 1}) for value in (1, 1.0, True, "1")] == ["on", "on", "off", "off"]
    assert [theirs(source, {"f": value, "one": 1}) for value in (1, 1.0, True, "1")] == ["on", "on", "on", "off"]


def test_false_is_not_0() -> None:
    source = document({"if": [{"===": [{"var": "f"}, False]}, "on"]})
    assert [ours(source, {"f": value}) for value in (False, 0, 0.0, "")] == ["on", "off", "off", "off"]
    assert [theirs(source, {"f": value}) for value in (False, 0, 0.0, "")] == ["on", "on", "on", "off"]


def test_inside_a_list_true_is_1_to_both() -> None:
    source = document({"if": [{"===": [{"var": "f"}, {"var": "g"}]}, "on"]})
    assert ours(source, {"f": [1], "g": [True]}) == theirs(source, {"f": [1], "g": [True]}) == "on"


@pytest.mark.parametrize("value", [True, [20], [[20]], ["20"]], ids=repr)
def test_what_is_no_number_is_not_compared_as_one(value: Any) -> None:
    rule = targeting.Rule([Condition("age", "gt", 0)], "on")
    source = document(logic_of({}, [rule], None))
    assert ours(source, {"age": value}) == "off"
    assert theirs(source, {"age": value}) == "on"


def test_elsewhere_they_are_compared_as_numbers() -> None:
    source = document({"if": [{">": [{"var": "age"}, 0]}, "on"]})
    assert ours(source, {"age": True}) == theirs(source, {"age": True}) == "on"


def test_where_we_follow_flagd_core_although_other_flagds_differ() -> None:
    source = document({"if": [{"===": [{"cat": [{"var": "beta"}]}, "True"]}, "on"]})
    assert ours(source, {"beta": True}) == "on"
    assert theirs(source, {"beta": True}) == "on"
