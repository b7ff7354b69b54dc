"""Create flag, Edit, and two people who edit the same flag."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from db.configuration.flag_fields import FLAG_FIELDS
from db.errors import FlagNotFoundError
from db.flags import flags, members
from db.flags.flags import FlagEdit
from db.history import changes
from db.vocabulary import Source
from interval_app.pages.flags.edit import fields_of
from tests.interval.conftest import AWKWARD, TESTER, Running


def test_create_a_dynamic_boolean_flag(dash: Running) -> None:
    key = dash.fresh()
    action = dash.ada.run("flags/create", environment="dev")
    form = action.form()
    assert form.inputs == [
        *("Key", "Description", "Owner", "Purpose", "Expected end", "Seen by client keys", "Kind", "Type"),
        *("Enabled in dev", "Comment"),
    ]
    assert form.default("Seen by client keys") is False
    action.answer({"Key": key, "Description": "The new one"})
    form = action.form()
    assert form.options("Default variant") == ["none", "=on", "=off"]
    assert form.default("Default variant") == "=off"  # released clients log an error for every missing value
    action.answer({"Default variant": "=on"})
    said = action.result()
    assert said == f"{key} is created, enabled in dev and disabled in the others."
    assert (action.redirects, action.said) == ([("flags/flag", {"flag": key, "environment": "dev"})], [said])
    flag = flags.get(key, "dev")
    assert (flag.description, flag.enabled, flag.default_variant) == ("The new one", True, "on")
    assert not flags.get(key, "staging").enabled
    dash.serves(key, True, False)
    (change,) = changes.page(key, "dev").items
    assert (change.actor, change.source) == ("ada@example.com", Source.INTERVAL)


@pytest.mark.parametrize(
    ("kind", "typed", "value", "default"),
    [
        pytest.param("boolean", True, True, False, id="boolean"),
        pytest.param("string", "12:30:45", "12:30:45", "", id="string"),
        pytest.param("string", "", "", "x", id="empty string"),
        pytest.param("number", "0.25", 0.25, 0.5, id="number"),
        pytest.param("structured", '{"on": [1, "1"]}', {"on": [1, "1"]}, {}, id="structured"),
    ],
)
def test_create_a_static_flag(dash: Running, kind: str, typed: Any, value: Any, default: Any) -> None:
    key = dash.fresh()
    action = dash.ada.run("flags/create")
    action.fill({"Key": key, "Kind": "static", "Type": kind})
    action.fill({"Value": typed})
    action.result()
    dash.serves(key, value, default)


def test_create_a_dynamic_string_flag_with_variants(dash: Running) -> None:
    key = dash.fresh()
    action = dash.ada.run("flags/create")
    action.fill({"Key": key, "Type": "string"})
    action.fill({"Variants": 'none = 2024-01-01\non = on\n\nlines = "a\\nb"'})
    assert action.form().options("Default variant") == ["none", "=none", "=on", "=lines"]
    action.answer({"Default variant": "=none"})
    action.result()
    assert flags.get(key, "dev").variants == {"none": "2024-01-01", "on": "on", "lines": "a\nb"}
    dash.serves(key, "2024-01-01", "x")


def test_what_can_t_be_is_refused_while_it_is_entered(dash: Running) -> None:
    taken = dash.flag().key
    action = dash.ada.run("flags/create")
    action.form()
    for key, said in (("a b", "Key must be"), ("", "Key must be"), (taken, "exists already")):
        action.answer({"Key": key})
        assert said in action.form().errors["Key"]
    key = dash.fresh()
    action.answer({"Key": key, "Kind": "static", "Type": "structured"})
    action.form()
    for text, said in (
        ('{"a": }', "not JSON"),
        ("3", "object or array"),
        ('{"a": NaN}', "NaN"),
        ("[1e999]", "too large"),
    ):
        action.answer({"Value": text})
        assert said in action.form().errors["Value"]
    action.cancel()
    with pytest.raises(FlagNotFoundError):
        flags.get(key, "dev")


def test_variants_that_can_t_be_name_their_line(dash: Running) -> None:
    action = dash.ada.run("flags/create")
    action.fill({"Key": dash.fresh(), "Type": "number"})
    action.form()
    for text, said in (
        ("few", "line 1 has no ="),
        ("few = 1\nfew = 2", "line 2: there is a variant few"),
        ("few = many", "line 1: the value"),
        ("a b = 1", "line 1: the name"),
    ):
        action.answer({"Variants": text})
        assert said.lower() in action.form().errors["Variants"].lower()
    action.cancel()


def test_what_was_entered_for_a_flag_that_could_not_be_created_is_kept(dash: Running) -> None:
    key, lines = dash.fresh(), "\n".join(f"v{number} = {number}" for number in range(101))
    action = dash.ada.run("flags/create")
    action.fill({"Key": key, "Type": "number"})
    action.fill({"Variants": lines})
    action.fill({"Default variant": "=v1"})
    assert "at most 100 names" in action.form().text
    action.answer()
    assert action.form().default("Variants") == lines
    action.answer({"Variants": "v1 = 1"})
    assert action.form().default("Default variant") == "=v1"
    action.answer()
    action.result()
    assert flags.get(key, "dev").variants == {"v1": 1}


def test_a_key_that_is_taken_meanwhile_brings_the_form_back(dash: Running) -> None:
    key = dash.fresh()
    action = dash.ada.run("flags/create")
    action.fill({"Key": key, "Description": "kept"})
    action.form()
    dash.flag(key)
    action.answer()
    form = action.form()
    assert "exists already" in form.text
    assert (form.default("Key"), form.default("Description")) == (key, "kept")
    action.answer({"Key": f"{key}-2"})
    action.fill()
    assert action.result().startswith(f"{key}-2 is created")


OF_PAGES = {"rules", "rollout", "ramp", "split_by", "layer", "schedule", "prerequisites", "members"}


def test_whatever_an_edit_can_change_is_in_the_form_or_has_a_page_of_its_own(dash: Running) -> None:
    static, dynamic = dash.flag(is_static=True, value=True), dash.flag(value_type="string", variants={"a": "A"})
    in_forms = {field.name for flag in (static, dynamic) for field in fields_of(flag)}
    assert in_forms == {field.name for field in dataclasses.fields(FlagEdit)} - OF_PAGES
    for flag in (static, dynamic):
        assert {field.name for field in fields_of(flag)} >= FLAG_FIELDS.keys()


def test_edit_writes_only_what_was_changed(dash: Running) -> None:
    flag = dash.flag(description="old", tags=["a"], default_variant="off")
    action = dash.ada.run("flags/edit", flag=flag.key, environment="dev")
    form = action.form()
    assert [form.default(label) for label in ("Description", "Tags", "Default variant")] == ["old", "a", "=off"]
    assert form.default("Enabled in dev") is True
    action.answer({"Description": "new", "Default variant": "=on"})
    action.result()
    now = flags.get(flag.key, "dev")
    assert (now.description, now.default_variant, now.tags, now.version) == ("new", "on", ("a",), 2)
    dash.serves(flag.key, True, False)


def test_edit_without_a_change_leaves_no_trace(dash: Running) -> None:
    flag = dash.flag(value_type="number", variants={"few": 1, "many": 10.5})
    action = dash.ada.run("flags/edit", flag=flag.key)
    action.fill()
    assert action.result() == "Nothing was changed."
    assert flags.get(flag.key, "dev").version == 1


@pytest.mark.parametrize(
    ("kind", "old", "typed", "new"),
    [
        pytest.param("boolean", True, False, False, id="boolean"),
        pytest.param("string", "old", "007", "007", id="string"),
        pytest.param("number", 1, "1e3", 1000.0, id="number"),
        pytest.param("structured", {"a": 1}, '{"b": []}', {"b": []}, id="structured"),
    ],
)
def test_edit_a_static_value(dash: Running, kind: str, old: Any, typed: Any, new: Any) -> None:
    flag = dash.flag(value_type=kind, is_static=True, value=old)
    action = dash.ada.run("flags/edit", flag=flag.key)
    action.fill({"Value": typed})
    action.result()
    dash.serves(flag.key, new, old)


def test_a_used_variant_can_t_be_dropped(dash: Running) -> None:
    flag = dash.flag(value_type="string", variants={"a": "A", "b": "B"}, default_variant="a")
    members.add(flag.key, "dev", "user", ["john"], variant="a", actor=TESTER)
    action = dash.ada.run("flags/edit", flag=flag.key)
    action.fill({"Variants": "b = B"})
    action.fill({"Default variant": "=b"})
    form = action.form()
    assert "Members still get a" in form.text
    assert form.default("Variants") == "b = B"
    action.cancel()
    assert flags.get(flag.key, "dev").variants == {"a": "A", "b": "B"}


def test_a_new_variant_can_be_made_the_default_at_once(dash: Running) -> None:
    flag = dash.flag(value_type="string", variants={"a": "A"}, default_variant="a")
    action = dash.ada.run("flags/edit", flag=flag.key)
    action.fill({"Variants": "b = B"})
    assert action.form().options("Default variant") == ["none", "=b"]
    action.answer({"Default variant": "=b"})
    action.result()
    now = flags.get(flag.key, "dev")
    assert (now.variants, now.default_variant) == ({"b": "B"}, "b")


def test_two_people_edit_the_same_flag(dash: Running) -> None:
    flag = dash.flag(value_type="string", variants={"a": "A", "b": "B"}, default_variant="a")
    ada, bob = dash.ada.run("flags/edit", flag=flag.key), dash.bob.run("flags/edit", flag=flag.key)
    ada.form()
    bob.fill({"Variants": "a = A\nb = B\nc = C", "Tags": "bobs"})
    bob.fill({"Default variant": "=b"})
    bob.result()
    ada.answer({"Variants": "a = AA\nb = B", "Description": "by Ada"})
    form = ada.form()
    assert "bob@example.com changed it at" in form.text
    assert "variant c" in form.text and "a → b" in form.text
    assert form.default("Description") == "by Ada"
    assert form.default("Variants") == "a = AA\nb = B\nc = C"
    assert (form.default("Tags"), form.default("Default variant")) == ("bobs", "=b")
    assert flags.get(flag.key, "dev").description == ""
    ada.answer()
    ada.result()
    now = flags.get(flag.key, "dev")
    assert (now.description, now.tags, now.default_variant) == ("by Ada", ("bobs",), "b")
    assert now.variants == {"a": "AA", "b": "B", "c": "C"}


def test_a_flag_that_is_archived_meanwhile_ends_the_edit(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/edit", flag=flag.key)
    action.form()
    flags.archive(flag.key, actor=TESTER)
    action.answer({"Description": "too late"})
    assert "is archived" in action.failure()


def test_a_flag_is_picked_where_the_link_names_none(dash: Running) -> None:
    flag = dash.flag(description="pick me")
    action = dash.ada.run("flags/edit")
    action.form()
    found = action.search("Which flag in dev?", flag.key)
    assert [result["label"] for result in found.props("Which flag in dev?")["results"]] == [flag.key]
    action.answer({"Which flag in dev?": flag.key})
    assert flag.key in action.form().text
    action.cancel()


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_names_can_be_created_and_edited(dash: Running, key: str) -> None:
    action = dash.ada.run("flags/create")
    action.fill({"Key": key, "Type": "string", "Description": key})
    action.fill({"Variants": f"{key} = {key}"})
    action.fill({"Default variant": f"={key}"})
    assert action.result().startswith(f"{key} is created")
    edit = dash.ada.run("flags/edit", flag=key)
    form = edit.form()
    assert form.default("Description") == key and form.default("Variants") == f"{key} = {key}"
    edit.answer({"Tags": key, "Name": key})
    assert edit.result() == f"{key} is saved in dev, as version 2."
    flag = flags.get(key, "dev")
    assert (flag.name, flag.tags, flag.variants) == (key, (key,), {key: key})
    dash.serves(key, key, "")
    flags.update(key, "dev", FlagEdit(name=None), actor=TESTER)
    flags.archive(key, actor=TESTER)
