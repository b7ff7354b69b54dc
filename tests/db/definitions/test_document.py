"""From rows to the flagd document: what it says, in which order, and that flagd's schema agrees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from db.configuration.edits import FlagEdit, Members
from db.configuration.ownership import RESERVED
from db.definitions import document as definitions
from db.definitions.reader import EnvironmentReader
from db.errors import UnknownEnvironmentError
from db.flags import flags, members
from db.vocabulary import FlagLink
from flagstaff.engine import Engine, Reason
from tests.db.definitions.flagd_schema import problems
from tests.db.flags.test_list_values import with_lists
from tests.db.helpers import ADA, country_is, make

pytestmark = pytest.mark.usefixtures("database")


def written(environment: str = "prod") -> Any:
    return json.loads(definitions.to_bytes(definitions.document(environment)))


def test_an_empty_environment_is_a_document_too() -> None:
    assert written() == {
        "flags": {},
        "metadata": {"environment": "prod", "revision": 0, "fractionalBucketing": "v2", "version": "0"},
    }
    assert problems(definitions.to_bytes(definitions.document("prod"))) == []
    with pytest.raises(UnknownEnvironmentError):
        definitions.document("moon")


def test_the_parts_of_a_definition_and_their_order() -> None:
    make(default_variant="off", rules=[{"conditions": [country_is("US")], "variant": "on"}])
    members.add("checkout", "prod", "user", ["john"], variant="on", actor=ADA)
    definition = written()["flags"]["checkout"]
    assert list(definition) == ["state", "variants", "defaultVariant", "targeting", "metadata"]
    assert definition["metadata"] == {"clientSide": False, "flagVersion": 2, "revision": 2}
    assert list(written("dev")["flags"]["checkout"]) == ["state", "variants", "defaultVariant", "metadata"]


def test_metadata_says_who_and_why_and_nothing_that_is_not_known() -> None:
    link: FlagLink = {"title": "Ticket", "url": "https://example.com/1"}
    fields: dict[str, Any] = {"owner": "ada", "purpose": "release", "expected_end": "2026-01-31", "links": [link]}
    make(metadata={"squad": "red", "cost": 1, "pci": True}, **fields)
    make("plain", client_side=True)
    definitions_ = written()["flags"]
    said = {"squad": "red", "cost": 1, "pci": True, "owner": "ada", "purpose": "release", "expectedEnd": "2026-01-31"}
    assert definitions_["checkout"]["metadata"] == {**said, "clientSide": False, "flagVersion": 1, "revision": 1}
    assert definitions_["plain"]["metadata"] == {"flagVersion": 1, "revision": 2}
    document = definitions.to_bytes(definitions.document("prod"))
    assert problems(document) == []
    assert said.items() <= Engine(document).evaluate("checkout", {}).metadata.items()


def test_every_name_that_the_document_uses_is_reserved() -> None:
    make(owner="ada", purpose="release", expected_end="2026-01-31")
    document = written()
    assert document["flags"]["checkout"]["metadata"].keys() | document["metadata"].keys() == RESERVED


def test_a_flag_without_a_default_variant_says_so() -> None:
    """Left out, or null, it would make the provider for Rust refuse the whole document."""
    make(rollout=[{"variant": "on", "weight": 100}])
    make("static", is_static=True, value=True)
    flags_ = written()["flags"]
    assert (flags_["checkout"]["defaultVariant"], flags_["static"]["defaultVariant"]) == ("", "on")
    document = definitions.to_bytes(definitions.document("prod"))
    assert problems(document) == []
    answer = Engine(document).evaluate("checkout", {})
    assert (answer.value, answer.variant, answer.reason) == (None, None, Reason.DEFAULT)


def test_a_flag_without_variants_has_one_that_nobody_gets() -> None:
    for value_type, empty in (("string", ""), ("number", 0), ("structured", {})):
        make(f"empty-{value_type}", value_type=value_type)
        assert written()["flags"][f"empty-{value_type}"]["variants"] == {"empty": empty}
    make("no-boolean", variants={})
    document = definitions.to_bytes(definitions.document("prod"))
    assert problems(document) == []
    answer = Engine(document).evaluate("empty-string", {"targetingKey": "john"})
    assert (answer.value, answer.variant) == (None, None)


@pytest.mark.parametrize("value", [True, "a", 1, 0.5, 1e23, {"a": {"b": [1, None]}}, {}])
def test_values_of_every_type_are_valid_for_flagds_schema(value: Any) -> None:
    value_type = {bool: "boolean", str: "string", dict: "structured"}.get(type(value), "number")
    make(value_type=value_type, is_static=True, value=value)
    document = definitions.to_bytes(definitions.document("prod"))
    assert problems(document) == []
    answer = Engine(document).evaluate("checkout", {})
    assert (answer.value, answer.reason) == (value, Reason.STATIC)


def test_a_list_is_the_one_value_that_flagds_schema_has_no_type_for() -> None:
    with_lists("checkout", {"value": [1, 2]}, "value")
    document = definitions.to_bytes(definitions.document("prod"))
    assert Engine(document).evaluate("checkout", {}).value == [1, 2]
    assert [problem.split(":")[0] for problem in problems(document)] == ["flags/checkout"]


def test_the_same_state_gives_the_same_bytes_however_it_came_about() -> None:
    make("b", members=[Members("user", ["z", "a", "m"], "on"), Members("team", ["x"], "off")])
    make("a")
    make("C")
    reader = EnvironmentReader("prod")
    reader.refresh()
    members.add("b", "prod", "user", ["c"], variant="on", actor=ADA)
    flags.archive("a", actor=ADA)
    delta = reader.refresh()
    document = definitions.document("prod")
    assert list(document["flags"]) == ["C", "b"]  # type: ignore[arg-type]
    followed = {"flags": {**delta.changed, "C": document["flags"]["C"]}, "metadata": delta.metadata}  # type: ignore[call-overload,index]
    assert definitions.to_bytes(followed) == definitions.to_bytes(document)
    assert definitions.to_bytes(document) == definitions.to_bytes(definitions.document("prod"))
    assert b'["a","c","m","z"]' in definitions.to_bytes(document)


def test_keyless_contexts_and_names_that_look_like_something_else() -> None:
    make(
        members=[Members("user", ["None", "null", "on", "0", "True"], "on")],
        rollout=[{"variant": "off", "weight": 100}],
    )
    engine = Engine(definitions.to_bytes(definitions.document("prod")))
    for keyless in ({}, {"targetingKey": ""}, {"entityId": ""}, {"entityType": "user"}, {"targetingKey": None}):
        assert engine.evaluate("checkout", keyless).variant is None
    assert engine.evaluate("checkout", {"targetingKey": "None"}).variant == "on"
    assert engine.evaluate("checkout", {"entityId": 0}).variant == "on"
    assert engine.evaluate("checkout", {"targetingKey": "None", "entityType": "team"}).variant == "off"
    assert engine.evaluate("checkout", {"targetingKey": "john"}).variant == "off"


def test_percentages_are_exact() -> None:
    make(rollout=[{"variant": "on", "weight": 0.001}, {"variant": "off", "weight": 99.999}])
    make("tenths", rollout=[{"variant": "on", "weight": 0.1}, {"variant": "off", "weight": 99.9}])
    assert json.dumps(written()).count('["on", 1], ["off", 99999]') == 1
    assert json.dumps(written()).count('["on", 100], ["off", 99900]') == 1


def test_a_large_list_of_members_is_a_plain_list_for_any_reader() -> None:
    ids = [f"user-{number}" for number in range(5_000)]
    make(members=[Members("user", ids, "on")])
    document = definitions.to_bytes(definitions.document("prod"))
    assert problems(document) == []
    assert Engine(document).evaluate("checkout", {"targetingKey": "user-4999"}).variant == "on"


def test_a_disabled_flag_keeps_its_targeting_for_when_it_is_enabled_again() -> None:
    make(rollout=[{"variant": "on", "weight": 100}])
    flags.update("checkout", "prod", FlagEdit(enabled=False), actor=ADA)
    definition = written()["flags"]["checkout"]
    assert (definition["state"], "targeting" in definition) == ("DISABLED", True)
