"""The change log, and going back in it."""

from __future__ import annotations

import pytest

from db.administration import environments
from db.configuration.edits import Members, NewFlag
from db.errors import (
    ChangeNotFoundError,
    FlagKeyTakenError,
    FlagNotFoundError,
    InvalidInputError,
    VersionConflictError,
)
from db.flags import flags, members, promotion
from db.history import changes
from db.targeting.rules import read_rules
from db.views import ChangeView, FlagView
from db.vocabulary import Action, Source
from tests.db.helpers import ADA, BOB, country_is, edit, footprint, make, revisions

pytestmark = pytest.mark.usefixtures("database")

LOGGED = [{"name": None, "conditions": [country_is("US")], "variant": "on"}]
RULES = read_rules(LOGGED)


def latest(environment: str = "prod", flag: str = "checkout") -> ChangeView:
    return changes.page(flag, environment, limit=1).items[0]


def who(environment: str = "prod", flag: str = "checkout") -> dict[str, str]:
    return {member.entity_id: member.variant for member in members.page(flag, environment).items}


def says(flag: FlagView) -> tuple[object, ...]:
    return (flag.enabled, dict(flag.variants), flag.default_variant, flag.rules, flag.rollout, flag.member_count)


def test_a_change_says_who_did_what_and_what_it_was_before_and_after() -> None:
    made = make()
    flags.update("checkout", "prod", edit(rules=RULES), actor=BOB)
    change = latest()
    assert (change.action, change.actor, change.source) == (Action.FLAG_UPDATED, BOB.name, Source.INTERVAL)
    assert (change.flag_id, change.flag_key, change.environment) == (made.id, "checkout", "prod")
    assert change.before is not None and change.after is not None
    assert {name for name in change.before if change.before[name] != change.after[name]} == {"rules"}
    assert change.after["rules"] == LOGGED
    assert (change.revision, change.members) == (revisions()["prod"], None)
    assert changes.get(change.id) == change


def test_changes_are_listed_newest_first_by_pages_of_a_flag_of_an_environment_or_all() -> None:
    first = make("first")
    make("second")
    flags.archive("first", actor=ADA)
    assert changes.page().total == 9
    assert changes.page(environment="dev").total == 3
    assert [change.action for change in changes.page(first.id, "dev").items] == [
        Action.FLAG_ARCHIVED,
        Action.FLAG_CREATED,
    ]
    seen, after = [], None
    while True:
        page = changes.page(limit=4, after=after)
        seen += [change.id for change in page.items]
        if (after := page.next) is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 9
    with pytest.raises(FlagNotFoundError):
        changes.page("first")
    with pytest.raises(ChangeNotFoundError):
        changes.get(2**63)


def test_restore_brings_back_the_whole_configuration_before_a_change() -> None:
    make(rules=RULES, members=[Members("user", ["a", "b"], "on")], default_variant="off")
    good = flags.get("checkout", "prod")
    flags.update("checkout", "prod", edit(rules=None, default_variant=None, enabled=False), actor=BOB)
    bad = latest()
    members.add("checkout", "prod", "user", ["b", "c"], variant="off", actor=BOB)
    members.remove("checkout", "prod", "user", ["a"], actor=BOB)
    restored = changes.restore("checkout", "prod", bad.id, actor=ADA)
    assert says(restored) == says(good)
    assert who() == {"a": "on", "b": "on"}
    assert restored.version == good.version + 4
    assert (latest().action, latest().actor) == (Action.FLAG_RESTORED, ADA.name)


def test_a_restore_is_undone_like_any_other_change() -> None:
    make(members=[Members("user", ["a"], "on")])
    members.add("checkout", "prod", "user", ["b"], variant="off", actor=ADA)
    edited = latest()
    changes.restore("checkout", "prod", edited.id, actor=ADA)
    assert who() == {"a": "on"}
    changes.restore("checkout", "prod", latest().id, actor=ADA)
    assert who() == {"a": "on", "b": "off"}
    changes.restore("checkout", "prod", edited.id, to="after", actor=ADA)
    assert who() == {"a": "on", "b": "off"}


def test_every_state_there_ever_was_can_be_restored() -> None:
    make(value_type="string")
    states = []
    for step in range(12):
        if step % 4 == 3:
            members.remove("checkout", "prod", "user", [f"u{step % 5}", "u0"], actor=ADA)
        elif step % 4 == 2:
            flags.update("checkout", "prod", edit(enabled=step % 8 == 2, rules=None), actor=ADA)
        else:
            ids = sorted({f"u{step % 5}", f"u{step % 3}", "u4"})
            members.add("checkout", "prod", "user", ids, value=f"value {step % 3}", actor=ADA)
        states.append((latest().id, who(), says(flags.get("checkout", "prod"))))
    for change_id, had, said in states[::2] + states[1::2][::-1]:
        flag = changes.restore("checkout", "prod", change_id, to="after", actor=ADA)
        assert (who(), says(flag)) == (had, said)


def test_what_a_restore_would_change_is_shown_first() -> None:
    make(rules=RULES, members=[Members("user", ["a"], "on")])
    flags.update("checkout", "prod", edit(rules=None, members=[Members("user", [], "on")]), actor=BOB)
    before = footprint()
    difference = changes.difference("checkout", "prod", latest().id)
    assert (difference.before["rules"], difference.after["rules"]) == ([], LOGGED)
    assert difference.members is not None
    assert difference.members["added"] == [{"entityType": "user", "variant": "on", "entityIds": ["a"]}]
    assert footprint() == before


def test_a_restore_that_changes_nothing_leaves_no_trace() -> None:
    make()
    before = footprint()
    changes.restore("checkout", "prod", latest().id, to="after", actor=ADA)
    assert footprint() == before


def test_name_description_and_tags_come_back_if_it_was_that_change() -> None:
    make(description="first", tags=["a"])
    flags.update("checkout", "prod", edit(description="second", tags=["b"]), actor=BOB)
    wording = latest()
    flags.set_enabled("checkout", "prod", False, actor=BOB)
    switching = latest()
    assert changes.restore("checkout", "prod", switching.id, actor=ADA).description == "second"
    restored = changes.restore("checkout", "prod", wording.id, actor=ADA)
    assert (restored.description, restored.tags) == ("first", ("a",))
    assert flags.get("checkout", "dev").description == "first"


def test_an_archived_flag_comes_back_everywhere() -> None:
    made = make(rules=RULES, members=[Members("user", ["a"], "on")])
    flags.set_enabled("checkout", "dev", True, actor=ADA)
    flags.archive("checkout", actor=BOB)
    archiving = latest(flag=made.id)
    environments.create("qa", actor=ADA)
    before = revisions()
    restored = changes.restore(made.id, "prod", archiving.id, actor=ADA)
    assert (restored.archived_at, restored.rules, who()) == (None, RULES, {"a": "on"})
    assert flags.get("checkout", "dev").enabled
    assert not flags.get("checkout", "qa").enabled
    assert all(revision > before[environment] for environment, revision in revisions().items())


def test_an_archived_flag_does_not_take_a_key_back() -> None:
    old = make()
    flags.archive("checkout", actor=ADA)
    make()
    before = footprint()
    with pytest.raises(FlagKeyTakenError):
        changes.restore(old.id, "prod", latest(flag=old.id).id, actor=ADA)
    assert footprint() == before
    flags.archive("checkout", actor=ADA)
    assert changes.restore(old.id, "prod", latest(flag=old.id).id, actor=ADA).id == old.id


def test_restores_that_make_no_sense() -> None:
    flag = make()
    created = latest()
    other = flags.create(NewFlag("other"), "prod", actor=ADA)
    flags.archive("checkout", actor=ADA)
    archiving = latest(flag=flag.id)
    before = footprint()
    for change_id, to in ((created.id, "before"), (archiving.id, "after")):
        with pytest.raises(InvalidInputError) as refused:
            changes.restore(flag.id, "prod", change_id, to=to, actor=ADA)  # type: ignore[arg-type]
        assert refused.value.code == "nothing_to_restore"
    for flag_id, environment, change_id in (
        (other.id, "prod", created.id),
        (flag.id, "dev", created.id),
        (flag.id, "prod", 0),
    ):
        with pytest.raises(ChangeNotFoundError):
            changes.restore(flag_id, environment, change_id, actor=ADA)
    with pytest.raises(VersionConflictError):
        changes.restore(flag.id, "prod", archiving.id, actor=ADA, version=1)
    assert footprint() == before


def test_promotion_makes_the_target_all_that_the_source_is() -> None:
    make("checkout", "dev", rules=RULES, members=[Members("user", ["a", "b"], "on"), Members("team", ["x"], "off")])
    flags.update("checkout", "dev", edit(default_variant="off"), actor=ADA)
    members.add("checkout", "prod", "user", ["b", "c"], variant="off", actor=ADA)
    before = footprint()
    difference = promotion.difference("checkout", "dev", "prod")
    assert footprint() == before
    assert (difference.before["enabled"], difference.after["enabled"]) == (False, True)
    assert (difference.before["rules"], difference.after["rules"]) == ([], LOGGED)
    seen = flags.get("checkout", "prod")
    with pytest.raises(VersionConflictError):
        promotion.promote("checkout", "dev", "prod", actor=BOB, version=seen.version - 1)
    promoted = promotion.promote("checkout", "dev", "prod", actor=BOB, version=seen.version)
    assert says(promoted) == says(flags.get("checkout", "dev"))
    assert who() == who("dev") == {"a": "on", "b": "on", "x": "off"}
    assert (
        latest().members
        == difference.members
        == {
            "added": [
                {"entityType": "team", "variant": "off", "entityIds": ["x"]},
                {"entityType": "user", "variant": "on", "entityIds": ["a"]},
            ],
            "changed": [{"entityType": "user", "from": "off", "to": "on", "entityIds": ["b"]}],
            "removed": [{"entityType": "user", "variant": "off", "entityIds": ["c"]}],
        }
    )
    quiet = footprint()
    promotion.promote("checkout", "dev", "prod", actor=BOB)
    assert footprint() == quiet
    changes.restore("checkout", "prod", latest().id, actor=ADA)
    assert who() == {"b": "off", "c": "off"}


def test_lists_shorten_what_one_change_tells_in_full() -> None:
    ids = [f"user-{number:03}" for number in range(150)]
    make(members=[Members("user", ids, "on")])
    listed, whole = latest().members, changes.get(latest().id).members
    assert listed is not None and whole is not None
    assert listed["added"] == [{"entityType": "user", "variant": "on", "entityIds": ids[:100], "count": 150}]
    assert whole["added"] == [{"entityType": "user", "variant": "on", "entityIds": ids}]
