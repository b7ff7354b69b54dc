"""Where flagd's evaluator for Python does not do what flagd's documentation says, and what we do instead.

`docs/decisions/flagd-differences.md` tells of these; when a case fails with a newer release, that page changes too.
"""

from __future__ import annotations

from typing import Any

import pytest
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ParseError

from flagstaff.engine import Engine


def document(targeting: Any = None, *, evaluators: Any = None, **fields: Any) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **fields}
    return {"flags": {"f": {**flag, "targeting": targeting or {}}}, "$evaluators": evaluators or {}}


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
    ("targeting", "context"),
    [
        pytest.param({"if": [{"===": [{"var": "beta"}, 1]}, "on"]}, {"beta": True}, id="true is strictly equal to 1"),
        pytest.param(
            {"if": [{"===": [{"cat": [{"var": "beta"}]}, "True"]}, "on"]}, {"beta": True}, id="true as text is True"
        ),
    ],
)
def test_where_we_follow_flagd_core_although_other_flagds_differ(targeting: Any, context: dict[str, Any]) -> None:
    source = document(targeting)
    assert ours(source, context) == "on"
    assert theirs(source, context) == "on"
