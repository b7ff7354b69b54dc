"""Creating, finding, changing, switching and archiving flags."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from db.administration import environments
from db.configuration.edits import FlagEdit, FlagQuery, Members, NewFlag
from db.errors import FlagNotFoundError, InvalidInputError, StaticFlagError, VersionConflictError
from db.flags import flags, members
from db.history import changes
from db.targeting.rules import read_rules, read_split
from db.views import FlagView
from db.vocabulary import Action, ValueType
from tests.db.helpers import ADA, BOB, country_is, edit, footprint, make, revisions

pytestmark = pytest.mark.usefixtures("database")

RULES = read_rules([{"name": "near", "conditions": [country_is("US", "CA")], "variant": "on"}])
QUARTER = read_split([{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}], "rollout")


def test_a_boolean_flag_starts_with_on_and_off_and_answers_what_the_caller_says() -> None:
    flag = make()
    assert (flag.value_type, flag.is_static, flag.enabled) == (ValueType.BOOLEAN, False, True)
    assert (dict(flag.variants), flag.default_variant, flag.value) == ({"on": True, "off": False}, None, None)
    assert (flag.rules, flag.rollout, flag.member_count, flag.version) == ((), None, 0, 1)
    assert (flag.created_by, flag.updated_by, flag.archived_at) == ("ada@example.com", "ada@example.com", None)
    assert flag == flags.get("checkout", "prod") == flags.get(flag.id, "prod") == flags.get(flag.id.upper(), "prod")


def test_what_a_new_flag_does_is_for_the_environment_asked_for() -> None:
    asked = make(default_variant="off", rules=RULES, rollout=QUARTER, members=[Members("user", ["john"], "on")])
    other = flags.get("checkout", "dev")
    assert (asked.enabled, asked.rollout, asked.member_count) == (True, QUARTER, 1)
    assert asked.rules == RULES
    assert (other.enabled, other.rules, other.rollout, other.member_count) == (False, (), None, 0)
    assert (other.variants, other.default_variant) == (asked.variants, "off")


@pytest.mark.parametrize(
    ("value_type", "value", "variants", "default"),
    [
        ("boolean", True, {"on": True, "off": False}, "on"),
        ("boolean", False, {"on": True, "off": False}, "off"),
        ("string", "blue", {"value": "blue"}, "value"),
        ("number", 1.5, {"value": 1.5}, "value"),
        ("structured", {"a": [1, None]}, {"value": {"a": [1, None]}}, "value"),
    ],
)
def test_a_static_flag_has_one_value_in_every_environment(
    value_type: str, value: Any, variants: dict[str, Any], default: str
) -> None:
    make("banner", value_type=value_type, is_static=True, value=value)
    for environment in ("dev", "staging", "prod"):
        flag = flags.get("banner", environment)
        assert (flag.value, dict(flag.variants), flag.default_variant) == (value, variants, default)


def test_a_static_value_is_edited_per_environment() -> None:
    make("banner", value_type="string", is_static=True, value="old")
    assert flags.update("banner", "prod", edit(value="new"), actor=BOB).value == "new"
    assert flags.get("banner", "dev").value == "old"


@pytest.mark.parametrize(
    "asked",
    [
        edit(rules=RULES),
        edit(rollout=QUARTER),
        edit(variants={"on": True}),
        edit(members=[Members("user", ["john"], "on")]),
    ],
)
def test_a_static_flag_takes_no_targeting(asked: FlagEdit) -> None:
    make("banner", is_static=True, value=True)
    before = footprint()
    with pytest.raises(StaticFlagError):
        flags.update("banner", "prod", asked, actor=ADA)
    with pytest.raises(StaticFlagError):
        members.add("banner", "prod", "user", ["john"], value=True, actor=ADA)
    with pytest.raises(StaticFlagError):
        flags.create(NewFlag("other", is_static=True, value=True, rollout=QUARTER), "prod", actor=ADA)
    assert footprint() == before


def test_variants_keep_the_order_in_which_they_were_given() -> None:
    names = ["zebra", "a", "longest-of-them", "b"]
    flag = make("colour", value_type="string", variants={name: name for name in names})
    assert list(flag.variants) == list(flags.get("colour", "dev").variants) == names


def test_an_edit_changes_what_it_gives_and_nothing_else() -> None:
    made = make(description="old", tags=["web"], rules=RULES)
    edited = flags.update("checkout", "prod", edit(rollout=QUARTER, default_variant="off"), actor=BOB)
    assert (edited.rollout, edited.default_variant) == (QUARTER, "off")
    assert (edited.description, edited.tags, edited.rules) == ("old", ("web",), RULES)
    assert (edited.version, edited.updated_by, edited.created_by) == (made.version + 1, BOB.name, ADA.name)
    cleared = flags.update("checkout", "prod", edit(rules=None, rollout=None, default_variant=None), actor=BOB)
    assert (cleared.rules, cleared.rollout, cleared.default_variant) == ((), None, None)


def test_an_edit_of_name_description_or_tags_is_a_change_in_every_environment() -> None:
    make()
    before = revisions()
    flags.update("checkout", "prod", edit(name=" Checkout ", tags=["a", "b", "a"]), actor=BOB)
    for environment, revision in before.items():
        flag = flags.get("checkout", environment)
        assert (flag.name, flag.tags, flag.version) == ("Checkout", ("a", "b"), 2)
        assert flag.revision == revision + 1


def test_any_other_edit_is_a_change_in_one_environment() -> None:
    make()
    before = revisions()
    flags.update("checkout", "staging", edit(rules=RULES), actor=BOB)
    assert revisions() == {**before, "staging": before["staging"] + 1}
    assert [flags.get("checkout", environment).version for environment in before] == [1, 2, 1]


@pytest.mark.parametrize(
    "asked",
    [
        edit(),
        edit(enabled=True, rules=RULES, description="same", name=None, tags=["t"]),
        edit(members=[Members("user", ["john"], "on")]),
    ],
)
def test_an_edit_that_changes_nothing_leaves_no_trace(asked: FlagEdit) -> None:
    flag = make(rules=RULES, description="same", tags=["t"], members=[Members("user", ["john"], "on")])
    before = footprint()
    assert flags.update("checkout", "prod", asked, actor=BOB) == flag
    assert footprint() == before


def test_true_and_one_are_different_values_in_an_edit() -> None:
    make("shape", value_type="structured", variants={"a": {"x": 1}})
    assert (
        repr(flags.update("shape", "prod", edit(variants={"a": {"x": True}}), actor=ADA).variants["a"]) == "{'x': True}"
    )


def test_an_edit_can_say_exactly_who_gets_a_variant() -> None:
    make(members=[Members("user", ["a", "b"], "on"), Members("user", ["c"], "off"), Members("team", ["b"], "on")])
    flags.update("checkout", "prod", edit(members=[Members("user", ["b", "c", "d"], value=True)]), actor=ADA)
    page = members.page("checkout", "prod")
    assert [(m.entity_type, m.entity_id, m.variant) for m in page.items] == [
        ("team", "b", "on"),
        ("user", "b", "on"),
        ("user", "c", "on"),
        ("user", "d", "on"),
    ]
    flags.update("checkout", "prod", edit(members=[Members("user", [], "on")]), actor=ADA)
    assert [m.entity_type for m in members.page("checkout", "prod").items] == ["team"]


def test_a_lost_update_is_refused_and_says_whose_change_it_would_lose() -> None:
    seen = make()
    flags.update("checkout", "prod", edit(rollout=QUARTER), actor=BOB, version=seen.version)
    before = footprint()
    with pytest.raises(VersionConflictError) as conflict:
        flags.update("checkout", "prod", edit(rules=RULES), actor=ADA, version=seen.version)
    assert (conflict.value.version, conflict.value.changed_by) == (2, BOB.name)
    assert "bob@example.com" in str(conflict.value)
    assert footprint() == before
    with pytest.raises(VersionConflictError):
        flags.set_enabled("checkout", "prod", False, actor=ADA, version=1)
    with pytest.raises(VersionConflictError):
        members.add("checkout", "prod", "user", ["john"], variant="on", actor=ADA, version=1)


def test_switching() -> None:
    make()
    assert flags.set_enabled("checkout", "prod", actor=ADA).enabled is False
    assert flags.set_enabled("checkout", "prod", actor=ADA).enabled is True
    before = footprint()
    assert flags.set_enabled("checkout", "prod", True, actor=ADA).version == 3
    assert footprint() == before
    actions = [change.action for change in changes.page("checkout", "prod").items]
    assert actions == [Action.FLAG_ENABLED, Action.FLAG_DISABLED, Action.FLAG_CREATED]


def test_an_edit_that_only_switches_is_logged_as_that() -> None:
    make()
    flags.update("checkout", "prod", edit(enabled=False), actor=ADA)
    flags.update("checkout", "prod", edit(enabled=True, rules=RULES), actor=ADA)
    actions = [change.action for change in changes.page("checkout", "prod").items]
    assert actions == [Action.FLAG_UPDATED, Action.FLAG_DISABLED, Action.FLAG_CREATED]


def test_the_global_kill_switch_disables_everywhere_at_once() -> None:
    make()
    flags.set_enabled("checkout", "dev", True, actor=ADA)
    before = revisions()
    views = flags.disable_everywhere("checkout", actor=BOB)
    assert [(view.environment, view.enabled) for view in views] == [("dev", False), ("staging", False), ("prod", False)]
    assert revisions() == {"dev": before["dev"] + 1, "staging": before["staging"], "prod": before["prod"] + 1}
    quiet = footprint()
    flags.disable_everywhere("checkout", actor=BOB)
    assert footprint() == quiet


def test_an_archived_flag_frees_its_key_as_often_as_needed() -> None:
    made: list[FlagView] = []
    for round_ in range(4):
        made.append(make(description=f"round {round_}"))
        members.add("checkout", "prod", "user", ["john"], variant="on", actor=ADA)
        flags.archive("checkout", actor=BOB)
        with pytest.raises(FlagNotFoundError):
            flags.get("checkout", "prod")
    assert len({flag.id for flag in made}) == 4
    for number, flag in enumerate(made):
        archived = flags.get(flag.id, "prod")
        assert (archived.key, archived.description, archived.member_count) == ("checkout", f"round {number}", 1)
        assert archived.archived_at is not None


def test_an_archived_flag_is_not_changed() -> None:
    flag = make()
    flags.archive("checkout", actor=ADA)
    before = footprint()
    for attempt in (
        lambda: flags.update(flag.id, "prod", edit(enabled=False), actor=ADA),
        lambda: members.add(flag.id, "prod", "user", ["x"], variant="on", actor=ADA),
        lambda: flags.disable_everywhere(flag.id, actor=ADA),
        lambda: flags.archive(flag.id, actor=ADA),
    ):
        with pytest.raises(InvalidInputError) as refused:
            attempt()
        assert refused.value.code == "flag_archived"
    assert footprint() == before


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        pytest.param({}, ["alpha", "beta", "gamma"], id="all live flags by key"),
        pytest.param({"descending": True}, ["gamma", "beta", "alpha"], id="the other way"),
        pytest.param({"sort": "created"}, ["gamma", "alpha", "beta"], id="in the order of their making"),
        pytest.param({"sort": "name"}, ["gamma", "beta", "alpha"], id="by name, those without at the end"),
        pytest.param({"search": "ETA"}, ["beta"], id="part of the key, whatever its case"),
        pytest.param({"search": "großer"}, ["gamma"], id="part of the name"),
        pytest.param({"search": "ÉTÉ"}, ["beta"], id="letters beyond ASCII in either case"),
        pytest.param({"search": "100%"}, ["alpha"], id="a percent sign means itself"),
        pytest.param({"search": "_"}, [], id="and so does an underscore"),
        pytest.param({"value_type": "string"}, ["beta"], id="one type"),
        pytest.param({"is_static": True}, ["gamma"], id="static ones"),
        pytest.param({"enabled": False}, ["gamma"], id="disabled ones"),
        pytest.param({"tags": ["web", "beta"]}, ["alpha"], id="with all of these tags"),
        pytest.param({"archived": True}, ["old"], id="archived ones"),
        pytest.param({"environment": "dev", "enabled": True}, [], id="another environment"),
    ],
)
def test_search(query: dict[str, Any], keys: list[str]) -> None:
    make("gamma", is_static=True, value=True, enabled=False, name="Ein Großer Name")
    make("alpha", description="for 100% of them", tags=["web", "beta", "x"])
    make("beta", value_type="string", name="l'été", tags=["beta"])
    make("old")
    flags.archive("old", actor=ADA)
    page = flags.search(FlagQuery(**{"environment": "prod", **query}))
    assert [flag.key for flag in page.items] == keys
    assert (page.total, page.next) == (len(keys), None)


def test_pages_of_flags_fit_together() -> None:
    for number in range(7):
        make(f"flag-{number}")
    seen, after = [], None
    while True:
        page = flags.search(FlagQuery("prod", limit=3, after=after))
        seen += [flag.key for flag in page.items]
        assert page.total == 7
        if (after := page.next) is None:
            break
    assert seen == [f"flag-{number}" for number in range(7)]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["key", "name", "created", "updated", "type", "enabled", "members"])
def test_pages_fit_together_while_flags_come_and_go(sort: str, descending: bool) -> None:
    for number in range(9):
        make(f"x-{number}", name=None if number % 3 else f"n{number}", enabled=number % 2 == 0)
    query = FlagQuery("prod", search="x-", limit=4, sort=sort, descending=descending)
    everything = [flag.key for flag in flags.search(replace(query, limit=100)).items]
    first = flags.search(query)
    flags.archive(first.items[0].key, actor=ADA)
    seen, after = [flag.key for flag in first.items], first.next
    while after is not None:
        page = flags.search(replace(query, after=after))
        seen, after = [*seen, *(flag.key for flag in page.items)], page.next
    assert seen == everything


def test_a_page_that_ends_with_the_list_has_no_next() -> None:
    for number in range(4):
        make(f"x-{number}")
    assert flags.search(FlagQuery("prod", limit=4)).next is None
    assert [flag.key for flag in flags.search(FlagQuery("prod", limit=2, skip=3)).items] == ["x-3"]


SOME_ID = "9494e86d-d396-443a-94b4-e353cc270617"


@pytest.mark.parametrize(
    "parts",
    [
        *([], ["a"], [1, "x"], ["a", 5], ["a", "no-uuid"], {"a": 1}, "a", None, [["a"], "b"]),
        *(["\0", SOME_ID], ["\ud800", SOME_ID], [2**70, SOME_ID], [float("inf"), SOME_ID]),
    ],
)
@pytest.mark.parametrize("sort", ["key", "name", "updated", "type", "enabled", "members"])
def test_a_cursor_that_no_page_gave_is_refused(parts: Any, sort: str) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
    with pytest.raises(InvalidInputError) as refused:
        flags.search(FlagQuery("prod", sort=sort, after=cursor))
    assert refused.value.code == "invalid_cursor"


def test_an_environment_that_is_added_gets_every_live_flag_disabled_with_its_variants() -> None:
    make(
        "colour", value_type="string", variants={"r": "red"}, default_variant="r", members=[Members("user", ["x"], "r")]
    )
    make("gone")
    flags.archive("gone", actor=ADA)
    made = environments.create("qa", name="Quality", protected=True, actor=BOB)
    assert (made.name, made.protected, made.revision) == ("Quality", True, 1)
    flag = flags.get("colour", "qa")
    assert (flag.enabled, dict(flag.variants), flag.default_variant, flag.member_count) == (False, {"r": "red"}, "r", 0)
    assert flags.search(FlagQuery("qa")).total == 1
    assert flags.create(NewFlag("new"), "qa", actor=ADA).enabled
    assert [environment.key for environment in environments.list_all()] == ["dev", "staging", "prod", "qa"]
