"""Explain, the change log with restore, and promoting."""

from __future__ import annotations

from typing import Any

import pytest

from db.administration import keys
from db.flags import flags, members
from db.flags.flags import FlagEdit
from db.history import changes
from db.vocabulary import Actor, Scope, Source
from flagstaff.targeting import Prerequisite
from tests.db.helpers import edit
from tests.interval.browser import OpenPage, Transaction
from tests.interval.conftest import AWKWARD, TESTER, Running
from tests.processes import wait_until

PREMIUM = {"conditions": [{"field": "attributes.plan", "operator": "eq", "value": "premium"}], "variant": "on"}


def test_explain_shows_value_reason_and_every_step(dash: Running) -> None:
    flag = dash.flag(rules=[PREMIUM], default_variant="off")
    members.add(flag.key, "dev", "user", ["mary"], variant="on", actor=TESTER)
    action = dash.ada.run("flags/explain", flag=flag.key, environment="dev")
    action.fill({"Entity id": "john", "Attributes": '{"attributes": {"plan": "basic"}}'})
    form = action.form()
    assert "Value: false" in form.text and "Reason: DEFAULT" in form.text
    steps = form.rows("Every step")
    assert [step["decided"] for step in steps] == ["-", "no", "no", "fails", "yes"]
    assert 'attributes.plan is premium: no, it is "basic"' in steps[3]["text"]
    action.answer({}, "Explain another entity")
    assert action.form().default("Entity id") == "john"
    action.answer({"Entity id": "mary"})
    assert "Reason: TARGETING_MATCH" in action.form().text
    action.answer({}, "Done")
    assert action.result() == {"Flag": f"{flag.key} in dev", "Value": "true", "Reason": "TARGETING_MATCH"}
    assert flags.get(flag.key, "dev").version == 2


def test_explain_tells_what_the_evaluate_endpoint_answers(dash: Running) -> None:
    split = [{"variant": "on", "weight": 50}, {"variant": "off", "weight": 50}]
    flag = dash.flag(rollout=split)
    wait_until(lambda: dash.evaluate(flag.key, False, entityId="john")["reason"] == "SPLIT")
    for entity in ("john", "mary", "007"):
        answer = dash.evaluate(flag.key, False, entityId=entity)
        action = dash.ada.run("flags/explain", flag=flag.key)
        action.fill({"Entity id": entity})
        action.fill({}, "Done")
        assert action.result()["Value"] == str(answer["value"]).lower()


def test_attributes_that_are_no_json_object_are_refused(dash: Running) -> None:
    action = dash.ada.run("flags/explain", flag=dash.flag().key)
    action.form()
    for text, said in (
        ("{", "not JSON"),
        ("[1]", "must be a JSON object"),
        ('{"country": "\\ud800"}', "not valid Unicode"),
        ('{"\\udfff": 1}', "not valid Unicode"),
    ):
        action.answer({"Attributes": text})
        assert said in action.form().errors["Attributes"]
    action.answer({"Attributes": ""})
    assert "the caller's default" in action.form().text
    action.cancel()


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_entities_are_explained(dash: Running, name: str) -> None:
    dash.flag(name, value_type="string", variants={name: name})
    members.add(name, "dev", "user", [name], variant=name, actor=TESTER)
    action = dash.ada.run("flags/explain", flag=name, environment="dev")
    action.fill({"Entity id": name})
    action.fill({}, "Done")
    assert action.result() == {"Flag": f"{name} in dev", "Value": name, "Reason": "TARGETING_MATCH"}
    log = dash.ada.open("flags/changes", flag=name, environment="dev")
    rows = log.look("Changes")
    assert len(rows) == 2
    assert rows[0]["difference"] == f"members (user: {name}): - → {name}"
    promote = dash.ada.run("flags/promote", flag=name, environment="dev")
    promote.fill({"To": "staging"})
    promote.fill({}, "Promote")
    assert promote.result() == f"{name} is in staging as it is in dev."
    dash.serves(name, name, "", "staging", entityId=name)
    flags.archive(name, actor=TESTER)


def test_the_change_log_tells_who_did_what(dash: Running) -> None:
    flag = dash.flag(description="old")
    flags.update(flag.key, "dev", FlagEdit(description="new", default_variant="on"), actor=TESTER)
    page = dash.ada.open("flags/changes", flag=flag.key, environment="dev")
    rows = page.look("Changes")
    assert [row["action"] for row in rows] == ["Edited", "Created"]
    assert rows[0]["who"] == "tester (system)"
    assert rows[0]["difference"] == "description: old → new; default variant: none: the caller's default → on"
    row = page.row("Changes", action="Edited")
    whole = dash.ada.click(row, "Show all of it")
    assert isinstance(whole, OpenPage)
    assert {line["what"]: (line["before"], line["after"]) for line in whole.render.rows("What it changed")} == {
        "description": ("old", "new"),
        "default variant": ("none: the caller's default", "on"),
    }
    everything = dash.ada.open("flags/changes")
    assert everything.look("Changes")[0]["flag"] == flag.key
    assert len(everything.look("Changes", offset=1, pageSize=1)) == 1


def test_the_change_log_shows_as_many_as_asked_for_of_large_changes(dash: Running) -> None:
    values = [f"{number:05}{'x' * 35}" for number in range(1000)]
    flag = dash.flag(rules=[{"conditions": [{"field": "x", "operator": "in", "value": values}], "variant": "on"}] * 20)
    for number in range(5):
        flags.update(flag.key, "dev", FlagEdit(description=f"edit {number}"), actor=TESTER)
    page = dash.ada.open("flags/changes", flag=flag.key, environment="dev")
    told = [row["difference"] for row in page.look("Changes", offset=1, pageSize=4)]
    assert told == [*(f"description: edit {number - 1} → edit {number}" for number in (3, 2, 1)), "description: edit 0"]


def test_the_change_log_is_filtered_by_person_and_environment(dash: Running) -> None:
    flag = dash.flag()
    flags.set_enabled(flag.key, "staging", True, actor=Actor("carla@example.com", Source.API, "key ci"))
    action = dash.ada.run("flags/changes/filter")
    action.fill({"Person or key": "Carla", "Environment": "staging"})
    action.result()
    page = dash.ada.follow(*action.redirects[0])
    assert isinstance(page, OpenPage)
    assert page.layout["title"] == "Change log · all flags, staging · by Carla"
    (row,) = page.look("Changes")
    told = [row[name] for name in ("flag", "environment", "action", "who")]
    assert told == [flag.key, "staging", "Enabled", "carla@example.com (key ci)"]
    assert "All changes" in page.menu


def test_the_log_of_a_change_is_that_of_its_flag(dash: Running) -> None:
    flag = dash.flag()
    change = changes.page(flag.id, "staging").items[0]
    _, params = dash.ada.open("flags/changes/change", change=str(change.id)).link("Change log")
    assert params == {"flag": flag.key, "environment": "staging"}


def test_the_change_log_is_filtered_by_a_flag_that_is_picked(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/changes/of", environment="dev")
    action.form()
    action.search("Which flag in dev?", flag.key)
    action.answer({"Which flag in dev?": flag.key})
    action.result()
    (link,) = action.redirects
    page = dash.ada.follow(*link)
    assert isinstance(page, OpenPage)
    assert len(page.look("Changes")) == 1


def test_restore_shows_what_it_would_change_and_does_it(dash: Running) -> None:
    flag = dash.flag(default_variant="off", description="old")
    flags.update(flag.key, "dev", FlagEdit(description="new", default_variant="on"), actor=TESTER)
    members.add(flag.key, "dev", "user", ["mary"], variant="off", actor=TESTER)
    dash.serves(flag.key, True, False)
    page = dash.ada.open("flags/changes", flag=flag.key, environment="dev")
    row = page.row("Changes", action="Edited")
    action = dash.ada.click(row, "Restore to before this")
    assert isinstance(action, Transaction)
    form = action.form()
    label = f"Restore {flag.key} in dev: this would change"
    assert form.rows(label) == [
        {"what": "description", "before": "new", "after": "old"},
        {"what": "default variant", "before": "on", "after": "off"},
        {"what": "members (user: mary)", "before": "off", "after": "-"},
    ]
    action.answer({}, "Leave it")
    assert action.result() == "Nothing was changed."
    action = dash.ada.click(row, "Restore to before this")
    assert isinstance(action, Transaction)
    action.form()
    flags.set_enabled(flag.key, "dev", False, actor=TESTER)
    action.answer({}, "Restore")
    form = action.form()
    assert "tester changed it" in form.text
    assert {"what": "status", "before": "disabled", "after": "enabled"} in form.rows(label)
    action.answer({}, "Restore")
    assert "as it was before" in action.result()
    dash.serves(flag.key, False, True)
    assert flags.get(flag.key, "dev").description == "old"


def test_the_creation_can_t_be_restored_to_before(dash: Running) -> None:
    flag = dash.flag()
    page = dash.ada.open("flags/changes", flag=flag.key, environment="dev")
    row = page.row("Changes", action="Created")
    assert [item["label"] for item in row["menu"]] == ["Show all of it"]
    (change,) = changes.page(flag.key, "dev").items
    assert "archive it" in dash.ada.run("flags/changes/restore", change=str(change.id)).failure()


def test_changes_that_are_not_there(dash: Running) -> None:
    assert "There is no change" in dash.ada.open("flags/changes/change", change="999999").render.text
    assert "There is no change" in dash.ada.run("flags/changes/restore", change="x").failure()


def test_restoring_a_protected_environment_needs_the_role(dash: Running) -> None:
    flag = dash.flag(environment="prod")
    flags.set_enabled(flag.key, "prod", False, actor=TESTER)
    change = changes.page(flag.key, "prod").items[0]
    assert (
        "your role (member) may not change" in dash.member.run("flags/changes/restore", change=str(change.id)).failure()
    )
    action = dash.ada.run("flags/changes/restore", change=str(change.id))
    action.fill({}, "Restore")
    assert "prod is protected" in action.confirm().text
    action.result()
    assert flags.get(flag.key, "prod").enabled


def test_promote_shows_the_difference_first(dash: Running) -> None:
    flag = dash.flag(rules=[PREMIUM], default_variant="on")
    members.add(flag.key, "dev", "user", ["mary"], variant="off", actor=TESTER)
    action = dash.ada.run("flags/promote", flag=flag.key, environment="dev")
    assert action.form().options("To") == ["staging", "prod"]
    action.answer({"To": "prod"})
    form = action.form()
    assert form.rows(f"Promote {flag.key} to prod: this would change") == [
        {"what": "status", "before": "disabled", "after": "enabled"},
        {"what": "rule 1 added", "before": "-", "after": "attributes.plan is premium → on"},
        {"what": "members (user: mary)", "before": "-", "after": "off"},
    ]
    action.answer({}, "Promote")
    action.confirm()
    assert action.redirects == [] or action.redirects[0][1] == {"flag": flag.key, "environment": "prod"}
    action.result()
    dash.serves(flag.key, True, False, "prod", entityId="john")
    dash.serves(flag.key, False, True, "prod", entityId="mary")
    again = dash.ada.run("flags/promote", flag=flag.key, environment="dev")
    again.fill({"To": "prod"})
    assert "is the same in dev and prod" in again.result()


def test_promote_says_at_once_what_the_target_lacks(dash: Running) -> None:
    needed = dash.flag(value_type="string", variants={"a": "A"})
    flags.update(needed.key, "dev", FlagEdit(variants={"a": "A", "b": "B"}), actor=TESTER)
    flag = dash.flag(prerequisites=[Prerequisite(needed.key, ("b",))])
    action = dash.ada.run("flags/promote", flag=flag.key, environment="dev")
    action.fill({"To": "staging"})
    assert f"'{needed.key}' has no variant 'b', but a" in action.failure()


def compared(value: Any, operator: str = "eq") -> dict[str, Any]:
    return {"conditions": [{"field": "size", "operator": operator, "value": value}], "variant": "on"}


@pytest.mark.parametrize(
    ("kind", "here", "there", "line"),
    [
        pytest.param(
            "boolean",
            {"rules": [compared(1)]},
            {"rules": [compared("1")]},
            ("rule 1", '"value": "1"', '"value": 1'),
            id="a number that reads like a text",
        ),
        pytest.param(
            "boolean",
            {"rules": [compared(["a", "b"], "in")]},
            {"rules": [compared(["a, b"], "in")]},
            ("rule 1", '["a, b"]', '["a", "b"]'),
            id="a list that reads like another",
        ),
        pytest.param(
            "boolean",
            {"rules": [{**compared(1), "name": "small"}]},
            {"rules": [{**compared(1), "name": "tiny"}]},
            ("rule 1", "tiny: size is 1 → on", "small: size is 1 → on"),
            id="a rule's name",
        ),
        pytest.param(
            "string",
            {"variants": {"on": "x", "empty": ""}},
            {"variants": {"on": "x"}},
            ("variant empty", "-", '""'),
            id="a variant with an empty text",
        ),
    ],
)
def test_a_difference_that_is_hard_to_see_is_one(
    dash: Running, kind: str, here: dict[str, Any], there: dict[str, Any], line: tuple[str, str, str]
) -> None:
    flag = dash.flag(value_type=kind, **here)
    flags.update(flag.key, "staging", edit(enabled=True, **there), actor=TESTER)
    action = dash.ada.run("flags/promote", flag=flag.key, environment="dev")
    action.fill({"To": "staging"})
    (row,) = action.form().rows(f"Promote {flag.key} to staging: this would change")
    assert row["what"] == line[0]
    assert line[1] in row["before"] and line[2] in row["after"]
    action.answer({}, "Promote")
    action.result()
    same = dash.ada.run("flags/promote", flag=flag.key, environment="dev")
    same.fill({"To": "staging"})
    assert "is the same in dev and staging" in same.result()


def test_a_change_is_shown_with_all_of_a_long_value(dash: Running) -> None:
    flag = dash.flag(value_type="string", is_static=True, value="old")
    flags.update(flag.key, "dev", FlagEdit(value="x" * 5_000), actor=TESTER)
    page = dash.ada.open("flags/changes", flag=flag.key, environment="dev")
    page.look("Changes")
    whole = dash.ada.click(page.row("Changes", action="Values changed"), "Show all of it")
    (row,) = whole.screen.rows("What it changed")  # type: ignore[union-attr]
    assert (row["before"], row["after"]) == ("old", "x" * 5_000)


def test_going_back_to_before_an_archiving_that_was_undone(dash: Running) -> None:
    flag = dash.flag(default_variant="off")
    flags.archive(flag.key, actor=TESTER)
    (archiving,) = (change for change in changes.page(flag.id, "dev").items if change.action == "flag.archived")
    changes.restore(flag.id, "dev", archiving.id, actor=TESTER)
    flags.update(flag.key, "dev", FlagEdit(default_variant="on"), actor=TESTER)
    action = dash.ada.run("flags/changes/restore", change=str(archiving.id))
    assert action.form().rows(f"Restore {flag.key} in dev: this would change") == [
        {"what": "default variant", "before": "on", "after": "off"}
    ]
    action.answer({}, "Restore")
    action.result()
    assert flags.get(flag.key, "dev").default_variant == "off"


def test_promote_tells_what_changed_in_the_target_meanwhile(dash: Running) -> None:
    flag = dash.flag(default_variant="on")
    action = dash.ada.run("flags/promote", flag=flag.key, environment="dev")
    action.fill({"To": "staging"})
    action.form()
    flags.update(flag.key, "staging", FlagEdit(default_variant="off"), actor=TESTER)
    action.answer({}, "Promote")
    form = action.form()
    assert "tester changed it" in form.text and "on → off" in form.text
    action.answer({}, "Leave it")
    assert action.result() == "Nothing was changed."
    assert flags.get(flag.key, "staging").default_variant == "off"


def test_the_log_and_the_api_say_the_same(dash: Running) -> None:
    flag = dash.flag(rules=[PREMIUM], default_variant="off")
    flags.set_enabled(flag.key, "dev", False, actor=TESTER)
    members.add(flag.key, "dev", "user", ["john"], variant="on", actor=TESTER)
    flags.update(flag.key, "dev", edit(rules=None, tags=["web"]), actor=TESTER)
    page = dash.ada.open("flags/changes", flag=flag.key, environment="dev")
    page.look("Changes")
    shown = [row["difference"] for row in page.screen.rows("Changes")]  # type: ignore[union-attr]
    _, secret = keys.create("reader", Scope.ADMIN, actor=TESTER)
    path = f"/api/admin/flags/{flag.key}/changes?environment=dev"
    header = {"X-Admin-API-Key": secret}
    wait_until(lambda: dash.api.request("GET", path, None, header).status == 200)  # it has heard of the key
    answered = dash.api.request("GET", path, None, header).json
    assert shown == [change["summary"] for change in answered["changes"]]
