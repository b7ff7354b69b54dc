"""Segments at the console, without script."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of
from tests.api.console.test_rules import fields

NEW = "/console/new-segment"
BETA = "/console/segments/beta"
EVIL = "<script>alert(1)</script>\"'>"


def segment_of(client: Client) -> Any:
    return client.do("GET", "/api/admin/segments/beta")["segment"]


def ids_of(client: Client) -> dict[str, str]:
    found = client.do("GET", "/api/admin/segments/beta/members")
    return {
        f"{one['entityType']} {one['entityId']}": ("excluded" if one["excluded"] else "included")
        for one in found["members"]
    }


@pytest.fixture
def beta(client: Client, browser: Browser) -> Browser:
    """A segment that no flag uses."""
    client.do("POST", "/api/admin/segments", {"key": "beta", "included": {"user": ["ada"]}, "description": EVIL}, 201)
    return browser


@pytest.fixture
def used(client: Client, beta: Browser) -> Browser:
    """The same, used by a flag in dev and in prod."""
    rule = {"conditions": [{"operator": "in_segment", "value": ["beta"]}], "variant": "on"}
    for environment in ("dev", "prod"):
        client.do("PUT", f"/api/admin/flags/checkout?environment={environment}", {"rules": [rule]})
    return beta


def paste(browser: Browser, ids: str, do: str = "include", **more: str) -> Any:
    return browser.send(f"{BETA}/ids", environment="dev", type="user", ids=ids, do=do, **more)


def test_a_segment_is_made_and_found(client: Client, browser: Browser) -> None:
    assert "There are no segments yet." in browser.get("/console/segments?environment=dev")
    answer = browser.send(NEW, environment="dev", key="beta", name="Beta", description="early\r\nbirds")
    assert answer.status_code == 303 and "/console/segments/beta" in answer.headers["Location"]
    assert segment_of(client)["description"] == "early\nbirds"
    assert "1 segment" in text_of(browser.get("/console/segments?environment=dev&search=bird"))
    assert "No segment fits." in browser.get("/console/segments?environment=dev&search=none")
    browser.get("/console/segments?environment=dev&search=%00", 422)


@pytest.mark.parametrize(
    ("sent", "status"),
    [({"key": "beta"}, 409), ({"key": "a b"}, 422), ({}, 422), ({"key": "x", "name": "n" * 9999}, 422)],
)
def test_what_can_be_no_segment_is_told_and_kept(beta: Browser, sent: dict[str, str], status: int) -> None:
    answer = beta.send(NEW, environment="dev", description=EVIL, **sent)
    assert answer.status_code == status and EVIL not in answer.text and EVIL in unescape(answer.text)


def test_ids_are_listed(client: Client, beta: Browser) -> None:
    assert paste(beta, "grace\nlinus,grace").status_code == 303
    assert paste(beta, "mallory", "exclude").status_code == 303
    assert paste(beta, "ada", "remove").status_code == 303
    assert ids_of(client) == {"user grace": "included", "user linus": "included", "user mallory": "excluded"}
    said = text_of(beta.get(f"{BETA}?environment=dev"))
    assert "Included 2 of type user Excluded 1 of type user" in said
    assert "1 id that fit" in text_of(beta.get(f"{BETA}?environment=dev&search=mal&of_type=user"))
    beta.get(f"{BETA}?environment=dev&after=x", 422)
    assert EVIL not in beta.get(f"{BETA}?environment=dev")


@pytest.mark.parametrize(
    ("ids", "more", "problem"),
    [
        (" ,", {}, "There is no id"),
        ("x" * 300, {}, "can't be an id"),
        ("ada", {"do": "else"}, "Choose what becomes"),
        (EVIL, {"type": "a b"}, "The type must be"),
    ],
)
def test_what_can_not_be_listed_is_told_and_kept(
    client: Client, beta: Browser, ids: str, more: dict[str, str], problem: str
) -> None:
    sent = {"type": "user", "ids": ids, "do": "include", **more}
    answer = beta.send(f"{BETA}/ids", environment="dev", **sent)
    assert answer.status_code == 422 and problem in text_of(answer.text) and EVIL not in answer.text
    assert ids_of(client) == {"user ada": "included"}


def test_what_it_changes_is_told_first(client: Client, used: Browser) -> None:
    answer = paste(used, "grace")
    said = text_of(answer.text)
    assert answer.status_code == 200 and "It changes 1 flag (checkout), 1 of them enabled in dev" in said
    assert "prod is protected" in said and len(ids_of(client)) == 1
    assert paste(used, "grace", sure="yes").status_code == 200
    assert paste(used, "grace", sure="yes", confirm="prod").status_code == 303
    assert len(ids_of(client)) == 2
    assert "checkout" in text_of(used.get(f"{BETA}?environment=dev").split('id="used"')[1])


def test_it_is_called_otherwise(client: Client, beta: Browser) -> None:
    form = beta.get(f"{BETA}/edit?environment=dev")
    (version,) = set(re.findall(r'name="version" value="(\d+)"', form))
    sent = {"environment": "dev", "name": "Beta", "description": "mine", "version": version}
    assert beta.send(f"{BETA}/edit", **sent).status_code == 303
    answer = beta.send(f"{BETA}/edit", **{**sent, "name": "Other"})
    assert answer.status_code == 409 and "It is now: Beta" in text_of(answer.text) and 'value="Other"' in answer.text
    assert segment_of(client)["name"] == "Beta"


def test_rules_are_added_changed_and_removed(client: Client, used: Browser) -> None:
    confirmed = {"environment": "dev", "sure": "yes", "confirm": "prod"}
    sent = fields(("country", "eq", "US"), ("country", "eq", "CA", "text", "or"))
    answer = used.send(f"{BETA}/rules/new", environment="dev", **sent)
    assert "Rule 1 of the segment beta will be: (country is US or country is CA)." in text_of(answer.text)
    assert used.send(f"{BETA}/rules/new", **confirmed, **sent).status_code == 303
    assert used.send(f"{BETA}/rules/1", **confirmed, **fields(("plan", "eq", "gold"))).status_code == 303
    assert segment_of(client)["rules"][0]["conditions"][0]["value"] == "gold"
    assert 'value="plan"' in used.get(f"{BETA}/rules/1?environment=dev")
    answer = used.send(f"{BETA}/rules/2", **confirmed, **fields(("plan", "eq", "late")))
    assert answer.status_code == 409 and "gone meanwhile" in answer.text and "late" in answer.text
    assert used.send(f"{BETA}/rules/1/remove", **confirmed).status_code == 303
    assert segment_of(client)["rules"] == []
    assert used.send(f"{BETA}/rules/1/remove", **confirmed).status_code == 404
    used.get(f"{BETA}/rules/1?environment=dev", 404)


def test_what_can_be_no_rule_is_told(client: Client, beta: Browser) -> None:
    assert "in_segment" not in beta.get(f"{BETA}/rules/new?environment=dev")
    for sent in (fields(), fields(("a", "gte", "x")), fields(("", "in_segment", "beta"))):
        answer = beta.send(f"{BETA}/rules/new", environment="dev", **sent)
        assert answer.status_code == 422, text_of(answer.text)
    answer = beta.client.get(f"{BETA}/rules/preview?environment=dev&condition-0-operator=eq&condition-0-field=a")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert segment_of(client)["rules"] == []


def test_a_segment_is_archived_unless_it_is_used(client: Client, used: Browser) -> None:
    answer = used.send(f"{BETA}/archive", environment="dev")
    assert answer.status_code == 409 and "checkout" in answer.text
    for environment in ("dev", "prod"):
        client.do("PUT", f"/api/admin/flags/checkout?environment={environment}", {"rules": []})
    assert used.send(f"{BETA}/archive", environment="dev").status_code == 200
    assert used.send(f"{BETA}/archive", environment="dev", sure="yes").status_code == 303
    used.get(f"{BETA}?environment=dev", 404)
    assert "Segment archived" in text_of(used.get("/console/changes?environment=dev&segment=beta"))


def test_what_became_of_ids_is_told(beta: Browser) -> None:
    def said(*given: str) -> str:
        return beta.get(paste(beta, *given).headers["Location"])

    assert "beta: 1 added, 1 included already, 1 given more than once." in said("ada,grace,ada")
    assert "beta: 1 added, 1 changed to excluded." in said("ada,mallory", "exclude")
    assert "beta: 1 removed, 1 not listed." in said("ada,nobody", "remove")


def test_a_comment_is_asked_for_wherever_it_is_logged(client: Client, beta: Browser) -> None:
    client.do("PUT", "/api/admin/environments/prod", {"commentRequired": True})
    answer = paste(beta, "grace")
    assert answer.status_code == 200 and "Say why" in answer.text
    assert paste(beta, "grace", comment="she asked").status_code == 303


def test_forms_lead_back_to_what_was_shown(used: Browser) -> None:
    shown = f"{BETA}?search=ad&of_type=user&environment=dev"
    assert shown in nexts(used.get(shown))
    assert nexts(paste(used, "").text) == {f"{BETA}?environment=dev"}  # where the form went is no page to lead to
    asked = paste(used, "grace", next=shown).text
    assert f'href="{shown}">Cancel' in unescape(asked)


def test_who_does_not_archive_it_is_led_back(beta: Browser) -> None:
    back = f"{BETA}?environment=dev"
    assert f'name="back" value="{back}"' in beta.get(back)
    asked = beta.send(f"{BETA}/archive", environment="dev", back=back).text
    assert f'href="{back}">Cancel' in asked
    assert 'href="https://evil.example"' not in beta.send(f"{BETA}/archive", back="https://evil.example").text


def nexts(html: str) -> set[str]:
    """Where the forms of a page lead."""
    return {unescape(found) for found in re.findall(r'name="next" value="([^"]*)"', html)}


def rules_of(client: Client) -> list[str]:
    return [rule["conditions"][0]["value"] for rule in segment_of(client)["rules"]]


@pytest.fixture
def ruled(client: Client, beta: Browser) -> Browser:
    """A segment with three rules."""
    rules = [{"conditions": [{"field": "plan", "operator": "eq", "value": value}]} for value in "abc"]
    client.do("PUT", "/api/admin/segments/beta", {"rules": rules})
    return beta


def test_rules_are_moved(client: Client, ruled: Browser) -> None:
    assert ruled.send(f"{BETA}/rules/3/move", environment="dev", to="1").status_code == 303
    assert rules_of(client) == ["c", "a", "b"]
    assert ruled.send(f"{BETA}/rules/1/move", environment="dev", to="2").status_code == 303
    assert rules_of(client) == ["a", "c", "b"]
    for to in ("", "0", "4", "x", "9" * 5000):
        assert ruled.send(f"{BETA}/rules/1/move", environment="dev", to=to).status_code == 400
    assert ruled.send(f"{BETA}/rules/9/move", environment="dev", to="1").status_code == 404
    html = ruled.get(f"{BETA}?environment=dev")
    assert "Move rule 1 up" not in html and "Move rule 3 down" not in html and "Move rule 2 up" in html


def test_what_is_done_to_rules_that_others_changed_is_refused(client: Client, ruled: Browser) -> None:
    (version, *_) = re.findall(r'name="version" value="(\d+)"', ruled.get(f"{BETA}?environment=dev"))
    client.do("PUT", "/api/admin/segments/beta", {"name": "Theirs"})
    for what in ("rules/1/move", "rules/1/remove"):
        answer = ruled.send(f"{BETA}/{what}", environment="dev", to="2", version=version)
        assert answer.status_code == 409 and "changed it at" in text_of(answer.text), text_of(answer.text)
        assert "Include" in answer.text  # the page of the segment, as it is now
    assert rules_of(client) == ["a", "b", "c"]


def test_a_conflict_about_a_rule_shows_both_sides(client: Client, ruled: Browser) -> None:
    (version,) = set(re.findall(r'name="version" value="(\d+)"', ruled.get(f"{BETA}/rules/1?environment=dev")))
    rule = {"conditions": [{"field": "plan", "operator": "eq", "value": EVIL}]}
    client.do("PUT", "/api/admin/segments/beta", {"rules": [rule]})
    answer = ruled.send(f"{BETA}/rules/1", environment="dev", version=version, **fields(("plan", "eq", "mine")))
    said = unescape(answer.text)
    assert answer.status_code == 409 and EVIL not in answer.text
    assert f"Rule 1 now: plan is {EVIL}" in said and "mine</textarea>" in said
    (version,) = set(re.findall(r'name="version" value="(\d+)"', answer.text))
    again = ruled.send(f"{BETA}/rules/1", environment="dev", version=version, **fields(("plan", "eq", "mine")))
    assert again.status_code == 303 and rules_of(client) == ["mine"]
