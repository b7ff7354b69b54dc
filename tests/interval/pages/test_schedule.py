"""What is planned for a flag: shown in words, in its zone and in UTC; added, removed, refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.flags import flags
from db.flags.flags import FlagEdit
from flagstaff.targeting import Share, Step
from tests.interval.browser import OpenPage, Person, Transaction
from tests.interval.conftest import SOON, TESTER, Running

BERLIN = "Europe/Berlin"


def day(year: int, month: int, number: int) -> dict[str, int]:
    return {"year": year, "month": month, "day": number}


def add(person: Person, flag: str, environment: str = "dev", **given: Any) -> Transaction:
    """Fill in the form that adds a step; the names are those of its fields, with _ for spaces."""
    action = person.run("flags/schedule/add", flag=flag, environment=environment)
    action.fill({label.replace("_", " "): value for label, value in given.items()})
    return action


def test_a_step_is_said_in_its_zone_and_in_utc(dash: Running) -> None:
    flag = dash.flag(enabled=False)
    action = add(dash.ada, flag.key, Date=day(2096, 7, 1), Time="9:00", Zone=BERLIN, Switch_it="on")
    planned = "2096-07-01 09:00 Europe/Berlin (07:00 UTC): enabled"
    assert action.result() == f"Planned for {flag.key} in dev: {planned}."
    assert action.redirects == [("flags/schedule", {"flag": flag.key, "environment": "dev"})]
    page = dash.ada.open("flags/schedule", flag=flag.key)
    assert page.render.rows("Schedule") == [{"when": planned.removesuffix(": enabled"), "then": "enabled"}]
    assert "disabled until 2096-07-01 09:00 Europe/Berlin (07:00 UTC)" in page.layout["description"]
    of_flag = dash.ada.open("flags/flag", flag=flag.key)
    assert of_flag.render.rows("Schedule") == page.render.rows("Schedule")
    assert "Status: disabled until 2096-07-01 09:00 Europe/Berlin (07:00 UTC)" in of_flag.render.text
    (row,) = dash.ada.open("flags").look("Dynamic flags", queryTerm=flag.key)
    assert (row["planned"], row["enabled"]) == (planned, f"disabled until {planned.removesuffix(': enabled')}")


def test_the_zone_is_remembered(dash: Running) -> None:
    flag = dash.flag()
    add(dash.bob, flag.key, Zone="America/New_York", Switch_it="off").result()
    form = dash.bob.run("flags/schedule/expire", flag=flag.key).form()
    assert (form.default("Zone"), form.default("Time")) == ("America/New_York", "09:00")
    form = dash.member.run("flags/schedule/add", flag=flag.key).form()
    assert form.default("Zone") == "UTC" and form.default("Switch it") == "leave"
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert form.default("Date") == day(tomorrow.year, tomorrow.month, tomorrow.day)


def test_a_step_may_change_rollout_and_default(dash: Running) -> None:
    flag = dash.flag(default_variant="on")
    action = dash.ada.run("flags/schedule/add", flag=flag.key)
    action.fill({"Date": day(2096, 10, 2), "Time": "07:06:40", "Zone": "UTC", "Rollout": "shares of variants …"})
    action.fill({"% on = true": 50})
    assert "02 07:06:40 UTC: rollout 50 % on, 50 % off." in action.result()
    add(dash.ada, flag.key, Date=day(2096, 10, 3), Zone="UTC", Rollout="none", Default_variant="none").result()
    add(dash.ada, flag.key, Date=day(2096, 10, 1), Time="09:00", Zone="UTC", Default_variant="=off").result()
    half = (Share.of_percent("on", 50), Share.of_percent("off", 50))
    first, second, third = flags.get(flag.key, "dev").schedule
    assert first == Step(first.at, default_variant="off") and second == Step(SOON, rollout=half)
    assert third == Step(third.at, rollout=None, default_variant=None)
    (row,) = dash.ada.open("flags").look("Dynamic flags", queryTerm=flag.key)
    assert row["planned"] == "2096-10-01 09:00 UTC: default variant off (and 2 more)"


def test_a_static_flag_can_only_be_switched(dash: Running) -> None:
    flag = dash.flag(value_type="string", is_static=True, value="x")
    action = dash.ada.run("flags/schedule/add", flag=flag.key)
    assert action.form().inputs == ["Date", "Time", "Zone", "Switch it", "Comment"]
    action.answer({"Date": day(2096, 1, 1), "Switch it": "off"})
    action.result()
    (row,) = dash.ada.open("flags").look("Static flags", queryTerm=flag.key)
    assert row["enabled"].startswith("enabled until 2096-01-01 09:00")


def test_expire_is_a_short_cut(dash: Running) -> None:
    flag = dash.flag()
    page = dash.ada.open("flags/schedule", flag=flag.key)
    assert "Nothing is planned." in page.render.labels
    action = dash.ada.follow(*page.link("Expire at"))
    assert isinstance(action, Transaction)
    action.fill({"Date": day(2096, 10, 2), "Time": "07:06:40", "Zone": "UTC"})
    action.result()
    assert flags.get(flag.key, "dev").schedule == (Step(SOON, enabled=False),)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"Zone": "Middle-earth/Shire"}, "Zone", "must be the name of a time zone"),
    ({"Time": "noon"}, "Time", "Write the time like 09:00"),
    ({"Time": "25:00"}, "", "The time must be a time"),
    ({"Date": day(2096, 3, 25), "Time": "02:30", "Zone": BERLIN}, "", "the clocks skip 2096-03-25 02:30"),
    ({"Date": day(2096, 10, 28), "Time": "02:30", "Zone": BERLIN}, "", "twice; give the offset (02:30+02:00 or"),
    ({"Date": day(2020, 1, 1)}, "", "This time is over"),
    ({"Switch it": "leave"}, "", "A step has to change something"),
]


@pytest.mark.parametrize(("given", "field", "message"), REFUSED, ids=[message for _, _, message in REFUSED])
def test_times_that_can_t_be_are_refused(dash: Running, given: dict[str, Any], field: str, message: str) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/schedule/add", flag=flag.key)
    action.fill({"Date": day(2096, 1, 1), "Zone": "UTC", "Switch it": "off", **given})
    assert message in action.form().errors[field]
    action.answer({"Date": day(2096, 10, 28), "Time": "02:30+01:00", "Zone": BERLIN, "Switch it": "off"})
    assert "2096-10-28 02:30 Europe/Berlin (01:30 UTC): disabled" in action.result()


def test_two_steps_at_one_time_are_refused(dash: Running) -> None:
    flag = dash.flag(schedule=[Step(SOON, enabled=False)])
    action = add(dash.ada, flag.key, Date=day(2096, 10, 2), Time="07:06:40", Zone="UTC", Switch_it="on")
    form = action.form()
    assert "Not done yet." in form.text and "a step is planned for this time" in form.text.lower()
    assert (form.default("Time"), form.default("Switch it")) == ("07:06:40", "on")
    action.cancel()


def test_a_step_is_removed(dash: Running) -> None:
    flag = dash.flag(schedule=[Step(SOON - 60, enabled=False), Step(SOON, enabled=True)])
    page = dash.ada.open("flags/flag", flag=flag.key)
    assert isinstance(page, OpenPage)
    remove = dash.ada.click(page.row("Schedule", then="enabled"), "Remove")
    assert isinstance(remove, Transaction)
    flags.update(flag.key, "dev", FlagEdit(description="x"), actor=TESTER)
    assert "07:06:40 UTC: enabled" in remove.confirm().text
    assert "tester changed it" in remove.failure()
    remove = dash.ada.run("flags/schedule/remove", flag=flag.key, step=str(SOON))
    remove.confirm()
    assert "Not planned any more" in remove.result()
    assert flags.get(flag.key, "dev").schedule == (Step(SOON - 60, enabled=False),)
    assert "has no such step" in dash.ada.run("flags/schedule/remove", flag=flag.key, step=str(SOON)).failure()


def test_a_protected_schedule_asks(dash: Running) -> None:
    flag = dash.flag(environment="prod")
    action = add(dash.ada, flag.key, "prod", Date=day(2096, 1, 1), Switch_it="off")
    assert "disabled" in action.confirm(False).text
    assert action.result() == "Nothing was changed."
    assert (
        "your role (member) may not change"
        in dash.member.run("flags/schedule/expire", flag=flag.key, environment="prod").failure()
    )


def test_two_people_plan(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/schedule/expire", flag=flag.key)
    action.form()
    flags.update(flag.key, "dev", FlagEdit(schedule=[Step(SOON, enabled=False)]), actor=TESTER)
    action.answer({"Date": day(2096, 1, 1), "Zone": "UTC"})
    form = action.form()
    assert "tester changed it" in form.text and form.default("Date") == day(2096, 1, 1)
    action.answer()
    action.result()
    assert len(flags.get(flag.key, "dev").schedule) == 2


def test_switching_off_says_what_it_cancels(dash: Running) -> None:
    flag = dash.flag(schedule=[Step(SOON, enabled=True)])
    assert dash.ada.run("flags/disable", flag=flag.key).result().endswith("to switch it on is cancelled.")
    assert flags.get(flag.key, "dev").schedule == ()
