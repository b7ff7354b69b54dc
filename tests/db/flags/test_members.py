"""Members: added, moved, removed, listed; and variants that come of their values."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from db.configuration.edits import FlagEdit, Members
from db.errors import InvalidInputError
from db.flags import flags, members
from db.history import changes
from db.vocabulary import Action
from tests.db.helpers import ADA, footprint, make

pytestmark = pytest.mark.usefixtures("database")


def listed(environment: str = "prod", **options: Any) -> list[tuple[str, str, str]]:
    page = members.page("checkout", environment, **options)
    return [(member.entity_type, member.entity_id, member.variant) for member in page.items]


def test_members_are_counted_as_new_changed_or_unchanged() -> None:
    make()
    first = members.add("checkout", "prod", "user", ["a", "b", "c"], variant="on", actor=ADA)
    assert (first.added, first.changed, first.unchanged, first.flag.member_count) == (3, 0, 0, 3)
    second = members.add("checkout", "prod", "user", ["b", "d"], value=False, actor=ADA)
    assert (second.added, second.changed, second.unchanged, second.flag.member_count) == (1, 1, 0, 4)
    gone = members.remove("checkout", "prod", "user", ["a", "x"], actor=ADA)
    assert (gone.removed, gone.absent, gone.flag.member_count) == (1, 1, 3)
    again = members.add("checkout", "prod", "user", ["a"], variant="on", actor=ADA)
    assert (again.added, again.flag.member_count) == (1, 4)
    assert listed() == [("user", "a", "on"), ("user", "b", "off"), ("user", "c", "on"), ("user", "d", "off")]
    assert listed("dev") == []


def test_members_that_are_so_already_leave_no_trace() -> None:
    make(members=[Members("user", ["a"], "on")])
    before = footprint()
    assert members.add("checkout", "prod", "user", ["a"], variant="on", actor=ADA).unchanged == 1
    assert members.remove("checkout", "prod", "user", ["b"], actor=ADA).absent == 1
    assert footprint() == before


def test_the_change_log_keeps_what_moved_and_not_whole_lists() -> None:
    make(members=[Members("user", ["a", "b"], "on")])
    members.add("checkout", "prod", "user", ["b", "c"], variant="off", actor=ADA)
    members.remove("checkout", "prod", "user", ["a"], actor=ADA)
    removed, added, created = changes.page("checkout", "prod").items
    assert created.members == {
        "added": [{"entityType": "user", "variant": "on", "entityIds": ["a", "b"]}],
        "changed": [],
        "removed": [],
    }
    assert (added.action, added.members) == (
        Action.MEMBERS_ADDED,
        {
            "added": [{"entityType": "user", "variant": "off", "entityIds": ["c"]}],
            "changed": [{"entityType": "user", "from": "on", "to": "off", "entityIds": ["b"]}],
            "removed": [],
        },
    )
    assert removed.members == {
        "added": [],
        "changed": [],
        "removed": [{"entityType": "user", "variant": "on", "entityIds": ["a"]}],
    }
    assert removed.before == removed.after


@pytest.mark.parametrize(
    ("value_type", "value", "name"),
    [
        pytest.param("string", "blue", "blue", id="a text that can be a name"),
        pytest.param("string", "sky blue", "v1", id="a text that can't"),
        pytest.param("string", "c9bf9e57-1685-4c89-bafb-ff5af830be8a", "v1", id="a text like an id"),
        pytest.param("string", "", "v1", id="no text"),
        pytest.param("number", 10, "10", id="a whole number"),
        pytest.param("number", 1.5, "1.5", id="a float"),
        pytest.param("number", -3, "v1", id="a number below zero"),
        pytest.param("structured", {"a": [1]}, "v1", id="an object"),
    ],
)
def test_a_value_that_is_new_to_the_flag_makes_a_variant(value_type: str, value: Any, name: str) -> None:
    make(value_type=value_type)
    done = members.add("checkout", "prod", "user", ["john"], value=value, actor=ADA)
    assert (done.variant, dict(done.flag.variants)) == (name, {name: value})
    again = members.add("checkout", "prod", "user", ["mary"], value=value, actor=ADA)
    assert (again.variant, len(again.flag.variants)) == (name, 1)
    assert members.page("checkout", "prod").items[0].value == value


def test_names_of_made_variants_avoid_those_that_are_there() -> None:
    make(value_type="string", variants={"blue": "not blue at all", "v1": "x"})
    assert members.add("checkout", "prod", "user", ["a"], value="blue", actor=ADA).variant == "v2"
    assert members.add("checkout", "prod", "user", ["b"], value="x", actor=ADA).variant == "v1"


def test_values_are_told_apart_as_json_does() -> None:
    make(value_type="structured")
    values: list[Any] = [{"a": 1}, {"a": True}, {"a": "1"}, {"a": None}, {}]
    names = [
        members.add("checkout", "prod", "user", [f"u{n}"], value=v, actor=ADA).variant for n, v in enumerate(values)
    ]
    assert len(set(names)) == len(values)
    same = members.add("checkout", "prod", "user", ["x"], value={"a": True}, actor=ADA)
    assert same.variant == names[1]


def test_a_variant_can_go_when_nobody_has_it_any_more() -> None:
    make(value_type="string")
    members.add("checkout", "prod", "user", ["a"], value="blue", actor=ADA)
    members.add("checkout", "prod", "user", ["a"], value="red", actor=ADA)
    assert dict(flags.update("checkout", "prod", FlagEdit(variants={"red": "red"}), actor=ADA).variants) == {
        "red": "red"
    }


def test_members_are_listed_by_pages_found_and_filtered() -> None:
    make(members=[Members("user", [f"u{n:02}" for n in range(25)], "on"), Members("team", ["core", "50%_off"], "off")])
    seen, after, pages = [], None, 0
    while pages == 0 or after is not None:
        page = members.page("checkout", "prod", limit=10, after=after)
        seen += [member.entity_id for member in page.items]
        after, pages = page.next, pages + 1
        assert page.total == 27
    assert (pages, len(set(seen))) == (3, 27)
    assert listed(search="U1", limit=2) == [("user", "u10", "on"), ("user", "u11", "on")]
    assert members.page("checkout", "prod", search="u1", limit=2).total == 10
    assert listed(search="%_") == [("team", "50%_off", "off")]
    assert [entity for _, entity, _ in listed(entity_type="team")] == ["50%_off", "core"]
    assert members.page("checkout", "prod", entity_type="team").total == 2


def test_a_cursor_made_to_be_costly_is_refused() -> None:
    make()
    for costly in (b"[" * 100_000, b"[" * 2_000 + b"]" * 2_000):
        with pytest.raises(InvalidInputError):
            members.page("checkout", "prod", after=base64.urlsafe_b64encode(costly).decode())


ODD_IDS = [
    "None",
    "on",
    "null",
    "007",
    "12:30",
    "a,b",
    "{x}",
    '"',
    "\\",
    "'; --",
    "%s",
    "日本",
    "\u200b",
    "a b",
    "x" * 256,
]


def test_ids_are_texts_whatever_they_look_like() -> None:
    make()
    members.add("checkout", "prod", "user", ODD_IDS, variant="on", actor=ADA)
    assert {entity for _, entity, _ in listed()} == set(ODD_IDS)
    assert members.remove("checkout", "prod", "user", ODD_IDS, actor=ADA).removed == len(ODD_IDS)


def test_a_hundred_thousand_members_at_once() -> None:
    make()
    ids = [f"user-{number}" for number in range(100_000)]
    assert members.add("checkout", "prod", "user", ids, variant="on", actor=ADA).added == 100_000
    assert members.add("checkout", "prod", "user", ids, variant="off", actor=ADA).changed == 100_000
    assert members.remove("checkout", "prod", "user", ids, actor=ADA).flag.member_count == 0
