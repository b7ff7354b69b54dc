"""Members at the console, without script."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of

MEMBERS = "/console/flags/checkout/members"
EVIL = "<script>alert(1)</script>\"'>"


def members_of(client: Client, key: str = "checkout") -> dict[str, str]:
    found = client.do("GET", f"/api/admin/flags/{key}/members?environment=dev")["members"]
    return {f"{member['entityType']} {member['entityId']}": member["variant"] for member in found}


def paste(browser: Browser, ids: str, key: str = "checkout", **more: str) -> Any:
    sent = {"type": "user", "ids": ids, "variant": "=on", "do": "add", **more}
    return browser.send(f"/console/flags/{key}/members", environment="dev", **sent)


def test_many_are_pasted(client: Client, browser: Browser) -> None:
    answer = paste(browser, "ada, grace\r\nlinus\r\n,ada\n")
    assert answer.status_code == 303
    assert "on: 3 added, 1 given more than once." in browser.get(answer.headers["Location"])
    answer = paste(browser, "ada,bob", variant="=off")
    assert "off: 1 added, 1 changed to it." in browser.get(answer.headers["Location"])
    answer = paste(browser, "acme", type="organisation", variant="=off")
    assert members_of(client) == {
        "organisation acme": "off",
        "user ada": "off",
        "user bob": "off",
        "user grace": "on",
        "user linus": "on",
    }


def test_some_are_removed(client: Client, browser: Browser) -> None:
    paste(browser, "ada,grace")
    answer = paste(browser, "ada,nobody", do="remove", variant="")
    assert "1 removed, 1 were no members." in browser.get(answer.headers["Location"])
    assert browser.send(f"{MEMBERS}/remove", environment="dev", type="user", id="grace").status_code == 303
    assert members_of(client) == {}


def test_more_than_one_write_takes(client: Client, browser: Browser) -> None:
    answer = paste(browser, "\n".join(f"user-{number}" for number in range(20_001)))
    assert "on: 20,001 added." in browser.get(answer.headers["Location"])
    page = browser.get(f"{MEMBERS}?environment=dev")
    assert "20,001 members" in page and page.count("<code>user-") == 100
    (following,) = re.findall(r'rel="next" href="([^"]*)"', page)
    again = browser.get(following.replace("&amp;", "&"))
    assert "First" in text_of(again) and set(re.findall(r"<code>(user-\d+)", again)).isdisjoint(
        re.findall(r"<code>(user-\d+)", page)
    )


def test_members_are_searched(browser: Browser) -> None:
    paste(browser, "ada,grace")
    paste(browser, "adastra", type="organisation")
    assert "2 members that fit" in text_of(browser.get(f"{MEMBERS}?environment=dev&search=ada"))
    assert "1 member that fit" in text_of(browser.get(f"{MEMBERS}?environment=dev&search=ada&of_type=user"))
    assert "No member fits." in browser.get(f"{MEMBERS}?environment=dev&search=%25")
    for query in ("search=%00", "of_type=a%20b", "after=x"):
        browser.get(f"{MEMBERS}?environment=dev&{query}", 422)


def test_a_value_that_is_new_makes_a_variant(client: Client, browser: Browser) -> None:
    client.create("limit", environment="dev", type="number", variants={"few": 1})
    answer = paste(browser, "ada", "limit", variant="another", value="100")
    assert answer.status_code == 303, text_of(answer.text)
    assert client.do("GET", "/api/admin/flags/limit?environment=dev")["flag"]["variants"]["100"] == 100
    assert paste(browser, "bob", "limit", variant="another", value="x").status_code == 422


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"ids": " , \n"}, "There is no id in what was entered."),
        ({"ids": "a" * 300}, "can't be an id"),
        ({"ids": "a\0b"}, "can't be an id"),
        ({"ids": "ada", "type": EVIL}, "The type must be"),
        ({"ids": EVIL, "variant": ""}, "Choose what they get."),
        ({"ids": "ada", "variant": "=none"}, "Variant must be"),
    ],
)
def test_what_can_not_be_is_told_and_kept(client: Client, browser: Browser, sent: dict[str, str], problem: str) -> None:
    answer = paste(browser, **sent)
    assert answer.status_code == 422 and problem in text_of(answer.text) and EVIL not in answer.text
    assert members_of(client) == {}


def test_ids_are_shown_as_text(browser: Browser) -> None:
    paste(browser, EVIL)
    assert EVIL not in browser.get(f"{MEMBERS}?environment=dev")


def test_a_protected_environment_names_them(client: Client, browser: Browser) -> None:
    sent = {"environment": "prod", "type": "user", "ids": "ada", "variant": "=on", "do": "add"}
    assert "user ada will get on of checkout in prod." in text_of(browser.send(MEMBERS, **sent).text)
    assert browser.send(MEMBERS, **sent, confirm="prod").status_code == 303


def test_a_static_flag_has_none(client: Client, browser: Browser) -> None:
    client.create("limit", environment="dev", type="number", isStatic=True, value=10)
    browser.get("/console/flags/limit/members?environment=dev", 422)
    assert paste(browser, "ada", "limit").status_code == 422
