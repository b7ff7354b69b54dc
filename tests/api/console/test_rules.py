"""Rules at the console, without script."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from api.console import condition_form
from flagstaff.targeting.operators import OPERATORS, Input
from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of

RULES = "/console/flags/checkout/rules"
EVIL = "<script>alert(1)</script>\"'>"
US = {"field": "country", "operator": "eq", "value": "US"}
EXAMPLES = {
    Input.SCALAR: ("gold", "text", "gold"),
    Input.LIST: ("a, b\nc", "text", ["a", "b", "c"]),
    Input.TEXT: ("abc", "text", "abc"),
    Input.NUMBER: ("18.5", "text", 18.5),
    Input.VERSION: ("1.4.0", "text", "1.4.0"),
    Input.TIME: ("2026-01-31T09:00:00Z", "text", "2026-01-31T09:00:00Z"),
    Input.NOTHING: ("", "text", None),
    Input.SEGMENTS: ("beta", "text", ["beta"]),
}


def fields(*conditions: tuple[str, ...], serves: str = "=on", **more: str) -> dict[str, str]:
    """A form with conditions: field, operator, value, and perhaps kind and how it is joined."""
    found = {"name": "", "serves": serves, **more}
    for number, (field, operator, value, *rest) in enumerate(conditions):
        kind, joined = (*rest, *("text", "and")[len(rest) :])
        row = {"field": field, "operator": operator, "value": value, "kind": kind, "joined": joined}
        found |= {f"condition-{number}-{name}": text for name, text in row.items()}
    return found


def rules_of(client: Client) -> Any:
    return client.do("GET", "/api/admin/flags/checkout?environment=dev")["flag"]["rules"]


def send(browser: Browser, path: str, sent: dict[str, str]) -> Any:
    return browser.send(f"{RULES}/{path}", environment="dev", **sent)


def preview(browser: Browser, sent: dict[str, str]) -> str:
    answer = browser.client.get(f"{RULES}/preview?{urlencode({'environment': 'dev', **sent})}")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    return answer.text


@pytest.mark.parametrize("operator", list(OPERATORS))
def test_every_operator_makes_a_round_trip(client: Client, browser: Browser, operator: str) -> None:
    client.do("POST", "/api/admin/segments", {"key": "beta"}, 201)
    value, kind, expected = EXAMPLES[OPERATORS[operator].input]
    field = "" if OPERATORS[operator].input is Input.SEGMENTS else "field"
    answer = send(browser, "new", fields((field, operator, value, kind)))
    assert answer.status_code == 303, text_of(answer.text)
    ((condition,),) = [rule["conditions"] for rule in rules_of(client)]
    assert (condition["operator"], condition.get("value")) == (operator, expected)
    before = rules_of(client)
    form = browser.get(f"{RULES}/1?environment=dev")
    sent = {name: unescape(text) for name, text in re.findall(r'name="(condition-\d+-\w+)" value="([^"]*)"', form)}
    for part in re.findall(r'<(?:select|textarea) name="condition-.*?</(?:select|textarea)>', form, re.DOTALL):
        name = part.split('"')[1]
        sent[name] = unescape(
            part.split(">\n", 1)[1].split("</")[0]
            if part.startswith("<textarea")
            else part.split(" selected>")[0].rsplit('value="', 1)[1].split('"')[0]
        )
    assert send(browser, "1", {"name": "", "serves": "=on", **sent}).status_code == 303
    assert rules_of(client) == before


def test_kinds_of_values(client: Client, browser: Browser) -> None:
    sent = fields(("age", "eq", "18", "number"), ("beta", "eq", "TRUE", "true or false"), ("n", "in", "1\n2", "number"))
    assert send(browser, "new", sent).status_code == 303
    assert [condition["value"] for condition in rules_of(client)[0]["conditions"]] == [18, True, [1, 2]]


def test_groups_of_alternatives(client: Client, browser: Browser) -> None:
    sent = fields(("country", "eq", "US"), ("country", "eq", "CA", "text", "or"), ("age", "gte", "18"), name="adults")
    assert preview(browser, sent) == "adults: (country is US or country is CA) and age is at least 18 → on"
    assert send(browser, "new", sent).status_code == 303
    (rule,) = rules_of(client)
    assert rule["name"] == "adults" and len(rule["conditions"]) == 2 and len(rule["conditions"][0]["any"]) == 2
    form = browser.get(f"{RULES}/1?environment=dev")
    assert form.count('value="or" selected') == 1


def test_rows_come_and_go_by_buttons(client: Client, browser: Browser) -> None:
    sent = fields(("country", "eq", "US"), ("plan", "eq", EVIL))
    for edit, rows in (("and", 3), ("or", 3), ("remove-0", 1), ("remove-9", 2), ("remove-x", 2), ("else", 2)):
        answer = send(browser, "new", {**sent, "edit": edit})
        assert (answer.status_code, answer.text.count("<legend>Condition ")) == (200, rows), edit
        assert EVIL not in answer.text and EVIL in unescape(answer.text)
    assert 'value="US"' not in send(browser, "new", {**sent, "edit": "remove-0"}).text
    assert rules_of(client) == []


def test_a_rule_serves_a_split(client: Client, browser: Browser) -> None:
    shares = {"share-on": "12.5", "share-off": "87.5", "split_by": "organisation.id"}
    assert send(browser, "new", fields(("country", "eq", "US"), serves="split", **shares)).status_code == 303
    (rule,) = rules_of(client)
    assert (rule["split"][0]["weight"], rule["splitBy"]) == (12.5, "organisation.id")
    form = browser.get(f"{RULES}/1?environment=dev")
    assert 'name="share-on" value="12.5"' in form and 'value="split" selected' in form


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (fields(), "Condition 1:"),
        (fields(("", "eq", "US")), "Condition 1:"),
        (fields(("a", "eq", "x"), ("a", "gte", "x")), "Condition 2: 'x' is not a number."),
        (fields(("a", "is", "x")), "Condition 1: choose a comparison."),
        (fields(("a", "exists", "x")), "takes no value"),
        (fields(("a", "eq", "yes", "true or false")), "write true or false"),
        (fields(("a", "gte", "1e999")), "is not a number"),
        (fields(("a", "eq", "a\0b")), "NUL"),
        (fields(("a", "eq", "x"), serves=""), "Choose what the rule serves."),
        (fields(("a", "eq", "x"), serves="=none"), "variant"),
        (fields(("a", "eq", "x"), serves="split"), "all of them are 0"),
        (fields(("", "in_segment", "none-there")), "none-there"),
        (fields(("a", "eq", "x" * 3000)), "1024"),
    ],
)
def test_what_can_be_no_rule_is_told_and_kept(
    client: Client, browser: Browser, sent: dict[str, str], problem: str
) -> None:
    answer = send(browser, "new", {**sent, "name": EVIL})
    assert answer.status_code == 422 and problem in text_of(answer.text), text_of(answer.text)
    assert EVIL not in answer.text and EVIL in unescape(answer.text)
    assert rules_of(client) == []


def test_rules_are_changed_moved_and_removed(client: Client, browser: Browser) -> None:
    for country in ("US", "CA", "DE"):
        assert send(browser, "new", fields(("country", "eq", country))).status_code == 303
    assert send(browser, "2", fields(("country", "eq", "MX"), serves="=off")).status_code == 303
    countries = lambda: [rule["conditions"][0]["value"] for rule in rules_of(client)]  # noqa: E731
    assert countries() == ["US", "MX", "DE"]
    assert send(browser, "3/move", {"to": "1"}).status_code == 303
    assert countries() == ["DE", "US", "MX"]
    assert send(browser, "1/move", {"to": "2"}).status_code == 303
    assert countries() == ["US", "DE", "MX"]
    assert send(browser, "2/remove", {}).status_code == 303
    assert countries() == ["US", "MX"]
    for path, sent, status in (
        ("3/remove", {}, 404),
        ("new/remove", {}, 404),
        ("0/move", {"to": "1"}, 404),
        ("1/move", {"to": "3"}, 400),
        ("1/move", {"to": "-1"}, 400),
        ("1/move", {}, 400),
    ):
        assert send(browser, path, sent).status_code == status, path
    assert countries() == ["US", "MX"]
    browser.get(f"{RULES}/9?environment=dev", 404)
    browser.get(f"{RULES}/x?environment=dev", 404)


def test_a_conflict_shows_both_sides(client: Client, browser: Browser) -> None:
    send(browser, "new", fields(("country", "eq", "US")))
    version = str(client.do("GET", "/api/admin/flags/checkout?environment=dev")["flag"]["version"])
    theirs = {"rules": [{"conditions": [{"field": "plan", "operator": "eq", "value": "gold"}], "variant": "off"}]}
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", theirs)
    mine = fields(("country", "eq", "MX"), version=version)
    answer = send(browser, "1", mine)
    said = text_of(answer.text)
    assert answer.status_code == 409 and "Meanwhile" in said and "Rule 1 now: plan is gold → off" in said
    assert "MX" in answer.text
    (now,) = set(re.findall(r'name="version" value="(\d+)"', answer.text))
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"rules": []})
    answer = send(browser, "1", {**mine, "version": now})
    assert answer.status_code == 409 and "gone meanwhile" in answer.text and "MX" in answer.text
    assert "/rules/new" in answer.text
    for path in ("1/remove", "1/move"):
        client.do("PUT", "/api/admin/flags/checkout?environment=dev", theirs)
        assert send(browser, path, {"to": "1", "version": now}).status_code == 409


@pytest.mark.parametrize("first", [{"edit": "and"}, {"edit": "preview"}, {"condition-0-field": ""}])
def test_a_form_that_is_shown_again_is_still_about_what_was_seen(
    client: Client, browser: Browser, first: dict[str, str]
) -> None:
    send(browser, "new", fields(("country", "eq", "US")))
    version = str(client.do("GET", "/api/admin/flags/checkout?environment=dev")["flag"]["version"])
    theirs = {"rules": [{"conditions": [{"field": "plan", "operator": "eq", "value": "gold"}], "variant": "off"}]}
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", theirs)
    mine = fields(("country", "eq", "MX"), version=version)
    again = send(browser, "1", {**mine, **first}).text
    (shown,) = set(re.findall(r'name="version" value="(\d+)"', again))
    assert send(browser, "1", {**mine, "version": shown}).status_code == 409
    assert rules_of(client)[0]["conditions"][0]["value"] == "gold"


def test_a_preview_needs_no_script(client: Client, browser: Browser) -> None:
    answer = send(browser, "new", {**fields(("country", "eq", EVIL), name=EVIL), "edit": "preview"})
    assert answer.status_code == 200 and EVIL not in answer.text
    (said,) = re.findall(r"data-previewed[^>]*>([^<]*)<", answer.text)
    assert unescape(said) == f"{EVIL}: country is {EVIL} → on"
    wrong = send(browser, "new", {**fields(("", "eq", "US")), "edit": "preview"})
    assert wrong.status_code == 200 and "data-previewed" in wrong.text and "Condition 1:" in text_of(wrong.text)
    assert rules_of(client) == []


def test_a_protected_environment_is_told_the_rule(client: Client, browser: Browser) -> None:
    sent = {"environment": "prod", **fields(("country", "eq", "US"))}
    said = text_of(browser.send(f"{RULES}/new", **sent).text)
    assert "A rule more of checkout in prod: country is US → on." in said
    assert browser.send(f"{RULES}/new", **sent, confirm="prod").status_code == 303


def test_a_static_flag_has_no_rules(client: Client, browser: Browser) -> None:
    client.create("limit", environment="dev", type="number", isStatic=True, value=10)
    browser.get("/console/flags/limit/rules/new?environment=dev", 422)
    browser.get("/console/flags/limit/rules/preview?environment=dev", 422)


def test_many_rows_are_read(browser: Browser) -> None:
    rows = [("country", "eq", str(number)) for number in range(100)]
    assert preview(browser, fields(*rows)).count(" and ") == 99
    assert condition_form.MAX_ROWS >= 100
