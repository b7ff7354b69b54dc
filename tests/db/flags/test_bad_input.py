"""What the model refuses: each mistake has its own code, names its field, and leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from db.administration import environments, keys
from db.configuration.edits import FlagEdit, FlagQuery, Members, NewFlag
from db.errors import FlagKeyTakenError, FlagNotFoundError, FlagstaffError, InvalidInputError, UnknownEnvironmentError
from db.flags import flags, members, promotion
from db.history import changes
from db.vocabulary import Actor, Source
from tests.db.helpers import ADA, Call, country_is, edit, footprint, make

pytestmark = pytest.mark.usefixtures("database")

HALF_A_PAIR = "\ud83d"
ON_FOR_US = {"conditions": [country_is("US")], "variant": "on"}


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def rule(**parts: Any) -> Mapping[str, Any]:
    return {**ON_FOR_US, **parts}


def condition(**parts: Any) -> Mapping[str, Any]:
    return rule(conditions=[{**country_is("US"), **parts}])


def share(*weights: Any) -> list[dict[str, Any]]:
    return [{"variant": name, "weight": weight} for name, weight in zip(("on", "off"), weights, strict=False)]


@pytest.mark.parametrize(
    ("new", "code", "field"),
    [
        pytest.param({"key": ""}, "invalid_key", "key", id="an empty key"),
        pytest.param({"key": "a" * 129}, "invalid_key", "key", id="a key that is too long"),
        pytest.param({"key": ".hidden"}, "invalid_key", "key", id="a key that starts with a dot"),
        pytest.param({"key": "new checkout"}, "invalid_key", "key", id="a key with a blank"),
        pytest.param({"key": "tab\t"}, "invalid_key", "key", id="a key with a control character"),
        pytest.param({"key": "line\n"}, "invalid_key", "key", id="a key with a line end"),
        pytest.param({"key": "flüge"}, "invalid_key", "key", id="a key with other letters than ASCII's"),
        pytest.param({"key": "٣"}, "invalid_key", "key", id="a key of digits that are not ASCII's"),
        pytest.param({"key": "c9bf9e57-1685-4c89-bafb-ff5af830be8a"}, "invalid_key", "key", id="a key like a UUID"),
        pytest.param({"key": 7}, "invalid_key", "key", id="a key that is no text"),
        pytest.param({"key": None}, "invalid_key", "key", id="no key"),
        pytest.param({"name": "n" * 257}, "invalid_name", "name", id="a name that is too long"),
        pytest.param({"name": 3}, "invalid_name", "name", id="a name that is no text"),
        pytest.param({"description": "d" * 4097}, "invalid_description", "description", id="a long description"),
        pytest.param({"description": "\0"}, "invalid_description", "description", id="NUL in the description"),
        pytest.param({"description": HALF_A_PAIR}, "invalid_description", "description", id="half a surrogate pair"),
        pytest.param({"tags": "mobile"}, "invalid_tags", "tags", id="tags that are one text"),
        pytest.param({"tags": ["a b"]}, "invalid_tags", "tags[0]", id="a tag with a blank"),
        pytest.param({"tags": [f"t{n}" for n in range(65)]}, "invalid_tags", "tags", id="too many tags"),
        pytest.param({"value_type": "BOOL"}, "invalid_type", "type", id="a type that is none"),
        pytest.param({"value_type": None}, "invalid_type", "type", id="null for a type"),
        pytest.param({"enabled": 1}, "invalid_enabled", "enabled", id="a number for enabled"),
        pytest.param({"is_static": "yes"}, "invalid_isStatic", "isStatic", id="a text for isStatic"),
        pytest.param({"is_static": True}, "missing_value", "value", id="a static flag without a value"),
        pytest.param({"value": True}, "value_of_dynamic_flag", "value", id="a value for a dynamic flag"),
        pytest.param({"variants": {"a b": True}}, "invalid_variant", "the name of a variant", id="a variant's name"),
        pytest.param({"variants": [True]}, "invalid_variant", "variants", id="variants that are no object"),
        pytest.param({"variants": {f"v{n}": True for n in range(101)}}, "invalid_variant", "variants", id="too many"),
        pytest.param({"variants": {"on": "yes"}}, "invalid_value", "variants.on", id="a variant of another type"),
        pytest.param({"default_variant": "blue"}, "unknown_variant", "defaultVariant", id="an unknown default"),
        pytest.param({"default_variant": ["on"]}, "unknown_variant", "defaultVariant", id="a list for a default"),
        pytest.param({"rules": {}}, "invalid_rule", "rules", id="rules that are no list"),
        pytest.param({"rules": [ON_FOR_US] * 101}, "invalid_rule", "rules", id="too many rules"),
        pytest.param({"rules": [7]}, "invalid_rule", "rules[0]", id="a rule that is no object"),
        pytest.param({"rules": [rule(when="now")]}, "invalid_rule", "rules[0]", id="a rule with an unknown part"),
        pytest.param({"rules": [rule(variant=None)]}, "invalid_rule", "rules[0]", id="a rule that serves nothing"),
        pytest.param({"rules": [rule(split=share(100))]}, "invalid_rule", "rules[0]", id="a rule that serves both"),
        pytest.param({"rules": [rule(name=1)]}, "invalid_name", "rules[0].name", id="a rule's name that is no text"),
        pytest.param({"rules": [rule(conditions=[])]}, "invalid_rule", "rules[0].conditions", id="no condition"),
        pytest.param(
            {"rules": [rule(conditions=[country_is("US")] * 51)]}, "invalid_rule", "rules[0].conditions", id="too many"
        ),
        pytest.param(
            {"rules": [ON_FOR_US, rule(variant="blue")]}, "unknown_variant", "rules[1].variant", id="in a later rule"
        ),
        pytest.param(
            {"rules": [condition(operator="like")]},
            "unknown_operator",
            "rules[0].conditions[0].operator",
            id="an unknown operator",
        ),
        pytest.param(
            {"rules": [condition(operator=None)]}, "unknown_operator", "rules[0].conditions[0].operator", id="none"
        ),
        pytest.param(
            {"rules": [condition(field="")]}, "invalid_condition", "rules[0].conditions[0]", id="no field to look at"
        ),
        pytest.param(
            {"rules": [condition(value=[])]}, "invalid_condition", "rules[0].conditions[0]", id="an empty list"
        ),
        pytest.param(
            {"rules": [condition(value=["x"] * 1001)]}, "invalid_condition", "rules[0].conditions[0]", id="a long list"
        ),
        pytest.param(
            {"rules": [condition(operator="gt", value="5")]},
            "invalid_condition",
            "rules[0].conditions[0]",
            id="no number",
        ),
        pytest.param(
            {"rules": [condition(operator="eq", value="\0")]},
            "invalid_condition",
            "rules[0].conditions[0].value",
            id="NUL",
        ),
        pytest.param(
            {"rules": [condition(operator="eq", value=float("nan"))]},
            "invalid_condition",
            "rules[0].conditions[0].value",
            id="NaN in a condition",
        ),
        pytest.param(
            {"rules": [condition(operator="semver_gt", value="new")]},
            "invalid_condition",
            "rules[0].conditions[0]",
            id="no version",
        ),
        pytest.param({"rules": [rule(variant=None, split=[])]}, "invalid_weights", "rules[0].split", id="empty split"),
        pytest.param({"rollout": []}, "invalid_weights", "rollout", id="an empty rollout"),
        pytest.param({"rollout": "25%"}, "invalid_weights", "rollout", id="a rollout in words"),
        pytest.param({"rollout": share(25, 74)}, "invalid_weights", "rollout", id="weights that add up to less"),
        pytest.param({"rollout": share(50, 50.001)}, "invalid_weights", "rollout", id="weights that add up to more"),
        pytest.param({"rollout": share(101)}, "invalid_weights", "rollout[0].weight", id="more than all"),
        pytest.param({"rollout": share(-1, 101)}, "invalid_weights", "rollout[0].weight", id="less than nothing"),
        pytest.param({"rollout": share(True, 99)}, "invalid_weights", "rollout[0].weight", id="true for a weight"),
        pytest.param({"rollout": share("50", 50)}, "invalid_weights", "rollout[0].weight", id="a text for a weight"),
        pytest.param({"rollout": share(float("nan"), 50)}, "invalid_weights", "rollout[0].weight", id="NaN percent"),
        pytest.param({"rollout": share(0.0001, 99.9999)}, "invalid_weights", "rollout[0].weight", id="too fine"),
        pytest.param({"rollout": [*share(50), *share(50)]}, "invalid_weights", "rollout", id="a variant named twice"),
        pytest.param(
            {"rollout": [{"variant": "blue", "weight": 100}]},
            "unknown_variant",
            "rollout[0].variant",
            id="of a stranger",
        ),
        pytest.param({"rollout": [{"variant": "on"}]}, "invalid_weights", "rollout[0]", id="a share without weight"),
        pytest.param(
            {"rollout": [{"value": True, "weight": 100}]},
            "invalid_weights",
            "rollout[0]",
            id="a value instead of a variant",
        ),
    ],
)
def test_a_flag_that_can_not_be(new: Mapping[str, Any], code: str, field: str) -> None:
    before = footprint()
    with pytest.raises(InvalidInputError) as refused:
        make(**{"key": "checkout", **new})
    assert (refused.value.code, refused.value.field) == (code, field)
    assert field.split("[")[0].split(".")[0] in str(refused.value)
    assert footprint() == before


@pytest.mark.parametrize(
    ("value_type", "value", "code"),
    [
        pytest.param("boolean", 1, "invalid_value", id="1 is not true"),
        pytest.param("boolean", "true", "invalid_value", id="a text is not true"),
        pytest.param("boolean", None, "invalid_value", id="null is not false"),
        pytest.param("string", 5, "invalid_value", id="a number is no text"),
        pytest.param("string", "a\0b", "invalid_value", id="NUL"),
        pytest.param("string", HALF_A_PAIR, "invalid_value", id="half a surrogate pair"),
        pytest.param("string", "x" * 65_536, "value_too_large", id="a text over 64 KiB with its quotes"),
        pytest.param("string", "€" * 30_000, "value_too_large", id="bytes count, not characters"),
        pytest.param("number", True, "invalid_value", id="true is no number"),
        pytest.param("number", "5", "invalid_value", id="a text is no number"),
        pytest.param("number", float("nan"), "invalid_value", id="NaN"),
        pytest.param("number", float("inf"), "invalid_value", id="infinity, which 1e400 is read as"),
        pytest.param("number", 2**53, "invalid_value", id="a whole number beyond what a float can tell apart"),
        pytest.param("number", -(2**53), "invalid_value", id="the same below zero"),
        pytest.param("structured", "{}", "invalid_value", id="a text is no object"),
        pytest.param("structured", 1, "invalid_value", id="a number is no object"),
        pytest.param("structured", {"a": float("-inf")}, "invalid_value", id="infinity inside"),
        pytest.param("structured", {"a": [2**60]}, "invalid_value", id="a number too large inside"),
        pytest.param("structured", {"a\0": 1}, "invalid_value", id="NUL in a name"),
        pytest.param("structured", {1: 1}, "invalid_value", id="a name that is no text"),
        pytest.param("structured", {"a": {1}}, "invalid_value", id="what JSON can't say"),
        pytest.param("structured", nested(33), "invalid_value", id="nested too deep"),
        pytest.param("structured", nested(5000), "invalid_value", id="nested far too deep"),
        pytest.param("structured", ["x" * 1000] * 66, "value_too_large", id="an array over 64 KiB"),
    ],
)
def test_a_value_that_is_none_of_the_flags_type(value_type: str, value: Any, code: str) -> None:
    make("limit", value_type=value_type)
    before = footprint()
    tries: list[Call] = [
        lambda: flags.create(NewFlag("other", value_type, is_static=True, value=value), "prod", actor=ADA),
        lambda: flags.create(NewFlag("other", value_type, variants={"v": value}), "prod", actor=ADA),
        lambda: flags.update("limit", "prod", edit(variants={"v": value}), actor=ADA),
        lambda: members.add("limit", "prod", "user", ["john"], value=value, actor=ADA),
    ]
    for attempt in tries:
        with pytest.raises(InvalidInputError) as refused:
            attempt()
        assert refused.value.code == code
    assert footprint() == before


@pytest.mark.parametrize(
    ("entity_type", "entity_ids", "code"),
    [
        pytest.param("", ["john"], "invalid_entity_type", id="no type"),
        pytest.param("a:b", ["john"], "invalid_entity_type", id="a type with a colon"),
        pytest.param("t" * 65, ["john"], "invalid_entity_type", id="a type that is too long"),
        pytest.param(None, ["john"], "invalid_entity_type", id="null for a type"),
        pytest.param("user", [], "invalid_entity", id="nobody"),
        pytest.param("user", "john", "invalid_entity", id="a text instead of a list"),
        pytest.param("user", [""], "invalid_entity", id="an empty id"),
        pytest.param("user", ["x" * 257], "invalid_entity", id="an id that is too long"),
        pytest.param("user", ["a\nb"], "invalid_entity", id="a control character in an id"),
        pytest.param("user", ["a\0b"], "invalid_entity", id="NUL in an id"),
        pytest.param("user", ["a\x85b"], "invalid_entity", id="a control character beyond ASCII"),
        pytest.param("user", [HALF_A_PAIR], "invalid_entity", id="half a surrogate pair"),
        pytest.param("user", [" john"], "invalid_entity", id="a blank before an id"),
        pytest.param("user", ["john\u00a0"], "invalid_entity", id="an unbreakable blank after an id"),
        pytest.param("user", [7], "invalid_entity", id="a number"),
        pytest.param("user", [None], "invalid_entity", id="null"),
        pytest.param("user", ["john", "mary", "john"], "duplicate_member", id="a member twice in one request"),
        pytest.param("user", [str(n) for n in range(100_001)], "too_many_members", id="too many at once"),
    ],
)
def test_entities_that_can_not_be_members(entity_type: Any, entity_ids: Any, code: str) -> None:
    make()
    before = footprint()
    tries: list[Call] = [
        lambda: members.add("checkout", "prod", entity_type, entity_ids, variant="on", actor=ADA),
        lambda: members.remove("checkout", "prod", entity_type, entity_ids, actor=ADA),
    ]
    for attempt in tries:
        with pytest.raises(InvalidInputError) as refused:
            attempt()
        assert refused.value.code == code
    assert footprint() == before


@pytest.mark.parametrize(
    ("said", "code"),
    [
        pytest.param({}, "invalid_member", id="neither variant nor value"),
        pytest.param({"variant": "on", "value": True}, "invalid_member", id="both"),
        pytest.param({"variant": "blue"}, "unknown_variant", id="a variant that the flag does not have"),
        pytest.param({"value": "on"}, "invalid_value", id="a value of another type"),
    ],
)
def test_members_need_one_variant(said: Mapping[str, Any], code: str) -> None:
    make()
    before = footprint()
    with pytest.raises(InvalidInputError) as refused:
        members.add("checkout", "prod", "user", ["john"], actor=ADA, **said)
    assert (refused.value.code, footprint()) == (code, before)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(edit(variants={"off": False}), "unknown_variant", id="a rule's variant can't go"),
        pytest.param(edit(variants={"off": False}, rules=None, rollout=None), "variant_in_use", id="nor a member's"),
        pytest.param(edit(rules=None, variants={"on": True}), "unknown_variant", id="nor one of the rollout"),
        pytest.param(
            edit(members=[Members("user", ["x"], "on"), Members("user", ["x"], "off")]), "duplicate_member", id="2"
        ),
        pytest.param(edit(default_variant="x"), "unknown_variant", id="a default must be a variant"),
        pytest.param(edit(value=True), "value_of_dynamic_flag", id="no value for a dynamic flag"),
        pytest.param(edit(enabled=None), "invalid_enabled", id="null is no switch"),  # type: ignore[arg-type]
    ],
)
def test_an_edit_that_would_break_the_flag(asked: FlagEdit, code: str) -> None:
    make(rules=[ON_FOR_US], rollout=share(0, 100), members=[Members("user", ["john"], "on")])
    before = footprint()
    with pytest.raises(InvalidInputError) as refused:
        flags.update("checkout", "prod", asked, actor=ADA)
    assert (refused.value.code, footprint()) == (code, before)


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        pytest.param(lambda: make(), FlagKeyTakenError, id="a duplicate key"),
        pytest.param(lambda: make("new", "moon"), UnknownEnvironmentError, id="create where there is nothing"),
        pytest.param(lambda: make("new", "pr\0d"), UnknownEnvironmentError, id="an environment with NUL"),
        pytest.param(lambda: flags.get("checkout", "moon"), UnknownEnvironmentError, id="get"),
        pytest.param(lambda: flags.get("nothing", "prod"), FlagNotFoundError, id="an unknown key"),
        pytest.param(lambda: flags.get("a\0b", "prod"), FlagNotFoundError, id="a key that can't be"),
        pytest.param(lambda: flags.get(HALF_A_PAIR, "prod"), FlagNotFoundError, id="a key that is no text"),
        pytest.param(lambda: flags.set_enabled("checkout", "moon", actor=ADA), UnknownEnvironmentError, id="toggle"),
        pytest.param(lambda: flags.archive("nothing", actor=ADA), FlagNotFoundError, id="archive"),
        pytest.param(
            lambda: flags.get("c9bf9e57-1685-4c89-bafb-ff5af830be8a", "prod"), FlagNotFoundError, id="an unknown id"
        ),
        pytest.param(
            lambda: members.add("checkout", "moon", "user", ["x"], variant="on", actor=ADA),
            UnknownEnvironmentError,
            id="members somewhere else",
        ),
        pytest.param(
            lambda: promotion.promote("checkout", "prod", "moon", actor=ADA), UnknownEnvironmentError, id="promote"
        ),
        pytest.param(
            lambda: promotion.promote("checkout", "prod", "prod", actor=ADA), InvalidInputError, id="to where it is"
        ),
        pytest.param(lambda: environments.create("a b", actor=ADA), InvalidInputError, id="an environment's key"),
        pytest.param(lambda: keys.create("", "client", environment="prod", actor=ADA), InvalidInputError, id="no name"),
        pytest.param(lambda: keys.create("ci", "root", actor=ADA), InvalidInputError, id="a scope that is none"),
        pytest.param(lambda: keys.create("ci", "server", actor=ADA), InvalidInputError, id="a server key is bound"),
        pytest.param(
            lambda: keys.create("ci", "admin", environment="prod", actor=ADA),
            InvalidInputError,
            id="an admin key is not",
        ),
        pytest.param(
            lambda: keys.create("ci", "admin", expires_at=datetime(2020, 1, 1, tzinfo=UTC), actor=ADA),
            InvalidInputError,
            id="expired before it was made",
        ),
        pytest.param(lambda: flags.search(FlagQuery("prod", limit=0)), InvalidInputError, id="an empty page"),
        pytest.param(lambda: flags.search(FlagQuery("prod", sort="size")), InvalidInputError, id="an unknown order"),
        pytest.param(lambda: flags.search(FlagQuery("prod", after="x")), InvalidInputError, id="a cursor of no list"),
        pytest.param(lambda: flags.search(FlagQuery("prod", search="\0")), InvalidInputError, id="a search for NUL"),
        pytest.param(
            lambda: members.page("checkout", "prod", after="x"), InvalidInputError, id="a cursor of no members"
        ),
        pytest.param(lambda: members.page("checkout", "prod", limit=1001), InvalidInputError, id="a page too long"),
        pytest.param(lambda: changes.page(after="-1"), InvalidInputError, id="a cursor of no changes"),
    ],
)
def test_what_is_asked_for_is_not_there_or_makes_no_sense(attempt: Call, error: type[FlagstaffError]) -> None:
    make()
    before = footprint()
    with pytest.raises(error):
        attempt()
    assert footprint() == before


@pytest.mark.parametrize(
    ("value_type", "value"),
    [
        ("number", 0),
        ("number", 1),
        ("number", 1.0),
        ("number", -0.0),
        ("number", 0.1),
        ("number", 1e-7),
        ("number", 5e-324),
        ("number", 1e22),
        ("number", 1e23),
        ("number", 1.7976931348623157e308),
        ("number", 9007199254740991),
        ("number", -9007199254740991),
        ("number", 9007199254740992.0),
        ("string", ""),
        ("string", '\U0001d54f and 日本, \\u0000 spelled out, "quoted"'),
        ("string", "\u2028\ufeff\U0010ffff"),
        ("structured", {}),
        ("structured", {"b": {"": [1, 1.0, True, None, "x"]}, "a": -1.5}),
        ("structured", {"a": nested(29)}),
    ],
)
def test_what_is_written_is_read_back(value_type: str, value: Any) -> None:
    made = make("limit", value_type=value_type, is_static=True, value=value)
    read = flags.get("limit", "staging").value
    assert made.value == read == value
    assert type(read) is type(value)
    written = value + 0 if value_type == "number" else value  # -0.0 is stored as 0.0
    assert json.dumps(read, sort_keys=True) == json.dumps(written, sort_keys=True)  # 1 is not 1.0, nor true


def test_an_actor_name_is_checked() -> None:
    with pytest.raises(InvalidInputError, match="actor"):
        flags.create(NewFlag("new"), "prod", actor=Actor("a\0b", Source.API))
