"""Texts that UTF-8 can't encode (half of a surrogate pair): an error of one evaluation, wherever they stand."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from openfeature.evaluation_context import EvaluationContext

from flagstaff.client.definitions import Definitions
from flagstaff.client.deltas import Updates
from flagstaff.client.sse import ServerSentEvent
from flagstaff.engine import Engine, ErrorCode
from flagstaff.jsonlogic.fractional import Bucketing
from flagstaff.resolution import EngineProvider
from tests.processes import ROOT

HALF = "\ud800"
VARIANTS = {"on": True, "off": False}
SHARES = [["on", 50], ["off", 50]]
COMPUTED = [["on", {"var": "weight"}], ["off", 50]]
BY_ID = {
    "cat": [{"var": "$flagd.flagKey"}, ":", {"or": [{"cat": [{"var": ["entityId", ""]}]}, {"var": "targetingKey"}]}]
}


def engine_of(targeting: Any, bucketing: str, key: str = "flag", **more: Any) -> Engine:
    flag = {"state": "ENABLED", "variants": VARIANTS, "targeting": targeting, **more}
    return Engine({"flags": {key: flag, "sound": {"state": "ENABLED", "variants": VARIANTS}}}, bucketing)


@pytest.mark.parametrize("bucketing", list(Bucketing))
@pytest.mark.parametrize(
    ("targeting", "context"),
    [
        pytest.param({"fractional": SHARES}, {"targetingKey": HALF}, id="targeting key alone"),
        pytest.param({"fractional": COMPUTED}, {"targetingKey": HALF, "weight": 1}, id="weights computed"),
        pytest.param({"fractional": [BY_ID, *SHARES]}, {"targetingKey": HALF}, id="targeting key"),
        pytest.param({"fractional": [BY_ID, *SHARES]}, {"entityId": f"a{HALF}"}, id="entity id"),
        pytest.param({"fractional": [{"var": "x"}, *SHARES]}, {"x": HALF}, id="an attribute"),
        pytest.param({"fractional": [{"cat": [{"var": "x"}, "!"]}, *SHARES]}, {"x": [HALF]}, id="in a list as text"),
        pytest.param({"if": [True, {"fractional": [{"var": "x"}, *COMPUTED]}]}, {"x": HALF, "weight": 2}, id="nested"),
    ],
)
def test_a_split_by_such_a_text_is_an_invalid_context(bucketing: str, targeting: Any, context: dict[str, Any]) -> None:
    # In a process of its own, because the failure that this is about ends the process.
    code = (
        "import json, sys; from tests.sdk.engine.test_unicode import engine_of\n"
        "targeting, bucketing, context = json.loads(sys.argv[1])\n"
        "print(engine_of(targeting, bucketing).evaluate('flag', context).error_code)"
    )
    done = run("-c", code, json.dumps([targeting, bucketing, context]))
    assert (done.returncode, done.stdout.strip()) == (0, str(ErrorCode.INVALID_CONTEXT)), done.stderr


@pytest.mark.parametrize("bucketing", list(Bucketing))
@pytest.mark.parametrize("value", [{"a": HALF}, {"a": [HALF]}, {HALF: 1}], ids=["an object", "a list", "a name"])
def test_v3_hashes_any_value_and_refuses_such_texts_inside(bucketing: str, value: Any) -> None:
    engine = engine_of({"fractional": [{"var": "x"}, *SHARES]}, bucketing)
    answer = engine.evaluate("flag", {"x": value})
    assert (answer.error_code is ErrorCode.INVALID_CONTEXT) == (bucketing == Bucketing.V3)


@pytest.mark.parametrize(
    ("key", "more"),
    [
        (HALF, {}),
        ("flag", {"variants": {HALF: True}}),
        ("flag", {"variants": {"on": {"deep": [HALF]}}}),
        ("flag", {"metadata": {"team": HALF}}),
        ("flag", {"metadata": {HALF: 1}}),
        ("flag", {"targeting": {"fractional": [{"cat": [HALF, {"var": "targetingKey"}]}, *SHARES]}}),
        ("flag", {"targeting": {"if": [{"==": [{"var": HALF}, 1]}, "on"]}}),
    ],
)
def test_a_flag_that_holds_such_a_text_is_broken_and_no_other(key: str, more: dict[str, Any]) -> None:
    engine = engine_of(**{"targeting": None, "bucketing": "v2", **more, "key": key})
    answer = engine.evaluate(key, {"targetingKey": "john"})
    assert answer.error_code is ErrorCode.PARSE_ERROR
    assert "surrogate" in str(answer.error_message)
    assert engine.evaluate("sound").error_code is None


def test_an_unknown_key_of_that_kind_is_unknown() -> None:
    assert engine_of(None, "v2").evaluate(HALF).error_code is ErrorCode.FLAG_NOT_FOUND


def test_rules_compare_such_texts_as_any_other() -> None:
    engine = engine_of({"if": [{"in": [{"var": "country"}, ["US", "CA"]]}, "on"]}, "v2", defaultVariant="off")
    assert engine.evaluate("flag", {"country": HALF}).variant == "off"


def answer_of_a_provider() -> tuple[Any, ErrorCode | None]:
    provider = EngineProvider("test")
    provider.evaluate = engine_of({"fractional": SHARES}, "v2").evaluate
    answer = provider.resolve_boolean_details("flag", True, EvaluationContext(HALF))
    return answer.value, answer.error_code


def test_a_provider_answers_the_callers_default() -> None:
    code = "from tests.sdk.engine.test_unicode import answer_of_a_provider; print(*answer_of_a_provider())"
    done = run("-c", code)
    assert (done.returncode, done.stdout.strip()) == (0, f"True {ErrorCode.INVALID_CONTEXT}"), done.stderr


def test_definitions_with_such_texts_are_kept_and_their_other_flags_updated() -> None:
    flag = {"state": "ENABLED", "variants": VARIANTS, "defaultVariant": "on"}
    source = {"flags": {HALF: flag, "sound": flag}, "metadata": {"revision": 1}}
    definitions = Definitions(json.dumps(source).encode())
    updates = Updates()
    told = {"key": "told", "definition": {**flag, "variants": {"on": HALF}}}
    assert updates.add(ServerSentEvent("flag_updated", json.dumps(told), "2")) == 2
    assert definitions.update(*updates.take(), 2) == ["told"]
    kept = Definitions(definitions.to_json())
    for engine in (definitions.engine, kept.engine):
        codes = {key: engine.evaluate(key).error_code for key in (HALF, "told", "sound")}
        assert codes == {HALF: ErrorCode.PARSE_ERROR, "told": ErrorCode.PARSE_ERROR, "sound": None}


def test_generated_flags_and_contexts_with_such_texts_are_all_answered() -> None:
    done = run("-m", "tests.sdk.engine.fuzz_unicode")
    assert done.returncode == 0, done.stderr[-3000:]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
