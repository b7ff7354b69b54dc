"""The list of flags, a flag's page and the switches, without script."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest

from db.administration import environments
from db.configuration.edits import FlagEdit
from db.flags import flags
from db.history import changes
from tests.api.conftest import Client
from tests.api.console.browser import Browser, Elements, text_of
from tests.db.helpers import ADA, make

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def keys_in(html: str) -> list[str]:
    """The keys of the flags in the list."""
    return re.findall(r'class="key" href="[^"]*">([^<]+)<', html)


@pytest.fixture
def many(browser: Browser) -> Browser:
    make("banner", "dev", value_type="string", is_static=True, value="hello", tags=["copy", "beta"], enabled=False)
    make("limit", "dev", value_type="number", is_static=True, value=10, owner="growth", description="per MINUTE")
    return browser


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["banner", "checkout", "limit"]),
        ("&search=minute", ["limit"]),
        ("&search=%25", []),
        ("&type=string", ["banner"]),
        ("&kind=static", ["banner", "limit"]),
        ("&status=disabled", ["banner"]),
        ("&tag=beta", ["banner", "checkout"]),
        ("&owner=growth", ["limit"]),
        ("&days=1", ["banner", "checkout", "limit"]),
        ("&sort=key&order=down", ["limit", "checkout", "banner"]),
        ("&type=nonsense&sort=nonsense&page=0&days=9", ["banner", "checkout", "limit"]),
    ],
)
def test_the_list_is_narrowed_and_sorted(many: Browser, query: str, expected: list[str]) -> None:
    assert keys_in(many.get(f"/console/flags?environment=dev{query}")) == expected


def test_the_list_has_pages(browser: Browser) -> None:
    for number in range(55):
        make(f"z{number:02}", "dev")
    first, second = (browser.get(f"/console/flags?environment=dev&page={page}") for page in (1, 2))
    assert (len(keys_in(first)), len(keys_in(second))) == (50, 6)
    assert "page 2 of 2" in text_of(second) and 'rel="next"' not in second
    assert "fewer pages" in browser.get("/console/flags?environment=dev&page=3")


def test_a_page_of_an_environment_that_is_not_there(browser: Browser) -> None:
    assert "there is no environment 'qa'" in text_of(browser.get("/console/flags?environment=qa", 400))


def test_a_flag_is_seen_in_every_environment(browser: Browser) -> None:
    html = browser.get("/console/flags?environment=dev")
    said = text_of(html)
    assert "dev: enabled" in said and "staging: disabled" in said and "prod: disabled" in said
    assert "25 % on, 75 % off" in said


def test_a_flag_says_who_gets_what(client: Client, browser: Browser) -> None:
    rule = {"name": "beta", "variant": "on", "conditions": [{"field": "plan", "operator": "eq", "value": "gold"}]}
    client.create("big", environment="dev", rules=[rule], targetedUsers=["john"], description="Why it is there")
    needs = {"prerequisites": [{"flag": "big", "variants": ["on"]}]}
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", needs)
    said = text_of(browser.get("/console/flags/big?environment=dev"))
    for part in (
        "1 member",
        "beta plan is gold on",
        "Why it is there",
        "Needed by checkout",
        "Created",
        "key dev admin",
    ):
        assert part in said
    assert "big serves on" in text_of(browser.get("/console/flags/checkout?environment=dev"))
    assert "there is no flag" in text_of(browser.get("/console/flags/none?environment=dev", 404))


def test_a_static_flag_shows_its_value(browser: Browser) -> None:
    make("limit", "dev", value_type="structured", is_static=True, value={"a": [1, None]})
    assert '{"a": [1, null]}' in text_of(browser.get("/console/flags/limit?environment=dev"))


def test_switching_says_what_it_did_once(browser: Browser) -> None:
    place = "/console/flags?environment=dev&search=check"
    answer = browser.send("/console/flags/checkout/enabled", environment="dev", enabled="false", next=place)
    assert (answer.status_code, answer.headers["Location"]) == (303, place)
    assert not flags.get("checkout", "dev").enabled
    assert "checkout is disabled in dev." in browser.get(place)
    assert "checkout is disabled in dev." not in browser.get(place)


@pytest.mark.parametrize("enabled", [None, "", "yes"])
def test_a_switch_says_where_to(browser: Browser, enabled: str | None) -> None:
    fields = {"environment": "dev"} | ({"enabled": enabled} if enabled is not None else {})
    assert browser.send("/console/flags/checkout/enabled", **fields).status_code == 400
    assert changes.page("checkout").total == 3


def test_a_protected_environment_asks_for_its_name(browser: Browser) -> None:
    fields: dict[str, Any] = {"environment": "prod", "enabled": "true", "next": "/console/flags?environment=prod"}
    asking = browser.send("/console/flags/checkout/enabled", **fields)
    assert (asking.status_code, "type its name" in asking.text) == (200, True)
    sent_again = {
        one[1]["name"]: one[1]["value"] for one in Elements(asking.text).found if one[1].get("type") == "hidden"
    }
    assert fields.items() <= sent_again.items()
    wrong = browser.post("/console/flags/checkout/enabled", {**sent_again, "confirm": "dev"})
    assert "That is not the name of the environment" in wrong.text
    assert not flags.get("checkout", "prod").enabled
    confirmed = {**sent_again, "confirm": "prod", "comment": "release"}
    assert browser.post("/console/flags/checkout/enabled", confirmed).status_code == 303
    assert flags.get("checkout", "prod").enabled
    assert changes.page("checkout", "prod").items[0].comment == "release"


def test_an_environment_that_wants_comments_asks_for_one(browser: Browser) -> None:
    environments.update("dev", comment_required=True, actor=ADA)
    fields = {"environment": "dev", "enabled": "false"}
    assert "Say why" in browser.send("/console/flags/checkout/enabled", **fields).text
    assert flags.get("checkout", "dev").enabled
    assert browser.send("/console/flags/checkout/enabled", **fields, comment="broken").status_code == 303
    assert not flags.get("checkout", "dev").enabled


def test_the_kill_switch_is_for_every_environment(browser: Browser) -> None:
    path = "/console/flags/checkout/disabled-everywhere"
    assert "prod is protected" in browser.send(path, environment="dev").text
    assert flags.get("checkout", "dev").enabled
    assert browser.send(path, environment="dev", confirm="prod").status_code == 303
    assert not any(flags.get("checkout", key).enabled for key in ("dev", "staging", "prod"))


def test_what_people_write_is_shown_and_never_run(browser: Browser) -> None:
    make("evil", "dev", name=EVIL, description=EVIL, owner=EVIL)
    flags.update("evil", "dev", FlagEdit(metadata={"note": EVIL}), actor=ADA)
    environments.update("dev", name=EVIL[:60], actor=ADA)
    browser.sign_in(name=EVIL)
    for path in ("/console/flags?environment=dev", f"/console/flags/evil?environment=dev&search={EVIL}"):
        html = browser.get(path)
        elements = Elements(html).found
        scripts = [str(attributes.get("src")) for tag, attributes in elements if tag == "script"]
        assert scripts and all(re.fullmatch(r"/console/static/\w+/(console|shares)\.js", src) for src in scripts)
        assert not [tag for tag, attributes in elements if tag == "img" or any(a.startswith("on") for a in attributes)]
        assert "<script>alert(1)</script>" in text_of(html.replace("&lt;", "\0")).replace("\0", "<")
    assert "alert(1)" in browser.get(f"/console/flags?environment=dev&search={EVIL}&owner={EVIL}")


def test_a_filter_that_can_not_be_is_told_beside_the_form(browser: Browser) -> None:
    html = browser.get("/console/flags?environment=dev&tag=a b", 422)
    assert "tags[0] must be" in html and 'value="a b"' in html


def test_static_files_are_kept_for_good(browser: Browser) -> None:
    html = browser.get("/console/flags?environment=dev")
    for address in re.findall(r'(?:href|src)="(/console/static/[^"]+)"', html):
        answer = browser.client.get(address)
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True)
    assert browser.client.get("/console/static/0000/console.css").headers["Cache-Control"] == "no-cache"
    for name in ("../page.py", "%2e%2e%2fpage.py", "nothing.css"):
        assert browser.client.get(f"/console/static/0000/{name}").status_code in (303, 404)


def test_static_files_are_compressed_for_who_takes_that(browser: Browser) -> None:
    plain = browser.client.get("/console/static/0000/console.css")
    packed = browser.client.get("/console/static/0000/console.css", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data and "Content-Encoding" not in plain.headers
    assert {answer.headers["Vary"] for answer in (plain, packed)} == {"Accept-Encoding"}


def test_links_stay_below_the_path_of_a_proxy(client: Client) -> None:
    from dataclasses import replace

    from api.app import create_app

    settings = replace(client.services.settings, public_url="http://localhost/flags")
    browser = Browser(create_app(replace(client.services, settings=settings)).test_client())
    assert browser.sign_in().headers["Location"] == "/flags/console/flags"
    elements = Elements(browser.get("/console/flags?environment=dev")).found
    ours = [link for _, one in elements for link in (one.get("href"), one.get("src"), one.get("action")) if link]
    assert [link for link in ours if not link.startswith(("/flags/", "#"))] == []
