"""Ramps, schedules and prerequisites at the console, without script."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import ORIGIN, Browser, text_of

RAMP = "/console/flags/checkout/ramp"
SCHEDULE = "/console/flags/checkout/schedule"
NEEDS = "/console/flags/checkout/prerequisites"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
LATER = (datetime.now(UTC) + timedelta(days=8)).date().isoformat()
EVIL = "<script>alert(1)</script>"
A_RAMP = {
    "variant": "on",
    "from": "5",
    "to": "60.5",
    "start_day": TOMORROW,
    "start_time": "9:00",
    "end_day": LATER,
    "end_time": "09:00",
    "zone": "Europe/Berlin",
}
A_STEP = {"at_day": TOMORROW, "at_time": "09:00", "zone": "UTC", "switch": "off", "rollout": "", "default": ""}


def flag_of(client: Client, key: str = "checkout") -> Any:
    return client.do("GET", f"/api/admin/flags/{key}?environment=dev")["flag"]


def send(browser: Browser, path: str, fields: dict[str, str], **more: str) -> Any:
    return browser.send(path, environment="dev", **{**fields, **more})


# -- ramps -------------------------------------------------------------------------------------------------------------


def test_a_ramp_is_made_shown_and_changed(client: Client, browser: Browser) -> None:
    assert send(browser, RAMP, A_RAMP).status_code == 303
    ramp = flag_of(client)["ramp"]
    assert (ramp["variant"], ramp["from"], ramp["to"], ramp["zone"]) == ("on", 5, 60.5, "Europe/Berlin")
    page = browser.get("/console/flags/checkout?environment=dev")
    said = text_of(page)
    assert "the ramp begins: 5 % on" in said and "the ramp is at its end: 60.5 % on" in said
    assert "Europe/Berlin" in said and "share-on" not in page
    form = browser.get(f"{RAMP}?environment=dev")
    assert 'name="start_time" value="09:00"' in form and 'name="to" value="60.5"' in form and "data-zone" not in form
    assert send(browser, RAMP, A_RAMP, to="70").status_code == 303
    assert flag_of(client)["ramp"]["to"] == 70


def test_what_a_ramp_changes_is_said_before(client: Client, browser: Browser) -> None:
    def preview(**typed: str) -> str:
        query = {"environment": "dev", **A_RAMP, **typed}
        return str(browser.client.get(f"{RAMP}/preview", query_string=query).text)

    begins = "When it begins: 20 % lose on, and get off."
    assert preview() == f"{begins} From then to its end: 55.5 % more get on; nobody loses it."
    assert preview(start_day="2020-01-01").startswith("Now: ")
    assert "a ramp grows" in preview(to="5") and preview(variant="none").startswith("Variant must be one of")
    asked = browser.send(RAMP, **{**A_RAMP, "environment": "prod"})
    assert "When it begins: 5 % more get on; nobody loses it." in text_of(asked.text)


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        (f"http://localhost{RAMP}?environment=prod", f"{RAMP}?environment=prod"),
        ("https://evil.example/console/flags", "/console/flags"),
        ("http://localhost/elsewhere", "/console/flags?environment=prod"),
        ("http://[", "/console/flags?environment=prod"),
    ],
)
def test_whoever_does_not_confirm_is_back_at_the_form(browser: Browser, referrer: str, back: str) -> None:
    fields = {**A_RAMP, "environment": "prod", "csrf": browser.csrf()}
    headers = {"Origin": ORIGIN, "Referer": referrer}
    asked = browser.client.post(RAMP, data=fields, headers=headers)
    assert asked.status_code == 200 and f'href="{back}">Cancel' in asked.text


def test_a_new_ramp_begins_with_the_rollout(browser: Browser) -> None:
    form = browser.get(f"{RAMP}?environment=dev")
    assert 'name="from" value="25"' in form and 'name="to" value="100"' in form and "data-zone" in form
    start, end = (date.fromisoformat(day) for day in re.findall(r'name="(?:start|end)_day" value="([^"]*)"', form))
    assert end - start == timedelta(weeks=1)


def test_a_ramp_is_ended_where_it_has_come_to(client: Client, browser: Browser) -> None:
    send(browser, RAMP, A_RAMP)
    assert send(browser, f"{RAMP}/end", {}).status_code == 303
    flag = flag_of(client)
    assert (flag["ramp"], round(flag["rolloutPercentage"])) == (None, 5)
    assert send(browser, f"{RAMP}/end", {}).status_code == 303  # nothing is left to end
    assert flag_of(client)["version"] == flag["version"]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"to": "5"}, "To must be more than from: a ramp grows"),
        ({"to": "x"}, "The share at the end must be a number from 0 to 100."),
        ({"variant": "none"}, "variant"),
        ({"start_day": "tomorrow"}, "Write the day like 2026-12-01."),
        ({"start_time": "noon"}, "Write the time like 09:00."),
        ({"zone": "Mars/Olympus"}, "must be the name of a time zone"),
        ({"zone": EVIL}, "must be the name of a time zone"),
        ({"start_day": "2020-01-01", "end_day": "2020-01-02"}, "This time is over."),
        ({"end_day": TOMORROW, "end_time": "09:00:30"}, "seconds after"),
        ({"start_day": "2027-03-28", "start_time": "02:30", "end_day": "2027-04-28"}, "the clocks skip"),
        ({"start_day": "9999-12-31"}, "time"),
    ],
)
def test_what_can_be_no_ramp_is_told_and_kept(
    client: Client, browser: Browser, typed: dict[str, str], problem: str
) -> None:
    answer = send(browser, RAMP, {**A_RAMP, **typed})
    assert answer.status_code == 422 and problem in text_of(answer.text), text_of(answer.text)
    assert (EVIL not in answer.text and 'value="60.5"' in answer.text) or "to" in typed
    assert flag_of(client)["ramp"] is None


def test_flags_that_can_have_no_ramp(client: Client, browser: Browser) -> None:
    client.create("plan", environment="dev", type="string", variants={"a": "1", "b": "2", "c": "3"})
    assert "has 3 variants" in browser.get("/console/flags/plan/ramp?environment=dev")
    assert send(browser, "/console/flags/plan/ramp", {**A_RAMP, "variant": "a"}).status_code == 422


# -- schedules ---------------------------------------------------------------------------------------------------------


def test_a_step_is_planned_changed_and_removed(client: Client, browser: Browser) -> None:
    shares = {"rollout": "shares", "share-on": "50", "share-off": "50", "default": "=on"}
    assert send(browser, SCHEDULE, A_STEP, **shares).status_code == 303
    (step,) = flag_of(client)["schedule"]
    assert (step["enabled"], step["defaultVariant"], step["rollout"][0]["weight"]) == (False, "on", 50)
    page = browser.get(f"{SCHEDULE}?environment=dev")
    assert "disabled, rollout 50 % on, 50 % off, default variant on" in text_of(page)
    (at,) = set(re.findall(r'name="step" value="(\d+)"', page))
    form = browser.get(f"{SCHEDULE}?environment=dev&step={at}")
    assert "Change this step" in form and 'value="=on" selected' in form and 'name="share-on" value="50"' in form
    changed = {**A_STEP, "at_time": "10:00", "switch": "on", "step": at}
    assert send(browser, SCHEDULE, changed).status_code == 303
    (step,) = flag_of(client)["schedule"]
    assert (step["enabled"], step["at"][11:16], "rollout" in step) == (True, "10:00", False)
    (at,) = set(re.findall(r'name="step" value="(\d+)"', browser.get(f"{SCHEDULE}?environment=dev")))
    assert send(browser, f"{SCHEDULE}/remove", {"step": at}).status_code == 303
    assert flag_of(client)["schedule"] == []
    assert send(browser, f"{SCHEDULE}/remove", {"step": at}).status_code == 303  # it is gone already


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"switch": ""}, "A step has to change something"),
        ({"at_day": "2020-01-01"}, "This time is over."),
        ({"rollout": "shares", "share-on": "50", "share-off": "60"}, "add up to 100"),
        ({"default": "=none-of-these"}, "Default variant must be one of the flag's variants"),
        ({"zone": ""}, "must be the name of a time zone"),
    ],
)
def test_what_can_be_no_step_is_told(client: Client, browser: Browser, typed: dict[str, str], problem: str) -> None:
    answer = send(browser, SCHEDULE, {**A_STEP, **typed})
    assert answer.status_code == 422 and problem in text_of(answer.text), text_of(answer.text)
    assert flag_of(client)["schedule"] == []


def test_two_steps_can_not_be_at_one_time(client: Client, browser: Browser) -> None:
    assert send(browser, SCHEDULE, A_STEP).status_code == 303
    answer = send(browser, SCHEDULE, A_STEP, switch="on")
    assert answer.status_code == 422 and "planned for this time already" in answer.text
    assert send(browser, SCHEDULE, {**A_STEP, "step": "x"}).status_code == 400


def test_a_static_flag_is_only_switched(client: Client, browser: Browser) -> None:
    client.create("limit", environment="dev", type="number", isStatic=True, value=10)
    assert "share-" not in browser.get("/console/flags/limit/schedule?environment=dev")
    assert send(browser, "/console/flags/limit/schedule", A_STEP).status_code == 303
    assert flag_of(client, "limit")["schedule"][0]["enabled"] is False


# -- prerequisites -----------------------------------------------------------------------------------------------------


@pytest.fixture
def payments(client: Client) -> None:
    client.create("payments", environment="dev", type="string", variants={"old": "o", "new": "n"}, description=EVIL)


def test_a_prerequisite_is_found_added_changed_and_removed(client: Client, browser: Browser, payments: None) -> None:
    found = browser.get(f"{NEEDS}?environment=dev&needed=pay")
    assert "needed=payments" in found and EVIL not in found
    assert 'name="variant" value="new"' in browser.get(f"{NEEDS}?environment=dev&needed=payments")
    assert send(browser, NEEDS, {"needed": "payments", "variant": "new"}).status_code == 303
    assert flag_of(client)["prerequisites"] == [{"flag": "payments", "variants": ["new"]}]
    form = browser.get(f"{NEEDS}?environment=dev&needed=payments")
    assert 'value="new" checked' in form and 'value="old" checked' not in form
    assert "checkout needs new" in text_of(browser.get("/console/flags/payments/prerequisites?environment=dev"))
    assert "payments serves new" in text_of(browser.get("/console/flags/checkout?environment=dev"))
    assert send(browser, f"{NEEDS}/remove", {"needed": "payments"}).status_code == 303
    assert flag_of(client)["prerequisites"] == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"needed": "payments"}, "Choose at least one variant of payments."),
        ({"needed": "payments", "variant": "none"}, "none"),
        ({"needed": "checkout", "variant": "on"}, "checkout"),
        ({"needed": EVIL, "variant": "on"}, "Prerequisites"),
        ({}, "Choose at least one variant"),
    ],
)
def test_what_can_be_no_prerequisite_is_told(
    client: Client, browser: Browser, payments: None, fields: dict[str, str], problem: str
) -> None:
    answer = send(browser, NEEDS, fields)
    assert answer.status_code == 422 and problem in text_of(answer.text) and EVIL not in answer.text
    assert flag_of(client)["prerequisites"] == []


def test_odd_searches_are_told(browser: Browser) -> None:
    assert "NUL" in browser.get(f"{NEEDS}?environment=dev&needed=%00", 422)
    assert "No flag fits." in browser.get(f"{NEEDS}?environment=dev&needed=%F0%9F%98%80")


# -- all of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fields"),
    [(RAMP, A_RAMP), (SCHEDULE, A_STEP), (NEEDS, {"needed": "payments", "variant": "new"})],
)
def test_a_conflict_is_told_and_what_was_typed_is_kept(
    client: Client, browser: Browser, payments: None, path: str, fields: dict[str, str]
) -> None:
    version = str(flag_of(client)["version"])
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"rolloutPercentage": 70})
    answer = send(browser, path, fields, version=version)
    assert answer.status_code == 409 and "Meanwhile" in text_of(answer.text)
    (now,) = set(re.findall(r'name="version" value="(\d+)"', answer.text))
    assert send(browser, path, fields, version=now).status_code == 303


@pytest.mark.parametrize("path", [RAMP, SCHEDULE, NEEDS, f"{RAMP}/end", f"{SCHEDULE}/remove", f"{NEEDS}/remove"])
def test_forms_with_nothing_in_them_change_nothing(client: Client, browser: Browser, path: str) -> None:
    before = flag_of(client)["version"]
    assert browser.send(path, environment="dev").status_code in (303, 422)
    assert browser.send(path, environment="nowhere").status_code == 400
    assert browser.send(path.replace("checkout", "none"), environment="dev").status_code == 404
    assert flag_of(client)["version"] == before


def test_a_protected_environment_is_confirmed(client: Client, browser: Browser, payments: None) -> None:
    for path, fields in ((RAMP, A_RAMP), (SCHEDULE, A_STEP), (NEEDS, {"needed": "payments", "variant": "new"})):
        answer = browser.send(path, environment="prod", **fields)
        assert answer.status_code == 200 and "prod is protected" in text_of(answer.text), path
        assert browser.send(path, environment="prod", confirm="prod", **fields).status_code == 303, path


def test_a_step_keeps_the_order_of_its_shares(client: Client, browser: Browser) -> None:
    step = {
        "at": f"{TOMORROW}T09:00:00Z",
        "rollout": [{"variant": "off", "weight": 60}, {"variant": "on", "weight": 40}],
    }
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"schedule": [step]})
    (at,) = set(re.findall(r'name="step" value="(\d+)"', browser.get(f"{SCHEDULE}?environment=dev")))
    shares = {"rollout": "shares", "share-off": "60", "share-on": "40", "switch": "", "step": at, "at_time": "11:00"}
    assert send(browser, SCHEDULE, {**A_STEP, **shares}).status_code == 303
    assert [share["variant"] for share in flag_of(client)["schedule"][0]["rollout"]] == ["off", "on"]
