"""Ramps: shares that grow between two times, shown with what they are now, and ended where they are."""

from __future__ import annotations

import time
from typing import Any

import pytest

from db.flags import flags
from db.flags.flags import FlagEdit
from flagstaff.targeting import Ramp, Share, Step
from tests.interval.browser import Transaction
from tests.interval.conftest import SOON, TESTER, Running
from tests.interval.pages.test_schedule import BERLIN, day

TIMES = {
    "Start date": day(2096, 10, 2),
    "Start time": "09:06:40",
    "End date": day(2096, 10, 9),
    "End time": "09:06:40",
    "Zone": BERLIN,
}
WEEK = 7 * 86_400
PLANNED = Ramp("on", 5_000, 60_000, SOON, SOON + WEEK, BERLIN)


def running(variant: str = "on") -> Ramp:
    """A ramp that is half way, and grows by less than a thousandth while a test runs."""
    now = int(time.time())
    return Ramp(variant, 0, 100_000, now - 200_002_000, now + 199_998_000)


def test_a_ramp_is_set_and_shown(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/ramp", flag=flag.key)
    form = action.form()
    assert (form.default("Variant"), form.default("From %"), form.default("To %")) == ("on", 0, 100)
    assert "rollout now: none" in form.text
    action.answer({"From %": 5, "To %": 60, **TIMES})
    words = (
        "on from 5 % to 60 %, from 2096-10-02 09:06:40 Europe/Berlin (07:06:40 UTC) "
        "to 2096-10-09 09:06:40 Europe/Berlin (07:06:40 UTC)"
    )
    assert action.result() == f"The ramp of {flag.key} in dev: {words}."
    assert flags.get(flag.key, "dev").ramp == PLANNED
    page = dash.ada.open("flags/flag", flag=flag.key)
    assert f"Rollout: 5 % on now; {words}" in page.render.text and "End ramp" in page.menu
    (row,) = dash.ada.open("flags").look("Dynamic flags", queryTerm=flag.key)
    assert row["rollout"] == f"5 % on now; {words}"


def test_what_is_there_fills_the_form(dash: Running) -> None:
    flag = dash.flag(rollout=PLANNED)
    action = dash.ada.run("flags/ramp", flag=flag.key)
    action.fill()
    action.result()
    assert flags.get(flag.key, "dev").version == flag.version
    quarter = [{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}]
    form = dash.ada.run("flags/ramp", flag=dash.flag(rollout=quarter).key).form()
    assert (form.default("From %"), form.default("To %")) == (25, 100)


def test_a_ramp_may_split_by_a_field(dash: Running) -> None:
    flag = dash.flag(rollout=PLANNED)
    action = dash.ada.run("flags/ramp", flag=flag.key)
    action.fill({"Split by": "team"})
    assert " by team." in action.result()
    saved = flags.get(flag.key, "dev")
    assert (saved.ramp, saved.split_by) == (PLANNED, "team")
    assert dash.ada.run("flags/ramp", flag=flag.key).form().default("Split by") == "team"


def test_a_time_that_the_clocks_show_twice_stays_the_one_that_was_meant(dash: Running) -> None:
    twice = 4_002_226_200  # the second 02:30 of a night in Berlin
    flag = dash.flag(rollout=Ramp("on", 5_000, 60_000, twice, twice + 3_600, BERLIN))
    action = dash.ada.run("flags/ramp", flag=flag.key)
    form = action.form()
    assert (form.default("Start time"), form.default("End time")) == ("02:30+01:00", "03:30")
    action.answer()
    action.result()
    assert flags.get(flag.key, "dev").version == flag.version


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"From %": 60, "To %": 5}, "", "a ramp grows"),
    ({"End date": day(2096, 10, 2)}, "", "at least 60 seconds after the start"),
    ({"Start date": day(2020, 1, 1), "End date": day(2020, 1, 2)}, "", "this time is over"),
    ({"Zone": "Nowhere"}, "Zone", "must be the name of a time zone"),
    ({"Start date": day(2096, 3, 25), "Start time": "02:30"}, "", "the clocks skip"),
]


@pytest.mark.parametrize(("given", "field", "message"), REFUSED, ids=[message for _, _, message in REFUSED])
def test_ramps_that_can_t_be_are_refused(dash: Running, given: dict[str, Any], field: str, message: str) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/ramp", flag=flag.key)
    action.fill({**TIMES, **given})
    assert message in action.form().errors[field].lower() or message in action.form().errors[field]
    action.cancel()
    assert flags.get(flag.key, "dev").ramp is None


def test_flags_that_can_t_have_one(dash: Running) -> None:
    three = dash.flag(value_type="string", variants={"a": "a", "b": "b", "c": "c"})
    assert "has not two" in dash.ada.run("flags/ramp", flag=three.key).failure()
    static = dash.flag(value_type="string", is_static=True, value="x")
    assert "is static" in dash.ada.run("flags/ramp", flag=static.key).failure()
    assert "has no ramp" in dash.ada.run("flags/end-ramp", flag=dash.flag().key).failure()


@pytest.mark.parametrize("variant", ["on", "off"])
def test_ending_a_ramp_keeps_its_share(dash: Running, variant: str) -> None:
    other = "off" if variant == "on" else "on"
    flag = dash.flag(rollout=running(variant))
    page = dash.ada.open("flags/flag", flag=flag.key)
    action = dash.ada.follow(*page.link("End ramp"))
    assert isinstance(action, Transaction)
    assert f"50.001 % {variant}, 49.999 % {other}" in action.confirm().text
    assert f"50.001 % {variant}" in action.result()
    now = flags.get(flag.key, "dev")
    assert now.ramp is None and now.rollout == (Share(variant, 50_001), Share(other, 49_999))


def test_ending_asks_and_tells(dash: Running) -> None:
    flag = dash.flag(rollout=running(), environment="prod")
    action = dash.ada.run("flags/end-ramp", flag=flag.key, environment="prod")
    assert "prod is protected" in action.confirm(False).text
    assert action.result() == "Nothing was changed."
    action = dash.ada.run("flags/end-ramp", flag=flag.key, environment="prod")
    action.form()
    flags.update(flag.key, "prod", FlagEdit(schedule=[Step(SOON, enabled=False)]), actor=TESTER)
    action.respond("RETURN", [True])
    assert "tester changed it" in action.failure()
    assert flags.get(flag.key, "prod").ramp is not None


def test_the_form_of_the_rollout_knows_a_ramp(dash: Running) -> None:
    flag = dash.flag(rollout=running())
    action = dash.ada.run("flags/rollout", flag=flag.key)
    form = action.form()
    assert "has on from 0 % to 100 %" in form.text and form.default("% on = true") == 50.001
    action.answer({}, "No rollout")
    action.fill({}, "Save rollout")
    action.result()
    assert flags.get(flag.key, "dev").ramp is None
