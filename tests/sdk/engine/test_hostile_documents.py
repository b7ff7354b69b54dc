"""Documents made to cost time or memory: each is an error, or an answer, of its own flag, at a bounded cost.

What is measured is counted (characters that Python compiles, bytes, attempts), never the time.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from flagstaff import targeting
from flagstaff.engine import Engine, ErrorCode, Evaluation
from flagstaff.engine.compiler import facts, parts, statements
from flagstaff.engine.compiler import source as code
from flagstaff.jsonlogic import loops, values
from flagstaff.targeting.conditions import Condition
from tests.sdk import strategies
from tests.targetings import logic_of

MEBIBYTE = 1 << 20
ON_OFF = {"on": True, "off": False}
TEXTS = [f"text-{number:05}" for number in range(10_000)]
IN_TEXTS = {"in": [{"var": "x"}, TEXTS]}
ACCUMULATOR, CURRENT = {"var": "accumulator"}, {"var": "current"}


def fields(count: int) -> list[Any]:
    return [{"var": f"field-{number}"} for number in range(count)]


def reduce(steps: int, logic: Any, initial: Any) -> Any:
    return {"if": [{"===": [{"reduce": [[0] * steps, logic, initial]}, "x"]}, "on"]}


def document(logic: Any, evaluators: dict[str, Any] | None = None) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": ON_OFF, "defaultVariant": "off"}
    return {"flags": {"flag": {**flag, "targeting": logic}, "sound": flag}, "$evaluators": evaluators or {}}


def doubled(times: int, logic: Any) -> dict[str, Any]:
    evaluators = {f"e{n}": {"or": [{"$ref": f"e{n + 1}"}] * 2} for n in range(times)}
    return document({"if": [{"$ref": "e0"}, "on"]}, {**evaluators, f"e{times}": logic})


def referred(count: int, logic: Any) -> dict[str, Any]:
    return document({"if": [{"or": [{"$ref": "shared"}] * count}, "on"]}, {"shared": logic})


ANSWERED = {
    "a list referred to 1,000 times": referred(1_000, IN_TEXTS),
    "a list referred to by doublings": doubled(12, IN_TEXTS),
    "a constant referred to 20,000 times": referred(20_000, {"!": [TEXTS]}),
    "lists of references": document({"if": [{"merge": [[{"$ref": "s"}] * 50] * 90}, "on"]}, {"s": {"!!": [TEXTS]}}),
    "a wide cat": document({"if": [{"==": [{"cat": fields(20_000)}, "x"]}, "on"]}),
    "a wide and": document({"if": [{"==": [{"and": fields(8_000)}, "x"]}, "on"]}),
    "a wide if": document({"if": [{"==": [{"if": fields(6_000)}, "x"]}, "on"]}),
    "many branches": document({"if": [part for field in fields(8_000) for part in ({"==": [field, 1]}, "on")]}),
    "many comparisons": document({"if": [{"and": [{"==": [field, 1]} for field in fields(12_000)]}, "on"]}),
    "a wide map": document({"if": [{"map": [[1, 2], {"and": fields(8_000)}]}, "off", "on"]}),
}

REFUSED = {
    "too many operations": (document({"if": [{"and": fields(100_001)}, "on"]}), ErrorCode.PARSE_ERROR),
    "too many by doublings": (doubled(40, {"var": "x"}), ErrorCode.PARSE_ERROR),
    "deep constants": (document({"if": [{"in": [1, json.loads("[" * 600 + "]" * 600)]}, "on"]}), ErrorCode.PARSE_ERROR),
    "a number squared": (document(reduce(40, {"*": [ACCUMULATOR, ACCUMULATOR]}, 10)), ErrorCode.GENERAL),
    "a number squared by hand": (document({"*": [int("9" * 4_000)] * 5_000}), ErrorCode.GENERAL),
    "a number doubled": (document(reduce(100_000, {"+": [ACCUMULATOR, ACCUMULATOR]}, 10)), ErrorCode.GENERAL),
    "a text doubled": (document(reduce(60, {"cat": [ACCUMULATOR, ACCUMULATOR]}, "x")), ErrorCode.GENERAL),
    "a text grown": (document(reduce(100_000, {"cat": [ACCUMULATOR, "x" * 1_000]}, "x")), ErrorCode.GENERAL),
    "a list doubled": (document(reduce(60, {"merge": [ACCUMULATOR, ACCUMULATOR]}, [1])), ErrorCode.GENERAL),
    "pairs of pairs": (document(reduce(60, [ACCUMULATOR, ACCUMULATOR], 1)), ErrorCode.GENERAL),
    "pairs of pairs as a variant": (document({"reduce": [[0] * 60, [ACCUMULATOR] * 2, 1]}), ErrorCode.GENERAL),
    "loops in loops": (
        document({"map": [TEXTS, {"map": [TEXTS, {"map": [TEXTS, {"var": ""}]}]}]}),
        ErrorCode.GENERAL,
    ),
    "searches in loops": (
        document({"some": [TEXTS, {"some": [TEXTS, {"in": [{"var": ""}, [*TEXTS, 1]]}]}]}),
        ErrorCode.GENERAL,
    ),
    "a list as text": (document({"if": [{"==": [{"cat": [TEXTS]}, "x"]}, "on"]}), ErrorCode.GENERAL),
    "a long text many times": (document({"cat": ["x" * 100_000] * 100}), ErrorCode.GENERAL),
}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The lengths of the texts that Python compiles."""
    lengths: list[int] = []
    original = code._compile

    def counting(source: str) -> code.Bind:
        lengths.append(len(source))
        return original(source)

    monkeypatch.setattr(code, "_compile", counting)
    monkeypatch.setattr(code, "compiled", code.Compiled(code.MAX_SOURCES))
    yield lengths


def answers_and_peak(source: dict[str, Any]) -> tuple[list[Evaluation], int]:
    """Two answers of the flag, and how many bytes the evaluations held at once, the code of the flag included."""
    engine = Engine(source)
    tracemalloc.start()
    try:
        answers = [engine.evaluate("flag", {"x": "y", "targetingKey": "john"}) for _ in range(2)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert engine.evaluate("sound").variant == "off"
    return answers, peak


@pytest.mark.parametrize("name", ANSWERED)
def test_a_large_document_is_compiled_in_small_pieces_and_answered(name: str, compiled: list[int]) -> None:
    answers, peak = answers_and_peak(ANSWERED[name])
    assert [answer.error_code for answer in answers] == [None] * 2
    assert peak < 48 * MEBIBYTE
    assert max(compiled) < 10_000
    assert sum(compiled) < MEBIBYTE


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_cost_too_much_is_an_error_of_that_flag(name: str, compiled: list[int]) -> None:
    source, error_code = REFUSED[name]
    answers, peak = answers_and_peak(source)
    assert {answer.error_code for answer in answers} == {error_code}
    assert peak < 48 * MEBIBYTE
    assert sum(compiled) < 10_000


def test_the_largest_flag_of_the_admin_api_is_compiled_in_small_pieces(compiled: list[int]) -> None:
    kinds = (("eq", "x"), ("in", ["a", "b"]), ("gt", 1), ("contains", "c"), ("semver_gte", "1.2.3"), ("neq", True))
    rules = [
        targeting.Rule([Condition(f"f{n % 40}", *kinds[(n * rule) % 6]) for n in range(50)], "on")
        for rule in range(100)
    ]
    engine = Engine(
        document(
            logic_of({("on", "user"): ["john"]}, rules, [targeting.Share("on", 40_000), targeting.Share("off", 60_000)])
        )
    )
    assert engine.evaluate("flag", {"targetingKey": "john"}).variant == "on"
    assert engine.evaluate("flag", {"targetingKey": "mary"}).error_code is None
    assert max(compiled) < 10_000


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.documents(), strategies.contexts)
def test_a_targeting_means_the_same_in_pieces_of_any_size(typed: tuple[str, Any], asked: tuple[Any, Any]) -> None:
    context = {**asked[1], "targetingKey": asked[0]}
    whole = Engine(typed[1]).evaluate("flag", context)
    for largest in (0, 2, 8):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(statements, "MAX_WHOLE", 0)
            for module in (statements, parts):
                patch.setattr(module, "MAX_PART", largest)
            engine = Engine(typed[1])
            in_pieces = engine.evaluate("flag", context)
            assert engine.fields("flag") == Engine(typed[1]).fields("flag")
        # As texts, so that true and 1 differ, and NaN is equal to itself.
        assert repr(in_pieces[:4]) == repr(whole[:4])


class Definition(dict[str, Any]):
    """A flag's definition that counts how often it is read."""

    reads = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.reads += key == "state"
        return super().get(key, default)


def test_a_flag_that_runs_out_of_stack_is_tried_twice_and_no_more() -> None:
    broken = Definition(REFUSED["deep constants"][0]["flags"]["flag"])
    engine = Engine({"flags": {"flag": broken}})
    answers = [engine.evaluate("flag") for _ in range(5)]
    assert {answer.error_code for answer in answers} == {ErrorCode.PARSE_ERROR}
    assert broken.reads == 2
    assert "RecursionError" in engine.errors["flag"]
    engine.update({"flag": document({"if": [True, "on"]})["flags"]["flag"]})
    assert engine.evaluate("flag").variant == "on"


def test_loops_have_their_full_allowance_in_each_evaluation() -> None:
    half = loops.MAX_WORK // 2
    engine = Engine(document({"if": [{"some": [{"var": "list"}, {"==": [{"var": ""}, "x"]}]}, "on"]}))
    work = 1 + facts.Facts({}).size({"==": [{"var": ""}, "x"]}).work
    for _ in range(4):
        assert engine.evaluate("flag", {"list": [*["y"] * (half // work), "x"]}).variant == "on"
    assert engine.evaluate("flag", {"list": ["y"] * (4 * half // work)}).error_code is ErrorCode.GENERAL


def test_sources_are_kept_up_to_a_size_and_those_in_use_longest() -> None:
    kept = code.Compiled(max_sources=2_000)
    sources = [f"def bind(): return {10**80 + number}" for number in range(100)]
    often = kept.bind(sources[0])
    for source in sources:
        kept.bind(source)
        assert kept.bind(sources[0]) is often
        assert sum(map(len, kept.sources)) <= 2_000
    assert sources[-1] in kept.sources and sources[1] not in kept.sources


def test_the_engine_keeps_sources_up_to_its_bound() -> None:
    for number in range(300):
        conditions = [{"==": [{"var": f"f{bit}"}, "a" if number >> bit & 1 else 1]} for bit in range(9)] * 8
        Engine(document({"if": [{"and": conditions}, "on"]})).evaluate("flag")
    assert 0 < sum(map(len, code.compiled.sources)) <= code.MAX_SOURCES


def test_a_list_is_taken_as_text_up_to_a_number_of_items() -> None:
    engine = Engine(document({"if": [{"===": [{"cat": [{"var": "x"}]}, {"var": "y"}]}, "on"]}))
    inner = list(range(values.MAX_ITEMS_AS_TEXT - 2))
    text = ",".join(map(str, inner))
    assert engine.evaluate("flag", {"x": [[], [inner], "z"], "y": f",{text},z"}).variant == "on"
    assert engine.evaluate("flag", {"x": [[], inner, ["z", 1]], "y": ""}).error_code is ErrorCode.GENERAL
