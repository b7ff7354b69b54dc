"""Promoting, archiving and restoring flags at the console."""

from __future__ import annotations

import re

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of

CHECKOUT = "/api/admin/flags/checkout"
PROMOTE = "/console/flags/checkout/promote"
ARCHIVE = "/console/flags/checkout/archive"


def version_in(html: str) -> str:
    (found,) = set(re.findall(r'name="version" value="(\d+)"', html))
    return found


# -- promotion ---------------------------------------------------------------------------------------------------------


def test_the_difference_is_shown_before(browser: Browser) -> None:
    said = text_of(browser.get(f"{PROMOTE}?environment=dev&to=staging"))
    assert "What changes in staging" in said and "rollout" in said and "25 % on, 75 % off" in said
    assert "there.key" not in said and "Promote to staging" in said


def test_a_flag_is_promoted(client: Client, browser: Browser) -> None:
    version = version_in(browser.get(f"{PROMOTE}?environment=dev&to=staging"))
    answer = browser.send(PROMOTE, environment="dev", to="staging", version=version)
    assert answer.status_code == 303 and "environment=staging" in answer.headers["Location"]
    assert client.do("GET", f"{CHECKOUT}?environment=staging")["flag"]["rolloutPercentage"] == 25
    assert "checkout is the same in dev and staging" in text_of(browser.get(f"{PROMOTE}?environment=dev&to=staging"))


def test_a_protected_target_is_confirmed(client: Client, browser: Browser) -> None:
    sent = {"environment": "dev", "to": "prod", "version": "1"}
    assert "prod is protected" in text_of(browser.send(PROMOTE, **sent).text)
    assert browser.send(PROMOTE, **sent, confirm="prod").status_code == 303
    assert client.do("GET", f"{CHECKOUT}?environment=prod")["flag"]["rolloutPercentage"] == 25


def test_a_target_that_changed_meanwhile_is_left(client: Client, browser: Browser) -> None:
    version = version_in(browser.get(f"{PROMOTE}?environment=dev&to=staging"))
    client.do("PUT", f"{CHECKOUT}?environment=staging", {"rolloutPercentage": 70})
    answer = browser.send(PROMOTE, environment="dev", to="staging", version=version)
    assert answer.status_code == 409 and "Meanwhile" in answer.text and "70 % on, 30 % off" in text_of(answer.text)
    assert client.do("GET", f"{CHECKOUT}?environment=staging")["flag"]["rolloutPercentage"] == 70
    assert browser.send(PROMOTE, environment="dev", to="staging", version=version_in(answer.text)).status_code == 303


@pytest.mark.parametrize(("to", "status"), [("", 422), ("dev", 422), ("nowhere", 400), ("<script>", 400)])
def test_there_has_to_be_a_target(browser: Browser, to: str, status: int) -> None:
    answer = browser.send(PROMOTE, environment="dev", to=to)
    assert answer.status_code == status and "<script>" not in answer.text


# -- archive -----------------------------------------------------------------------------------------------------------


def test_archiving_asks_for_the_key(client: Client, browser: Browser) -> None:
    everywhere = {"environment": "dev", "confirm": "prod"}
    assert "It is enabled in dev" in text_of(browser.get(f"{ARCHIVE}?environment=dev"))
    answer = browser.send(ARCHIVE, **everywhere, key="check")
    assert answer.status_code == 422 and "not the key" in answer.text
    assert browser.send(ARCHIVE, environment="dev", key="checkout").status_code == 200  # asks for prod's name
    assert browser.send(ARCHIVE, **everywhere, key="checkout").status_code == 303
    client.refused(404, "flag_not_found", "GET", CHECKOUT)


def test_a_flag_that_others_need_stays(client: Client, browser: Browser) -> None:
    client.create("banner", environment="dev", prerequisites=[{"flag": "checkout", "variants": ["on"]}])
    assert "other flags need it: banner" in text_of(browser.get(f"{ARCHIVE}?environment=dev"))
    answer = browser.send(ARCHIVE, environment="dev", key="checkout", confirm="prod")
    assert answer.status_code == 409 and "banner" in answer.text
    assert client.do("GET", f"{CHECKOUT}?environment=dev")["flag"]["key"] == "checkout"


def test_a_flag_that_changed_meanwhile_is_not_archived(client: Client, browser: Browser) -> None:
    version = version_in(browser.get(f"{ARCHIVE}?environment=dev"))
    client.do("PUT", f"{CHECKOUT}?environment=dev", {"rolloutPercentage": 70})
    answer = browser.send(ARCHIVE, environment="dev", key="checkout", confirm="prod", version=version)
    assert answer.status_code == 409 and "Meanwhile" in answer.text


def test_an_archived_flag_is_restored(client: Client, browser: Browser) -> None:
    client.create("banner", environment="dev")
    browser.send(ARCHIVE, environment="dev", key="checkout", confirm="prod")
    html = browser.get("/console/archived-flags?environment=dev&search=check")
    (path,) = re.findall(r'action="(/console/flags/[^"]+/restore)"', html)
    assert "checkout" not in text_of(browser.get("/console/archived-flags?environment=dev&search=none"))
    page = browser.get(path.removesuffix("/restore") + "?environment=dev")
    assert "archived" in text_of(page) and "Promote" not in text_of(page)
    assert browser.send(path, environment="dev", confirm="prod").status_code == 303
    assert client.do("GET", f"{CHECKOUT}?environment=dev")["flag"]["rolloutPercentage"] == 25
    assert browser.send(path, environment="dev", confirm="prod").status_code == 404


def test_odd_searches_are_told(browser: Browser) -> None:
    assert "NUL" in browser.get("/console/archived-flags?environment=dev&search=%00", 422)
    for number in ("0", "-1", "x", "9" * 30):
        browser.get(f"/console/archived-flags?environment=dev&page={number}")
