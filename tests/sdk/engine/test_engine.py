"""What the engine promises beyond agreeing with flagd: updates, reports of what is broken, no harm from documents."""

from __future__ import annotations

import json
import sys
import threading
from itertools import pairwise
from typing import Any

import pytest
from openfeature.exception import ParseError

from flagstaff.engine import Engine, ErrorCode, Reason
from tests.sdk.engine.flagd_oracle import KEY, ask

ON_OFF = {"on": True, "off": False}


def flag(**fields: Any) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": ON_OFF, **fields}


def engine_of(**flags: Any) -> Engine:
    return Engine({"flags": flags})


STATIC = flag(defaultVariant="on")
SPLIT = {"fractional": [{"cat": [{"var": "$flagd.flagKey"}, ":", {"var": "targetingKey"}]}, ["on", 25], ["off", 75]]}


@pytest.mark.parametrize(
    ("definition", "context", "expected"),
    [
        pytest.param(STATIC, {}, (True, "on", Reason.STATIC), id="one value for everyone"),
        pytest.param(flag(), {}, (None, None, Reason.DEFAULT), id="no default variant leaves it to the caller"),
        pytest.param({**STATIC, "state": "DISABLED"}, {}, (None, None, Reason.DISABLED), id="switched off"),
        pytest.param(
            flag(targeting={"if": [{"var": "in"}, "on"]}), {"in": 1}, (True, "on", Reason.TARGETING_MATCH), id="rule"
        ),
        pytest.param(
            flag(targeting={"if": [{"var": "in"}, "on"]}), {}, (None, None, Reason.DEFAULT), id="no match, no default"
        ),
        pytest.param(
            flag(targeting={"if": [{"var": "in"}, "on"]}, defaultVariant="off"),
            {},
            (False, "off", Reason.DEFAULT),
            id="default",
        ),
        pytest.param(flag(targeting=SPLIT), {"targetingKey": "u1"}, (True, "on", Reason.SPLIT), id="inside the split"),
        pytest.param(
            flag(targeting=SPLIT), {"targetingKey": "u4"}, (False, "off", Reason.SPLIT), id="outside the split"
        ),
        pytest.param(
            flag(targeting={"if": [{"var": "in"}, SPLIT, "off"]}),
            {"in": True, "targetingKey": "u1"},
            (True, "on", Reason.SPLIT),
            id="a split inside a rule",
        ),
        pytest.param(
            flag(targeting={"if": [{"var": "in"}, SPLIT, "off"]}), {}, (False, "off", Reason.TARGETING_MATCH), id="else"
        ),
    ],
)
def test_an_answer_has_a_value_a_variant_and_a_reason(
    definition: dict[str, Any], context: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert engine_of(flag=definition).evaluate("flag", context)[:3] == expected


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        pytest.param(flag(targeting={"bogus": [1]}), ErrorCode.PARSE_ERROR, id="an unknown operation"),
        pytest.param(flag(targeting={"/": [1, 0]}), ErrorCode.GENERAL, id="an operation that fails"),
        pytest.param(flag(targeting={"cat": ["nowhere"]}), ErrorCode.GENERAL, id="a variant that does not exist"),
        pytest.param(flag(defaultVariant="nowhere"), ErrorCode.GENERAL, id="a default variant that does not exist"),
        pytest.param({"variants": ON_OFF}, ErrorCode.PARSE_ERROR, id="no state"),
        pytest.param(flag(variants={}), ErrorCode.PARSE_ERROR, id="no variants"),
        pytest.param(flag(targeting=["if"]), ErrorCode.PARSE_ERROR, id="targeting that is no object"),
        pytest.param(flag(defaultVariant=1), ErrorCode.PARSE_ERROR, id="a default variant that is no name"),
        pytest.param(flag(metadata={"owner": {"name": "ada"}}), ErrorCode.PARSE_ERROR, id="metadata that is not flat"),
        pytest.param("on", ErrorCode.PARSE_ERROR, id="a flag that is no object"),
    ],
)
def test_a_broken_flag_is_an_error_and_leaves_the_others_alone(definition: Any, code: ErrorCode) -> None:
    engine = engine_of(broken=definition, sound=STATIC)

    answer = engine.evaluate("broken", {})

    assert (answer.value, answer.variant, answer.reason, answer.error_code) == (None, None, Reason.ERROR, code)
    assert answer.error_message and "broken" in answer.error_message
    assert engine.evaluate("sound", {}).value is True


def test_what_could_not_be_compiled_is_reported() -> None:
    engine = engine_of(broken=flag(variants={}), sound=STATIC)
    assert engine.errors == {"broken": "flag 'broken': 'variants' has to be an object with at least one variant"}


def test_an_unknown_flag_is_an_error() -> None:
    assert engine_of().evaluate("absent", {}).error_code is ErrorCode.FLAG_NOT_FOUND


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "null",
        '{"flags": []}',
        '{"flags": {}, "metadata": []}',
        '{"flags": {}, "metadata": {"a": null}}',
        '{"flags": {}, "metadata": {"fractionalBucketing": "v9"}}',
        '{"flags": {}, "$evaluators": [1]}',
        '{"flags": {"a": NaN}}',
        '{"flags": ' + "[" * 100_000,
        '{"flags": {"a": ' + "9" * 10_000 + "}}",
    ],
)
def test_a_document_that_can_not_be_read_is_refused(document: str) -> None:
    with pytest.raises(ParseError):
        Engine(document)


def nested(depth: int, operation: str) -> Any:
    node: Any = {"var": "x"}
    for _ in range(depth):
        node = {operation: [node, "on"]}
    return node


@pytest.mark.parametrize(
    "operation", ["if", "and", "or", "!", "cat", "==", "+", "map", "fractional", "merge", "var", "in"]
)
def test_deep_nesting_is_evaluated_or_refused(operation: str) -> None:
    for depth in (10, 48, 60, 400, 5_000, 100_000):
        engine = engine_of(deep=flag(targeting=nested(depth, operation)), sound=STATIC)
        code = engine.evaluate("deep", {"x": "on"}).error_code
        assert code is not ErrorCode.PARSE_ERROR if depth <= 48 else code is ErrorCode.PARSE_ERROR
        assert engine.evaluate("sound", {}).value is True


def test_a_flag_is_not_broken_by_who_asks_first_with_hardly_any_stack_left() -> None:
    def at_depth(levels: int) -> ErrorCode | None:
        return at_depth(levels - 1) if levels else engine.evaluate("sound", {"x": "on"}).error_code

    codes = set()
    for levels in range(sys.getrecursionlimit() - 150, sys.getrecursionlimit()):
        engine = engine_of(sound=flag(targeting=nested(20, "if")))
        try:
            codes.add(at_depth(levels))
        except RecursionError:
            continue
        assert engine.evaluate("sound", {"x": "on"}).error_code is not ErrorCode.PARSE_ERROR
    assert ErrorCode.PARSE_ERROR in codes


def test_evaluators_that_multiply_are_refused() -> None:
    evaluators = {f"e{n}": {"and": [{"$ref": f"e{n + 1}"}] * 10} for n in range(20)} | {"e20": {"var": "x"}}
    engine = Engine({"flags": {"laughs": flag(targeting={"$ref": "e0"})}, "$evaluators": evaluators})
    assert engine.evaluate("laughs", {}).error_code is ErrorCode.PARSE_ERROR


def test_evaluators_that_refer_to_each_other_are_refused() -> None:
    engine = Engine(
        {"flags": {"loop": flag(targeting={"$ref": "a"})}, "$evaluators": {"a": {"$ref": "b"}, "b": {"$ref": "a"}}}
    )
    assert engine.evaluate("loop", {}).error_code is ErrorCode.PARSE_ERROR


@pytest.mark.parametrize(
    ("targeting", "reason"),
    [
        ({"$ref": "nothing"}, Reason.STATIC),
        ({"$ref": "also"}, Reason.STATIC),
        ({"if": [True, {"$ref": "nothing"}]}, Reason.DEFAULT),
        ({"if": [{"!": [{"$ref": "also"}]}, "on"]}, Reason.TARGETING_MATCH),
    ],
)
def test_a_shared_evaluator_that_is_null_is_there(targeting: Any, reason: Reason) -> None:
    document = {
        "flags": {KEY: flag(defaultVariant="off", targeting=targeting)},
        "$evaluators": {"also": {"$ref": "nothing"}, "nothing": None},
    }
    assert Engine(document).evaluate(KEY).reason is reason
    assert ask(document, "boolean", [(None, {})])[0]["reason"] == reason


def test_a_shared_evaluator_may_use_another() -> None:
    evaluators = {
        "staff": {"ends_with": [{"var": "email"}, "@x.com"]},
        "beta": {"and": [{"$ref": "staff"}, {"var": "beta"}]},
    }
    engine = Engine({"flags": {"f": flag(targeting={"if": [{"$ref": "beta"}, "on"]})}, "$evaluators": evaluators})
    assert engine.evaluate("f", {"email": "a@x.com", "beta": True}).variant == "on"
    assert engine.evaluate("f", {"email": "a@y.com", "beta": True}).variant is None


HOSTILE = [
    "__import__('os')",
    "'); raise SystemExit #",
    "c0",
    "context",
    "get",
    "lambda: 0",
    "\n return 1\n",
    "{0}",
    "%s",
    "\\",
    '"""',
    "a\x00b",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "__builtins__",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_made_to_break_generated_code_are_only_names(name: str) -> None:
    targeting = {
        "if": [{"in": [{"var": [name, name]}, [name, "x"]]}, name, {"starts_with": [{"var": "k"}, name]}, "on"]
    }
    engine = engine_of(**{name: flag(variants={name: "hostile", "on": "on"}, targeting=targeting)})
    assert engine.errors == {}
    assert engine.evaluate(name, {name: name}).value == "hostile"
    assert engine.evaluate(name, {name: "other", "k": name + "…"}).value == "on"


@pytest.mark.parametrize("operation", HOSTILE)
def test_operations_made_to_break_generated_code_are_unknown(operation: str) -> None:
    engine = engine_of(f=flag(targeting={"if": [{"var": "x"}, {operation: [1]}, "on"]}))
    assert engine.evaluate("f", {"x": True}).error_code is ErrorCode.PARSE_ERROR
    assert engine.evaluate("f", {}).variant == "on"


def test_any_context_is_answered() -> None:
    engine = engine_of(f=flag(targeting={"if": [{">": [{"var": "a.b"}, 1]}, "on", {"cat": [{"var": "a"}]}, "off"]}))
    for strange in (object(), b"x", {1: 2}, {"b": object()}, [[]], float("nan"), 10**400, "\ud800", ...):
        assert engine.evaluate("f", {"a": strange}).reason in (Reason.TARGETING_MATCH, Reason.ERROR, Reason.DEFAULT)


# -- metadata ----------------------------------------------------------------------------------------------------------


def test_an_answer_carries_the_documents_metadata_and_the_flags_own() -> None:
    document = {"flags": {"f": flag(metadata={"version": 3})}, "metadata": {"version": "17", "environment": "prod"}}
    assert Engine(document).evaluate("f").metadata == {"version": 3, "environment": "prod"}


def test_the_metadata_says_how_splits_hash_unless_the_caller_does() -> None:
    v3 = {"fractionalBucketing": "v3"}
    document = {"flags": {"f": flag(targeting=SPLIT)}, "metadata": v3}
    people = [{"targetingKey": f"user-{n}"} for n in range(200)]

    def served(engine: Engine) -> list[str | None]:
        return [engine.evaluate("f", person).variant for person in people]

    assert served(Engine(document)) == served(Engine({"flags": document["flags"]}, bucketing="v3"))
    assert served(Engine(document)) != served(Engine(document, bucketing="v2"))


# -- updates -----------------------------------------------------------------------------------------------------------


def test_an_update_changes_adds_and_removes_flags() -> None:
    engine = engine_of(kept=STATIC, changed=STATIC, removed=STATIC)
    engine.update({"changed": flag(defaultVariant="off"), "added": STATIC}, ["removed"])
    assert engine.keys() == {"kept", "changed", "added"}
    assert [engine.evaluate(key).value for key in ("kept", "changed", "added")] == [True, False, True]
    assert engine.evaluate("removed").error_code is ErrorCode.FLAG_NOT_FOUND


def test_an_update_of_the_metadata_reaches_every_flag() -> None:
    engine = Engine({"flags": {"kept": STATIC}, "metadata": {"revision": 1}})
    engine.update({"added": STATIC}, metadata={"revision": 2})
    assert [engine.evaluate(key).metadata for key in ("kept", "added")] == [{"revision": 2}] * 2


def test_an_update_that_can_not_be_read_changes_nothing() -> None:
    engine = Engine({"flags": {"kept": STATIC}, "metadata": {"revision": 1}})
    with pytest.raises(ParseError):
        engine.update({"added": STATIC}, ["kept"], metadata={"revision": None})  # type: ignore[dict-item]
    assert engine.keys() == {"kept"} and engine.metadata == {"revision": 1}


def test_an_evaluation_never_sees_half_of_an_update() -> None:
    """Two flags that always change together are never seen apart by a reader that reads the older one last."""
    flags = {"first": flag(defaultVariant="on"), "second": flag(defaultVariant="on")}
    engine, torn, running = Engine({"flags": flags}), [], threading.Event()
    running.set()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def read() -> None:
        while running.is_set():
            flags = engine._flags
            if flags["first"].decide({}).variant != flags["second"].decide({}).variant:
                torn.append(1)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for n in range(300):
        both = flag(defaultVariant="off" if n % 2 else "on")
        engine.update({"first": both, "second": both})
    running.clear()
    for reader in readers:
        reader.join()
    sys.setswitchinterval(before)
    assert not torn


def test_a_list_of_members_may_be_a_set_that_is_used_as_it_is() -> None:
    members = frozenset(f"user-{n}" for n in range(1000))
    engine = engine_of(f=flag(targeting={"if": [{"in": [{"var": "targetingKey"}, members]}, "on"]}))
    assert engine.evaluate("f", {"targetingKey": "user-7"}).variant == "on"
    assert engine.evaluate("f", {"targetingKey": "nobody"}).variant is None
    assert engine.evaluate("f", {"targetingKey": ["user-7"]}).variant is None


def test_an_engine_says_which_fields_a_flag_reads() -> None:
    targeting = {
        "if": [
            {"in": [{"var": "geo.country"}, ["US"]]},
            {"missing": ["email"]},
            {"fractional": [["on", 1], ["off", 1]]},
        ]
    }
    assert engine_of(f=flag(targeting=targeting)).fields("f") == {"geo", "email", "targetingKey"}
    assert engine_of(f=STATIC).fields("f") == engine_of().fields("absent") == frozenset()


def test_a_document_may_be_text_bytes_or_an_object() -> None:
    document = {"flags": {"f": STATIC}}
    for form in (document, json.dumps(document), json.dumps(document).encode()):
        assert Engine(form).evaluate("f").value is True


def test_growing_the_first_share_keeps_everyone_who_was_in() -> None:
    def inside(weight: int) -> set[int]:
        arms = [["on", weight], ["off", 100_000 - weight]]
        engine = engine_of(f=flag(targeting={"fractional": [SPLIT["fractional"][0], *arms]}))
        return {n for n in range(5000) if engine.evaluate("f", {"targetingKey": f"user-{n}"}).variant == "on"}

    shares = [inside(weight) for weight in (0, 1_000, 5_000, 25_000, 50_000, 100_000)]
    assert all(smaller <= larger for smaller, larger in pairwise(shares))
    assert [len(share) / 50 for share in shares] == pytest.approx([0, 1, 5, 25, 50, 100], abs=3)


def test_metadata_that_flags_give_themselves_does_not_make_them_anew() -> None:
    engine = Engine({"flags": {"own": flag(metadata={"revision": 1}), "without": flag()}, "metadata": {"revision": 1}})
    own, without = engine._flags["own"], engine._flags["without"]
    engine.update({}, metadata={"revision": 2})
    assert engine._flags["own"] is own and engine._flags["without"] is not without
    assert [engine.evaluate(key).metadata["revision"] for key in ("own", "without")] == [1, 2]
