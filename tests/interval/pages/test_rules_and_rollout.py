"""Rules: added, edited, moved, removed, always shown in plain words. Rollout: shares, steps, and what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from db.flags import flags
from flagstaff.targeting import Condition, Share
from tests.db.helpers import edit
from tests.interval.browser import Transaction
from tests.interval.conftest import AWKWARD, TESTER, Running


def us(variant: str = "on", country: str = "US") -> dict[str, Any]:
    return {"conditions": [{"field": "country", "operator": "eq", "value": country}], "variant": variant}


def test_add_a_rule_with_two_conditions(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/rules/add", flag=flag.key, environment="dev")
    assert action.form().inputs == [*("Field", "Comparison", "Value", "The value is", "It serves", "Place", "Comment")]
    action.answer({"Field": "country", "Comparison": "in", "Value": "US, CA", "It serves": "=on"}, "More conditions …")
    assert "country is one of US, CA → on" in action.form().text
    action.answer({}, "Add a condition")
    action.fill({"Field": "attributes.plan", "Comparison": "eq", "Value": "premium"})
    assert "country is one of US, CA and attributes.plan is premium → on" in action.form().text
    action.answer({}, "Save rule")
    assert "country is one of US, CA and attributes.plan is premium → on" in action.result()
    assert action.redirects == [("flags/rules", {"flag": flag.key, "environment": "dev"})]
    dash.serves(flag.key, True, False, country="CA", attributes={"plan": "premium"})
    dash.serves(flag.key, False, False, country="CA", attributes={"plan": "basic"})
    page = dash.ada.open("flags/rules", flag=flag.key, environment="dev")
    (row,) = page.render.rows("Rules")
    assert row["when"] == "country is one of US, CA and attributes.plan is premium" and row["serves"] == "on"


CONDITIONS: list[tuple[str, dict[str, str], Any]] = [
    ("eq", {"Value": "on"}, "on"),
    ("eq", {"Value": "1", "The value is": "number"}, 1),
    ("neq", {"Value": "true", "The value is": "true or false"}, True),
    ("eq", {"Value": "12:30:45"}, "12:30:45"),
    ("in", {"Value": "007\n2024-01-01"}, ["007", "2024-01-01"]),
    ("not_in", {"Value": "1,2", "The value is": "number"}, [1, 2]),
    ("starts_with", {"Value": "a"}, "a"),
    ("gte", {"Value": "18"}, 18),
    ("semver_gte", {"Value": "1.4.0"}, "1.4.0"),
    ("after", {"Value": "2026-01-31T09:00:00Z"}, "2026-01-31T09:00:00Z"),
    ("before", {"Value": "1700000000"}, 1700000000),
]


@pytest.mark.parametrize(("operator", "entered", "value"), CONDITIONS, ids=[f"{c[0]} {c[2]}" for c in CONDITIONS])
def test_each_operator_has_the_input_that_fits(
    dash: Running, operator: str, entered: dict[str, str], value: Any
) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.fill({"Field": "a.b", "Comparison": operator, "It serves": "=on", **entered}, "Save rule")
    action.result()
    (rule,) = flags.get(flag.key, "dev").rules
    assert rule.conditions == (Condition("a.b", operator, value),)
    look_at_condition(dash, flag.key)
    assert flags.get(flag.key, "dev").version == 2  # what was entered is what the form is filled with


def look_at_condition(dash: Running, key: str) -> None:
    """Go through the forms of the first rule's condition as they are filled, and save."""
    edit = dash.ada.run("flags/rules/edit", flag=key, rule="1")
    edit.fill({}, "Change this condition")
    edit.fill()
    edit.fill({}, "Save rule")
    edit.result()


@pytest.mark.parametrize(
    "value",
    [["a, b", "c"], [" a"], ["two\nlines"], ["[1]"], [1, 2], ["[", "]"]],
    ids=["comma", "space", "line break", "like a list", "numbers", "brackets"],
)
def test_a_list_stays_what_it_is_when_its_condition_is_looked_at(dash: Running, value: list[Any]) -> None:
    flag = dash.flag(rules=[{"conditions": [{"field": "a", "operator": "in", "value": value}], "variant": "on"}])
    look_at_condition(dash, flag.key)
    assert flags.get(flag.key, "dev").rules == flag.rules


def test_an_operator_without_a_value_asks_for_none(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.fill({"Field": "email", "Comparison": "exists", "Value": "x"})
    assert "takes no value" in action.form().errors[""]
    action.answer({"Field": "email", "Comparison": "exists", "Value": ""}, "More conditions …")
    assert "email is present → on" in action.form().text
    action.cancel()


def test_a_rule_that_comes_last_comes_after_those_of_others_too(dash: Running) -> None:
    flag = dash.flag(rules=[us(country="DE")])
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.fill({"Field": "country", "Value": "IT"}, "More conditions …")
    action.form()
    flags.update(flag.key, "dev", edit(rules=[us(country="DE"), us(country="FR")]), actor=TESTER)
    action.answer({}, "Save rule")
    assert "Rule 3 of" in action.form().text
    action.answer({}, "Save rule")
    action.result()
    assert [rule.conditions[0].value for rule in flags.get(flag.key, "dev").rules] == ["DE", "FR", "IT"]


def test_what_was_entered_of_a_rule_stays_when_others_were_faster(dash: Running) -> None:
    flag = dash.flag(rules=[us(country="DE"), us(country="FR")])
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.form()
    flags.update(flag.key, "dev", edit(description="another"), actor=TESTER)
    action.answer({"Field": "country", "Value": "IT", "It serves": "=off", "Place": "1"}, "Save rule")
    form = action.form()
    assert "tester changed it" in form.text
    assert [form.default(label) for label in ("Field", "Value", "It serves", "Place")] == ["country", "IT", "=off", "1"]
    action.cancel()


def test_a_new_rule_may_come_before_others(dash: Running) -> None:
    flag = dash.flag(rules=[us(country="DE"), us(country="FR")])
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.fill({"Field": "country", "Value": "IT", "Place": "1"}, "Save rule")
    action.result()
    assert [rule.conditions[0].value for rule in flags.get(flag.key, "dev").rules] == ["DE", "IT", "FR"]


def test_values_that_can_t_be_are_refused(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.form()
    action.answer({"Field": "a..b"})
    assert "names with dots between them" in action.form().errors["Field"]
    action.answer({"Field": "age", "Comparison": "gt", "Value": "many"})
    assert "not a number" in action.form().errors[""]
    action.cancel()
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.fill({"Field": "version", "Comparison": "semver_gt", "Value": "new"})
    assert "version such as" in action.form().errors[""]
    action.cancel()
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.fill({"Field": "paid", "Comparison": "eq", "Value": "perhaps", "The value is": "true or false"})
    assert "true or false" in action.form().errors[""]
    action.cancel()


def test_a_rule_may_serve_a_split(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.fill({"Field": "country", "Value": "US", "It serves": "a split …"}, "Save rule")
    assert "“off” gets the rest" in action.form().text
    action.answer({"% on = true": 100})
    assert "country is US → 100 % on" in action.result()
    dash.serves(flag.key, True, False, country="US", entityId="john")


def test_a_rule_may_split_by_a_field(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/rules/add", flag=flag.key)
    action.fill({"Field": "country", "Value": "US", "It serves": "a split …"}, "Save rule")
    action.fill({"% on = true": 100, "Split by": "a..b"})
    assert "names with dots between them" in action.form().errors["Split by"]
    action.answer({"% on = true": 100, "Split by": " organisation.id "})
    assert "country is US → 100 % on by organisation.id" in action.result()
    dash.serves(flag.key, True, False, country="US", organisation={"id": "acme"})
    dash.serves(flag.key, False, False, country="US", entityId="john")
    edit = dash.ada.run("flags/rules/edit", flag=flag.key, rule="1")
    edit.fill({}, "Change what it serves")
    edit.fill({"It serves": "a split …"})
    assert edit.form().default("Split by") == "organisation.id"
    edit.answer({"Split by": None})
    form = edit.form()
    assert "→ 100 % on" in form.text and "organisation" not in form.text
    edit.cancel()


def test_edit_name_serving_and_conditions(dash: Running) -> None:
    flag = dash.flag(rules=[us(), us("off", "CA")])
    page = dash.ada.open("flags/rules", flag=flag.key, environment="dev")
    action = dash.ada.click(page.row("Rules", order="2"), "Edit")
    assert isinstance(action, Transaction)
    action.fill({}, "Change its name")
    action.fill({"Name": "Canada"})
    action.fill({}, "Change what it serves")
    assert action.form().default("It serves") == "=off"
    action.answer({"It serves": "=on"})
    action.fill({}, "Add a condition")
    action.fill({"Field": "plan", "Value": "1"})
    action.fill({"Condition": "country is CA"}, "Remove this condition")
    form = action.form()
    assert "(Canada)" in form.text and "plan is 1 → on" in form.text
    assert "Remove this condition" not in form.buttons
    action.answer({}, "Save rule")
    action.result()
    rule = flags.get(flag.key, "dev").rules[1].to_json()
    assert rule == {
        "name": "Canada",
        "conditions": [{"field": "plan", "operator": "eq", "value": "1"}],
        "variant": "on",
    }
    dash.serves(flag.key, True, False, plan="1")


def test_move_and_remove(dash: Running) -> None:
    flag = dash.flag(rules=[us("off"), us("on")])
    dash.serves(flag.key, False, True, country="US")
    page = dash.ada.open("flags/rules", flag=flag.key, environment="dev")
    assert [item["label"] for item in page.row("Rules", order="1")["menu"]] == ["Edit", "Move down", "Remove"]
    move = dash.ada.click(page.row("Rules", order="2"), "Move up")
    assert isinstance(move, Transaction)
    assert move.result() == f"Rule 2 of {flag.key} is rule 1 now."
    dash.serves(flag.key, True, False, country="US")
    page = dash.ada.open("flags/rules", flag=flag.key, environment="dev")
    remove = dash.ada.click(page.row("Rules", order="1"), "Remove")
    assert isinstance(remove, Transaction)
    assert "country is US → on" in remove.confirm().text
    remove.result()
    dash.serves(flag.key, False, True, country="US")


def test_a_list_that_is_old_moves_nothing(dash: Running) -> None:
    flag = dash.flag(rules=[us("off"), us("on")])
    page = dash.ada.open("flags/rules", flag=flag.key, environment="dev")
    dash.bob.run("flags/rules/down", flag=flag.key, rule="1").result()
    move = dash.ada.click(page.row("Rules", order="1"), "Move down")
    assert isinstance(move, Transaction)
    said = move.failure()
    assert "bob@example.com changed" in said and "open the list again" in said
    assert [rule.serves for rule in flags.get(flag.key, "dev").rules] == ["on", "off"]


def test_two_people_edit_rules(dash: Running) -> None:
    flag = dash.flag(rules=[us()])
    ada = dash.ada.run("flags/rules/edit", flag=flag.key, rule="1")
    ada.fill({}, "Change its name")
    ada.fill({"Name": "by Ada"})
    ada.form()
    flags.set_enabled(flag.key, "dev", False, actor=TESTER)
    ada.answer({}, "Save rule")
    form = ada.form()
    assert "tester changed it" in form.text and "enabled → disabled" in form.text and "(by Ada)" in form.text
    flags.update(flag.key, "dev", edit(rules=[us("off", "CA"), us()]), actor=TESTER)
    ada.answer({}, "Save rule")
    assert "Nothing of yours was saved" in ada.failure()
    now = flags.get(flag.key, "dev")
    assert [rule.name for rule in now.rules] == [None, None] and not now.enabled


def test_there_is_nothing_to_edit_without_rules(dash: Running) -> None:
    flag = dash.flag()
    assert "There is no rule yet" in dash.ada.open("flags/rules", flag=flag.key).render.text
    assert "has no rules" in dash.ada.run("flags/rules/edit", flag=flag.key).failure()


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_names(dash: Running, key: str) -> None:
    dash.flag(key, value_type="string", variants={key: key, "other": "x"})
    action = dash.ada.run("flags/rules/add", flag=key, environment="dev")
    action.fill({"Field": key, "Comparison": "in", "Value": key, "It serves": f"={key}"}, "Save rule")
    assert f"{key} is one of {key} → {key}" in action.result()
    dash.serves(key, key, "", **{key: key})
    page = dash.ada.open("flags/rules", flag=key, environment="dev")
    assert page.render.rows("Rules")[0]["when"] == f"{key} is one of {key}"
    rollout = dash.ada.run("flags/rollout", flag=key, environment="dev")
    rollout.fill({f"% {key}": 100})
    assert f"100 % {key}" in rollout.form().text
    rollout.answer({}, "Save rollout")
    assert f": 100 % {key}." in rollout.result()
    dash.serves(key, key, "", entityId="anybody")
    flags.archive(key, actor=TESTER)


def test_rollout_shows_what_it_means_before_it_is_saved(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/rollout", flag=flag.key, environment="dev")
    action.form()
    action.answer({"% on = true": 12.5}, "Preview")
    form = action.form()
    assert "12.5 % on, 87.5 % off" in form.text and "about 1,250 of 10,000" in form.text
    action.answer({}, "Back")
    assert action.form().default("% on = true") == 12.5
    assert flags.get(flag.key, "dev").rollout is None
    action.answer({"% on = true": 0}, "Preview")
    action.fill({}, "Save rollout")
    assert ": 100 % off." in action.result()
    dash.serves(flag.key, False, True, entityId="john")


def test_a_rollout_may_split_by_a_field(dash: Running) -> None:
    flag = dash.flag(rollout=[{"variant": "on", "weight": 100}])
    action = dash.ada.run("flags/rollout", flag=flag.key, environment="dev")
    action.fill({"Split by": "organisation.id"}, "Preview")
    form = action.form()
    assert "100 % on by organisation.id" in form.text and "everyone is drawn anew" in form.text
    assert "of 10,000 values of organisation.id" in form.text
    action.answer({}, "Back")
    assert action.form().default("Split by") == "organisation.id"
    action.answer({}, "Preview")
    action.fill({}, "Save rollout")
    assert action.result() == f"The rollout of {flag.key} in dev: 100 % on by organisation.id."
    dash.serves(flag.key, True, False, organisation={"id": "acme"})
    dash.serves(flag.key, False, False, entityId="john")
    page = dash.ada.open("flags/flag", flag=flag.key, environment="dev")
    assert "Rollout: 100 % on by organisation.id" in page.render.text


def test_shares_of_three_have_to_add_up(dash: Running) -> None:
    flag = dash.flag(value_type="string", variants={"a": "a", "b": "b", "c": "c"})
    action = dash.ada.run("flags/rollout", flag=flag.key, environment="dev")
    action.form()
    action.answer({"% a": 12.5, "% b": 80}, "Preview")
    assert "The percentages of the rollout must add up to 100, not 92.5" in action.form().errors[""]
    action.answer({"% a": 12.5, "% b": 80, "% c": 7.5}, "Preview")
    assert "12.5 % a, 80 % b, 7.5 % c" in action.form().text
    action.cancel()


def test_a_long_value_does_not_fill_the_form(dash: Running) -> None:
    flag = dash.flag(value_type="string", variants={"a": "x" * 5_000, "b": "y"})
    form = dash.ada.run("flags/rollout", flag=flag.key).form()
    assert form.inputs[0].startswith("% a = xxx") and len(form.inputs[0]) < 250
    form = dash.ada.run("flags/members/add", flag=flag.key).form()
    assert max(len(option["label"]) for option in form.props("They get")["options"]) < 250


def test_rollout_in_steps(dash: Running) -> None:
    flag = dash.flag()
    for step, text in (("5 %", "5 % more get on"), ("25 %", "20 % more get on"), ("100 %", "75 % more get on")):
        action = dash.ada.run("flags/rollout", flag=flag.key, environment="dev")
        action.fill({}, step)
        form = action.form()
        assert f"{text}; nobody loses it." in form.text
        action.answer({}, "Save rollout")
        action.result()
    dash.serves(flag.key, True, False, entityId="anybody")
    action = dash.ada.run("flags/rollout", flag=flag.key, environment="dev")
    action.fill({}, "No rollout")
    assert "gets the caller's default" in action.form().text
    action.answer({}, "Save rollout")
    assert action.result() == f"The rollout of {flag.key} in dev: none."
    dash.serves(flag.key, False, False, entityId="anybody")


def test_a_rollout_that_somebody_else_changed_meanwhile(dash: Running) -> None:
    flag = dash.flag()
    ada = dash.ada.run("flags/rollout", flag=flag.key, environment="dev")
    ada.fill({}, "25 %")
    ada.form()
    flags.update(flag.key, "dev", edit(rollout=[{"variant": "on", "weight": 100}]), actor=TESTER)
    ada.answer({}, "Save rollout")
    form = ada.form()
    assert "tester changed it" in form.text and "rollout: 100 % on" in form.text
    assert form.default("% on = true") == 25
    ada.cancel()
    assert flags.get(flag.key, "dev").rollout == (Share.of_percent("on", 100),)


def test_a_protected_rollout_asks(dash: Running) -> None:
    flag = dash.flag(environment="prod")
    action = dash.ada.run("flags/rollout", flag=flag.key, environment="prod")
    action.fill({}, "5 %")
    action.fill({}, "Save rollout")
    assert "5 % on, 95 % off" in action.confirm(False).text
    assert action.result() == "Nothing was changed."
