"""Generated flags and contexts: JsonLogic of every operation, on values that are known to cause trouble."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

FIELDS = ["country", "age", "plan", "roles", "nested", "version", "on", "1", ""]
TEXTS = [
    "",
    "on",
    "off",
    "US",
    "true",
    "True",
    "None",
    "null",
    "1",
    "1.0",
    "07",
    "18",
    "-3",
    " 5 ",
    "1e400",
    "inf",
    "ünï",
    "v1.2",
]
NUMBERS = [0, 1, -1, 2, 3, 5, 18, 100, 0.5, -2.5, 1.0, 1e21, -0.0, 2**53, 1e300]
VERSIONS = ["1.2.3", "1.2", "v1.2.3", "1.2.3-rc.1", "1.2.3+build", "01.2.3", "2", "x", ""]
VARIANTS = ["on", "off", "true", "false", "1", "None"]

texts = st.sampled_from(TEXTS) | st.text(max_size=4)
numbers = st.sampled_from(NUMBERS) | st.integers(-100, 100)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=2),
    max_leaves=4,
)
paths = st.sampled_from(
    [
        *FIELDS,
        "nested.age",
        "nested.roles.0",
        "roles.0",
        "roles.length",
        "plan.length",
        "plan.1",
        "a..b",
        "targetingKey",
    ]
)
names = st.sampled_from(VARIANTS)


def operation(name: str, *arguments: st.SearchStrategy[Any], most: int | None = None) -> st.SearchStrategy[Any]:
    """`{name: [arguments…]}`, now and then with an argument too few."""
    whole = st.tuples(*arguments).map(list)
    return whole.flatmap(lambda given: st.integers(0, 15).map(lambda n: {name: given if n else given[:-1]}))


def variadic(name: str, argument: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(argument, max_size=4).map(lambda given: {name: given})


def _variables(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        paths.map(lambda path: {"var": path}),
        st.tuples(paths, scalars).map(lambda both: {"var": list(both)}),
        st.sampled_from([{"var": "$flagd.flagKey"}, {"var": "$flagd.none"}, {"var": ["$flagd.none", "on"]}]),
        st.just({">": [{"var": "$flagd.timestamp"}, 1_000_000_000]}),
        st.integers(-1, 3).map(lambda index: {"var": index}),
        inner.map(lambda computed: {"var": [computed]}),
        st.lists(paths, max_size=3).map(lambda keys: {"missing": keys}),
        st.tuples(st.integers(0, 2), st.lists(paths, max_size=3)).map(lambda both: {"missing_some": list(both)}),
    )


def _splits(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    weights = st.integers(-1, 100) | st.sampled_from([2**31 - 1, 2**31, 1.5, True, None, {"var": "age"}])
    arm = st.tuples(names | inner, weights).map(list) | names.map(lambda name: [name])
    known = st.tuples(names | st.none(), st.integers(0, 100_000)).map(list)
    subject = st.one_of(
        inner,
        st.just({"var": "targetingKey"}),
        st.just({"cat": [{"var": "$flagd.flagKey"}, ":", {"var": ["targetingKey", ""]}]}),
    )
    arms = st.lists(arm, max_size=3) | st.lists(known, min_size=1, max_size=3)
    with_subject = st.tuples(subject, arms).map(lambda both: {"fractional": [both[0], *both[1]]})
    return with_subject | arms.map(lambda given: {"fractional": given})


def _guarded_text(given: tuple[str, str]) -> Any:
    """An `and` as our own conditions have it, with guards that another operand implies."""
    field, text = {"var": given[0]}, given[1]
    return {"and": [{"!==": [field, None]}, {"starts_with": [field, ""]}, {"starts_with": [field, text]}]}


def _operations(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    comparisons = st.sampled_from(["==", "!=", "===", "!==", "<", "<=", ">", ">="])
    sums = st.sampled_from(["+", "*", "-", "/", "%", "min", "max", "cat", "merge"])
    choices = st.sampled_from(["if", "?:", "and", "or"])
    loops = st.sampled_from(["map", "filter", "all", "some", "none"])
    in_loops = st.one_of(
        st.sampled_from(
            [{"var": ""}, {"var": "age"}, {">": [{"var": ""}, 1]}, {"===": [{"var": ""}, {"cat": [{"var": ""}]}]}]
        ),
        inner,
    )
    reducers = st.sampled_from([{"+": [{"var": "current"}, {"var": "accumulator"}]}, {"var": "accumulator"}])
    compared = inner | paths.map(lambda path: {"var": path})
    return st.one_of(
        comparisons.flatmap(lambda name: operation(name, compared, inner)),
        st.sampled_from(["<", "<=", ">", ">="]).flatmap(lambda name: operation(name, inner, inner, inner)),
        sums.flatmap(lambda name: variadic(name, inner)),
        choices.flatmap(lambda name: variadic(name, inner)),
        st.sampled_from(["!", "!!", "log"]).flatmap(lambda name: operation(name, inner)),
        st.sampled_from(["!", "!!"]).flatmap(lambda name: inner.map(lambda one: {name: one})),
        operation("in", inner, st.lists(texts, max_size=4) | st.lists(scalars, max_size=3) | inner),
        operation("substr", inner, numbers, numbers),
        st.sampled_from(["starts_with", "ends_with"]).flatmap(lambda name: operation(name, inner, texts)),
        operation(
            "sem_ver",
            st.sampled_from(VERSIONS) | st.just({"var": "version"}),
            st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "^", "~", "?"]),
            st.sampled_from(VERSIONS),
        ),
        loops.flatmap(lambda name: operation(name, inner, in_loops)),
        st.tuples(inner, reducers, scalars).map(lambda parts: {"reduce": list(parts)}),
        _variables(inner),
        _splits(inner),
        st.sampled_from([{"bogus": []}, {"$ref": "nowhere"}, {"$ref": "shared"}, {}, {"a": 1, "b": 2}]),
        st.lists(inner, max_size=3),
        # Guards, and a part that occurs twice: both have shortcuts of their own.
        inner.map(lambda x: {"===": [x, {"cat": [x]}]}),
        inner.map(lambda x: {"===": [{"*": [x, 1]}, x]}),
        inner.map(lambda x: {"===": [{"cat": [x]}, {"cat": [{"*": [x, 1]}]}]}),
        st.tuples(paths, texts).map(_guarded_text),
        st.tuples(texts, inner).map(lambda both: {"in": [both[0], {"merge": [[], both[1]]}]}),
        inner.map(lambda x: {"cat": [{"if": [x, x, {"===": [x, 0]}, x, {"var": "plan"}, {"var": "plan"}, ""]}]}),
        inner.map(lambda x: {"if": [{"===": [{"if": [x, x, "user"]}, "user"]}, {"if": [x, x, "user"]}]}),
        inner.map(
            lambda x: {
                "and": [{"or": [{"cat": [{"var": "plan"}]}, "on"]}, x, {"or": [{"cat": [{"var": "plan"}]}, "on"]}]
            }
        ),
    )


logic = st.recursive(scalars | names | paths.map(lambda path: {"var": path}), _operations, max_leaves=8)

# Most targetings choose between variants; the others return whatever JsonLogic comes to.
targetings = st.one_of(
    st.lists(st.tuples(logic, names | _splits(logic)), min_size=1, max_size=3).map(
        lambda pairs: {"if": [part for pair in pairs for part in pair]}
    ),
    _operations(logic),
    _splits(logic),
)

VALUES_OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "string": texts,
    "float": numbers,
    "object": st.lists(scalars, max_size=2) | st.dictionaries(texts, scalars, max_size=2),
}

metadata = st.dictionaries(st.sampled_from(["version", "team"]), st.booleans() | numbers | texts, max_size=2)


def _is_plain(evaluator: Any) -> bool:
    """flagd puts evaluators in by a regular expression on the document's text: no references and no backslashes."""
    written = json.dumps(evaluator)
    return "$ref" not in written and "\\" not in written


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A value type, and a flagd document with one flag of that type, called `flag`."""
    value_type = draw(st.sampled_from(sorted(VALUES_OF_TYPE)))
    variants = draw(st.dictionaries(names, VALUES_OF_TYPE[value_type], min_size=1, max_size=5))
    flag: dict[str, Any] = {"state": draw(st.sampled_from(["ENABLED"] * 9 + ["DISABLED"])), "variants": variants}
    if draw(st.integers(0, 9)):
        flag["targeting"] = draw(targetings)
    if draw(st.booleans()):
        flag["defaultVariant"] = draw(st.sampled_from(sorted(variants)) | st.none() | st.sampled_from(["", "absent"]))
    if draw(st.booleans()):
        flag["metadata"] = draw(metadata)
    document: dict[str, Any] = {"flags": {"flag": flag}, "metadata": draw(metadata)}
    if draw(st.booleans()):
        document["$evaluators"] = {"shared": draw(logic.filter(_is_plain))}
    return value_type, document


contexts = st.tuples(
    st.none() | st.sampled_from(["", "john", "None"]) | st.uuids().map(str),
    st.dictionaries(st.sampled_from([*FIELDS, "entityId", "entityType"]), values, max_size=5),
)
"""A targeting key, and the attributes beside it."""
