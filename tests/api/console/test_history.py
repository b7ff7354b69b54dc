"""The change log at the console, and going back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from db.administration import environments
from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of
from tests.db.helpers import ADA

CHANGES = "/console/changes"
FLAG = "/api/admin/flags/checkout?environment=dev"
EVIL = "<script>alert(1)</script>\"'>"


def log(browser: Browser, query: str = "", status: int = 200) -> str:
    return text_of(browser.get(f"{CHANGES}?environment=dev&{query}", status))


def newest(client: Client, query: str = "flag=checkout") -> int:
    return int(client.do("GET", f"/api/admin/changes?{query}")["changes"][0]["id"])


def flag_of(client: Client) -> Any:
    return client.do("GET", FLAG)["flag"]


@pytest.fixture
def edited(client: Client, browser: Browser) -> int:
    """A flag whose rollout was changed; the change's id."""
    client.do("PUT", FLAG, {"rolloutPercentage": 70, "comment": f"because {EVIL}"})
    return newest(client)


def test_everything_is_listed_newest_first(client: Client, browser: Browser, edited: int) -> None:
    client.do("POST", "/api/admin/segments", {"key": "beta"}, 201)
    client.do("POST", "/api/admin/layers", {"key": "experiments"}, 201)
    said = log(browser)
    for part in ("Layer created layer experiments", "Segment created segment beta", "Rollout changed checkout in dev"):
        assert part in said
    assert said.index("Layer created") < said.index("Segment created") < said.index("Rollout changed")
    assert "25 % on, 75 % off → 70 % on, 30 % off" in said and EVIL in said
    assert EVIL not in browser.get(f"{CHANGES}?environment=dev")


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("flag=checkout&only=dev", "Rollout changed", "Segment created"),
        ("flag=checkout&only=prod", "Created", "Rollout changed"),
        ("segment=beta", "Segment created", "Rollout changed"),
        ("person=test", "No change fits.", "Rollout changed"),
        ("person=dev%20admin", "Rollout changed", "No change fits."),
    ],
)
def test_it_is_narrowed(client: Client, browser: Browser, edited: int, query: str, there: str, not_there: str) -> None:
    client.do("POST", "/api/admin/segments", {"key": "beta"}, 201)
    said = log(browser, query)
    assert there in said and not_there not in said


@pytest.mark.parametrize("query", ["flag=none", "segment=none", "layer=none", "only=none", "person=%00", "after=x"])
def test_what_is_not_there_is_told(browser: Browser, query: str) -> None:
    browser.get(f"{CHANGES}?environment=dev&{query}", 422)


def test_long_logs_have_pages(client: Client, browser: Browser) -> None:
    for number in range(60):
        client.do("PUT", FLAG, {"rolloutPercentage": number + 26})
    page = browser.get(f"{CHANGES}?environment=dev&flag=checkout")
    (older,) = re.findall(r'rel="next" href="([^"]*)"', page)
    assert "flag=checkout" in older
    assert "Newest" in browser.get(older.replace("&amp;", "&"))


def test_the_flags_page_leads_to_all_of_its_changes(browser: Browser, edited: int) -> None:
    page = browser.get("/console/flags/checkout?environment=dev")
    assert f"/console/changes/{edited}?" in page and "All 2 changes" in text_of(page)


def test_a_change_shows_what_it_did_and_what_going_back_does(client: Client, browser: Browser, edited: int) -> None:
    said = text_of(browser.get(f"{CHANGES}/{edited}?environment=dev"))
    assert "What it did" in said and "Go back to before this change" in said
    client.do("PUT", FLAG, {"name": "Checkout"})
    said = text_of(browser.get(f"{CHANGES}/{edited}?environment=dev&to=after"))
    assert "checkout is in dev as it was then." in said


def test_a_flag_goes_back(client: Client, browser: Browser, edited: int) -> None:
    page = browser.get(f"{CHANGES}/{edited}?environment=dev")
    (version,) = set(re.findall(r'name="version" value="(\d+)"', page))
    assert browser.send(f"{CHANGES}/{edited}/restore", environment="dev", version=version).status_code == 303
    assert flag_of(client)["rolloutPercentage"] == 25
    assert browser.send(f"{CHANGES}/{edited}/restore", environment="dev", to="after").status_code == 303
    assert flag_of(client)["rolloutPercentage"] == 70


def test_a_flag_that_changed_meanwhile_stays(client: Client, browser: Browser, edited: int) -> None:
    version = str(flag_of(client)["version"])
    client.do("PUT", FLAG, {"rolloutPercentage": 90})
    answer = browser.send(f"{CHANGES}/{edited}/restore", environment="dev", version=version)
    assert answer.status_code == 409 and "Meanwhile" in answer.text and flag_of(client)["rolloutPercentage"] == 90


def test_a_protected_environment_is_confirmed(client: Client, browser: Browser) -> None:
    client.do("PUT", "/api/admin/flags/checkout?environment=prod", {"rolloutPercentage": 70})
    path = f"{CHANGES}/{newest(client)}/restore"
    assert "prod is protected" in text_of(browser.send(path, environment="prod").text)
    assert browser.send(path, environment="prod", confirm="prod").status_code == 303


def test_a_segment_goes_back_after_its_reach_was_told(client: Client, browser: Browser) -> None:
    client.do("POST", "/api/admin/segments", {"key": "beta", "included": {"user": ["ada"]}}, 201)
    rule = {"conditions": [{"operator": "in_segment", "value": ["beta"]}], "variant": "on"}
    client.do("PUT", FLAG, {"rules": [rule]})
    client.do("PUT", "/api/admin/segments/beta", {"included": {"user": ["grace"]}})
    path = f"{CHANGES}/{newest(client, 'segment=beta')}"
    said = text_of(browser.get(f"{path}?environment=dev"))
    assert "members (user: ada) - included members (user: grace) included -" in said
    answer = browser.send(f"{path}/restore", environment="dev")
    assert answer.status_code == 200 and "It changes 1 flag (checkout)" in text_of(answer.text)
    (version,) = set(re.findall(r'name="version" value="(\d+)"', browser.get(f"{path}?environment=dev")))
    client.do("PUT", "/api/admin/segments/beta", {"name": "Theirs"})
    late = browser.send(f"{path}/restore", environment="dev", sure="yes", version=version)
    assert late.status_code == 409 and "Go back to before this change" in text_of(late.text)
    assert "Theirs" in str(client.do("GET", "/api/admin/segments/beta"))
    assert browser.send(f"{path}/restore", environment="dev", sure="yes").status_code == 303
    assert "ada" in str(client.do("GET", "/api/admin/segments/beta/members"))


def test_what_can_not_be_taken_back(client: Client, browser: Browser) -> None:
    created = newest(client)
    said = text_of(browser.get(f"{CHANGES}/{created}?environment=dev"))
    assert "There was nothing before it." in said
    assert browser.send(f"{CHANGES}/{created}/restore", environment="dev").status_code == 422
    environments.create("qa", actor=ADA)
    made = newest(client, "environment=qa")
    assert "Environment added" in text_of(browser.get(f"{CHANGES}/{made}?environment=dev"))
    assert browser.send(f"{CHANGES}/{made}/restore", environment="dev").status_code == 422
    for number in ("0", "x", "99999", "9" * 40, "-1"):
        browser.get(f"{CHANGES}/{number}?environment=dev", 404)
        assert browser.send(f"{CHANGES}/{number}/restore", environment="dev").status_code == 404


def test_an_archived_flags_change_leads_to_the_archive(client: Client, browser: Browser, edited: int) -> None:
    client.create("banner", environment="dev")
    client.do("DELETE", "/api/admin/flags/checkout")
    assert "is archived" in text_of(browser.get(f"{CHANGES}/{edited}?environment=dev"))
    flag = re.search(r"/console/flags/([0-9a-f-]{36})", browser.get("/console/archived-flags?environment=dev"))
    assert flag and "Archived" in log(browser, f"flag={flag[1]}")
