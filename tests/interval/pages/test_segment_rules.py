"""The rules of segments: added, edited, removed, in plain words, after saying which flags change."""

from __future__ import annotations

from db.segments import segments
from db.segments.edits import SegmentEdit
from flagstaff.targeting import AnyOf, Condition
from tests.interval.browser import Transaction
from tests.interval.conftest import TESTER, Running
from tests.interval.pages.test_segments import ONE, made, using

US, CA, PLAN = (
    Condition(*given) for given in (("country", "eq", "US"), ("country", "eq", "CA"), ("plan", "eq", "pro"))
)


def test_a_rule_is_added(dash: Running) -> None:
    flag = using(dash, segment := made(dash))
    action = dash.ada.run(f"{ONE}/rule", segment=segment.key)
    form = action.form()
    operators = form.options("Comparison")
    assert "in" in operators and "in_segment" not in operators and "segment" not in form.text.lower()
    action.answer({"Field": "plan", "Value": "pro"})
    assert f"In {segment.key} is whoever meets this" in action.form().text
    action.answer({}, "Add a condition")
    action.fill({"Field": "age", "Comparison": "gte", "Value": "18"})
    action.fill({"Condition": "plan is pro"}, "Add an alternative to this condition")
    action.fill({"Field": "beta", "Comparison": "exists"})
    action.fill({}, "Save rule")
    asked = action.confirm()
    assert f"It changes 1 flag ({flag}), 1 of them enabled in dev." in asked.text
    assert action.result().startswith(f"A rule of {segment.key}: ")
    group = AnyOf((PLAN, Condition("beta", "exists")))
    assert segments.get(segment.key).rules[2] == (group, Condition("age", "gte", 18))
    dash.serves(flag, True, None, plan="pro", age=20)


def test_a_rule_is_edited(dash: Running) -> None:
    segment = made(dash)
    page = dash.ada.open(ONE, segment=segment.key)
    action = dash.ada.click(page.row("Rules", rule="2"), "Edit")
    assert isinstance(action, Transaction)
    assert "Remove this condition" not in action.form().buttons
    action.answer({}, "Change this condition")
    assert action.form().default("Value") == "CA"
    action.answer({"Field": "plan", "Value": "pro"})
    action.fill({}, "Save rule")
    action.confirm()
    action.result()
    assert segments.get(segment.key).rules == [(US,), (PLAN,)]
    action = dash.ada.run(f"{ONE}/rule", segment=segment.key, rule="1")
    action.fill({}, "Save rule")
    assert action.result() == "Nothing was changed."


def test_a_rule_is_removed(dash: Running) -> None:
    segment = made(dash)
    page = dash.ada.open(ONE, segment=segment.key)
    action = dash.ada.click(page.row("Rules", rule="1"), "Remove")
    assert isinstance(action, Transaction)
    assert "No longer in: country is US." in action.confirm().text
    assert action.result() == f"Rule 1 of {segment.key} is removed."
    assert segments.get(segment.key).rules == [(CA,)]
    again = dash.ada.click(page.row("Rules", rule="1"), "Remove")  # of a page that is old
    assert isinstance(again, Transaction)
    assert "open the segment again" in again.failure()
    assert "there is no such rule" in dash.ada.run(f"{ONE}/rule", segment=segment.key, rule="9").failure()


def test_conditions_that_can_t_be_are_refused(dash: Running) -> None:
    action = dash.ada.run(f"{ONE}/rule", segment=made(dash).key)
    action.fill({"Field": "age", "Comparison": "gt", "Value": "many"})
    assert "not a number" in action.form().errors[""]
    action.cancel()


def test_two_people_edit_rules(dash: Running) -> None:
    segment = made(dash)
    action = dash.ada.run(f"{ONE}/rule", segment=segment.key, rule="1")
    action.fill({}, "Change this condition")
    action.fill({"Value": "FR"})
    action.form()
    segments.add(segment.key, "user", ["ann"], actor=TESTER)
    action.answer({}, "Save rule")
    form = action.form()
    assert "tester changed it" in form.text and "country is FR" in form.text
    segments.update(segment.key, SegmentEdit(rules=[(CA,)]), actor=TESTER)
    action.answer({}, "Save rule")
    assert "Nothing of yours was saved" in action.failure()
    assert segments.get(segment.key).rules == [(CA,)]


def test_what_changes_while_somebody_is_asked(dash: Running) -> None:
    segment = made(dash)
    action = dash.ada.run(f"{ONE}/remove-rule", segment=segment.key, rule="1")
    action.form()
    segments.add(segment.key, "user", ["ann"], actor=TESTER)
    action.respond("RETURN", [True])
    assert "tester changed it" in action.failure()
    assert segments.get(segment.key).rules == [(US,), (CA,)]
