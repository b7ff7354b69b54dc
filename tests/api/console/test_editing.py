"""Creating and editing flags at the console."""

from __future__ import annotations

import json
from html import unescape
from typing import Any

import pytest

from db.administration import environments
from tests.api.conftest import Client
from tests.api.console.browser import Browser, Elements, text_of
from tests.db.helpers import ADA

NEW = "/console/new-flag"
EDIT = "/console/flags/checkout/edit"
EVIL = "</textarea><script>alert(1)</script>\"'>"


def fields_of(html: str) -> dict[str, Any]:
    """What a form would send as it stands."""
    found: dict[str, Any] = {}
    for tag, attributes in Elements(html).found:
        if tag == "input" and attributes.get("name"):
            if attributes.get("type") in ("checkbox", "radio") and "checked" not in attributes:
                continue
            found[str(attributes["name"])] = attributes.get("value") or ""
    for part in html.split("<textarea ")[1:]:
        name, text = part.split('name="', 1)[1].split('"', 1)[0], part.split(">\n", 1)[1].split("</textarea>")[0]
        found[name] = unescape(text)
    for part in html.split("<select ")[1:]:
        name, options = part.split('name="', 1)[1].split('"', 1)[0], part.split("</select>")[0]
        chosen = (
            options.split(" selected>")[0].rsplit('value="', 1)[-1].split('"')[0] if " selected>" in options else ""
        )
        found[name] = unescape(chosen)
    return {name: value for name, value in found.items() if name != "csrf"}


def edit(browser: Browser, key: str, environment: str = "dev", **typed: str) -> Any:
    """Open the form of a flag, type something, send it."""
    path = f"/console/flags/{key}/edit"
    return browser.send(path, **{**fields_of(browser.get(f"{path}?environment={environment}")), **typed})


def flag_of(client: Client, key: str, environment: str = "dev") -> Any:
    return client.do("GET", f"/api/admin/flags/{key}?environment={environment}")["flag"]


# -- creating ----------------------------------------------------------------------------------------------------------


def create(browser: Browser, **typed: str) -> Any:
    return browser.send(NEW, **{**fields_of(browser.get(f"{NEW}?environment=dev")), **typed})


def test_a_key_is_enough_for_a_boolean_flag(client: Client, browser: Browser) -> None:
    answer = create(browser, key="banner")
    assert answer.status_code == 303 and "/console/flags/banner" in answer.headers["Location"]
    made = flag_of(client, "banner")
    assert (made["type"], made["isStatic"], made["enabled"], made["defaultVariant"]) == ("BOOLEAN", False, True, "off")
    assert not flag_of(client, "banner", "prod")["enabled"]


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("boolean", {"value_boolean": "false"}, False),
        ("string", {"value": "a\r\nb "}, "a\nb "),
        ("string", {"value": ""}, ""),
        ("number", {"value": " 0.25"}, 0.25),
        ("structured", {"value": '{"a": [1, null]}'}, {"a": [1, None]}),
    ],
)
def test_static_flags_of_every_type(
    client: Client, browser: Browser, kind: str, typed: dict[str, str], value: object
) -> None:
    assert create(browser, key="limit", kind="static", type=kind, **typed).status_code == 303
    assert flag_of(client, "limit")["value"] == value


@pytest.mark.parametrize(
    ("kind", "variants", "made"),
    [
        ("string", 'a = x\r\nb = "y\\n"', {"a": "x", "b": "y\n"}),
        ("number", "few = 1\nmany = 1.5", {"few": 1, "many": 1.5}),
        ("structured", 'compact = {"columns": 2}', {"compact": {"columns": 2}}),
    ],
)
def test_dynamic_flags_of_every_type(
    client: Client, browser: Browser, kind: str, variants: str, made: dict[str, object]
) -> None:
    first = next(iter(made))
    answer = create(browser, key="plan", type=kind, variants=variants, default_variant=first)
    assert answer.status_code == 303, text_of(answer.text)
    flag = flag_of(client, "plan")
    assert (flag["variants"], flag["defaultVariant"]) == (made, first)


def test_everything_else_can_be_said_at_once(client: Client, browser: Browser) -> None:
    answer = create(
        browser,
        key="banner",
        name="Banner",
        description="For\r\neveryone",
        tags="web, ,beta",
        owner="design",
        purpose="experiment",
        expected_end="2027-01-31",
        client_side="yes",
        links="Ticket = https://example.com/1",
        metadata='squad = red\nlevel = 5\nzip = "5"',
        enabled="",
    )
    assert answer.status_code == 303, text_of(answer.text)
    made = flag_of(client, "banner")
    assert (made["name"], made["description"], made["tags"]) == ("Banner", "For\neveryone", ["web", "beta"])
    assert (made["owner"], made["purpose"], made["expectedEnd"]) == ("design", "experiment", "2027-01-31")
    assert made["metadata"] == {"squad": "red", "level": 5, "zip": "5"} and made["clientSide"] and not made["enabled"]


@pytest.mark.parametrize(
    ("typed", "status", "problem"),
    [
        ({"key": "checkout"}, 409, "checkout"),
        ({"key": "a b"}, 422, "Key must be"),
        ({"key": ""}, 422, "Key must be"),
        ({"key": "b", "type": "date"}, 422, "Choose a type."),
        ({"key": "b", "type": "number", "kind": "static", "value": "1e999"}, 422, "too large"),
        ({"key": "b", "type": "number", "kind": "static", "value": "NaN"}, 422, "NaN is not JSON"),
        ({"key": "b", "type": "structured", "kind": "static", "value": "[" * 100_000}, 422, "nested too deeply"),
        ({"key": "b", "type": "string", "kind": "static", "value": "a\0"}, 422, "NUL"),
        ({"key": "b", "type": "string", "variants": "a"}, 422, "Line 1 has no =."),
        ({"key": "b", "type": "string", "variants": "a = 1", "default_variant": "c"}, 422, "default"),
        ({"key": "b", "tags": "a/b"}, 422, "a/b"),
        ({"key": "b", "expected_end": "tomorrow"}, 422, "Expected end must be a day"),
        ({"key": "b", "purpose": "fun"}, 422, "purpose"),
        ({"key": "b", "links": "nowhere"}, 422, "Line 1 must be a title"),
        ({"key": "b", "name": "x" * 10_000}, 422, "name"),
    ],
)
def test_what_can_not_be_is_told_and_kept(
    client: Client, browser: Browser, typed: dict[str, str], status: int, problem: str
) -> None:
    answer = create(browser, **{"description": EVIL, **typed})
    assert (answer.status_code, problem in text_of(answer.text)) == (status, True), text_of(answer.text)
    assert EVIL not in answer.text and fields_of(answer.text)["description"] == EVIL
    assert [flag["key"] for flag in client.do("GET", "/api/admin/flags?environment=dev")["flags"]] == ["checkout"]


def test_fields_that_are_missing_are_empty(browser: Browser) -> None:
    assert browser.send(NEW, environment="dev").status_code == 422
    assert browser.send(NEW, environment="dev", key="banner").status_code == 422  # it says no type
    assert browser.send(NEW, environment="dev", key="banner", type="boolean").status_code == 303


def test_a_protected_environment_is_confirmed_and_a_comment_asked_for(client: Client, browser: Browser) -> None:
    environments.update("staging", comment_required=True, actor=ADA)
    answer = browser.send(NEW, environment="prod", key="banner", type="boolean")
    assert "prod is protected" in text_of(answer.text) and "asked for here" in answer.text
    sent = {"environment": "prod", "key": "banner", "type": "boolean", "confirm": "prod"}
    assert browser.send(NEW, **sent).status_code == 200
    assert browser.send(NEW, **sent, comment="because").status_code == 303
    assert client.do("GET", "/api/admin/changes?flag=banner&environment=prod")["changes"][0]["comment"] == "because"


# -- editing -----------------------------------------------------------------------------------------------------------


def test_only_what_was_changed_is_written(client: Client, browser: Browser) -> None:
    before = flag_of(client, "checkout")
    assert edit(browser, "checkout").status_code == 303
    assert flag_of(client, "checkout")["version"] == before["version"]
    assert edit(browser, "checkout", name="Checkout", default_variant="", confirm="prod").status_code == 303
    after = flag_of(client, "checkout")
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"name", "defaultVariant", "version", "revision", "updatedAt", "updatedBy", "summary"}
    assert (after["name"], after["defaultVariant"]) == ("Checkout", None)


def test_values_and_variants(client: Client, browser: Browser) -> None:
    client.create("limit", environment="dev", type="structured", isStatic=True, value={"a": 1})
    client.create("plan", environment="dev", type="string", variants={"a": "x", "b": " y\r\nz"}, defaultVariant="a")
    answer = edit(browser, "limit", value='{"b": [1, 2]}')
    assert answer.status_code == 303, text_of(answer.text)
    assert flag_of(client, "limit")["value"] == {"b": [1, 2]}
    form = fields_of(browser.get("/console/flags/plan/edit?environment=dev"))
    answer = edit(browser, "plan", variants=form["variants"] + "\nc = z", default_variant="c")
    assert answer.status_code == 303, text_of(answer.text)
    assert flag_of(client, "plan")["variants"] == {"a": "x", "b": " y\r\nz", "c": "z"}


def test_a_conflict_shows_both_sides_and_keeps_both(client: Client, browser: Browser) -> None:
    form = fields_of(browser.get(f"{EDIT}?environment=dev"))
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"name": "Theirs", "owner": "them", "comment": "why"})
    answer = browser.send(EDIT, **{**form, "name": "Mine", "description": "mine"})
    said = text_of(answer.text)
    assert answer.status_code == 409 and "Meanwhile" in said and "“why”" in said
    assert "Others made it: Theirs" in said
    again = fields_of(answer.text)
    assert (again["name"], again["description"], again["owner"]) == ("Mine", "mine", "them")
    assert browser.send(EDIT, **again).status_code == 303
    flag = flag_of(client, "checkout")
    assert (flag["name"], flag["description"], flag["owner"]) == ("Mine", "mine", "them")


def test_what_client_keys_see_changes_everywhere(client: Client, browser: Browser) -> None:
    seen = not flag_of(client, "checkout")["clientSide"]
    typed = {"client_side": "yes" if seen else ""}
    assert "prod is protected" in text_of(edit(browser, "checkout", **typed).text)
    assert edit(browser, "checkout", **typed, confirm="prod").status_code == 303
    assert flag_of(client, "checkout")["clientSide"] is seen


@pytest.mark.parametrize("seen", ["", "[]", "{}", "null", "[" * 100_000, json.dumps({"name": 1})])
def test_a_form_that_is_not_whole_is_refused(browser: Browser, seen: str) -> None:
    assert browser.send(EDIT, environment="dev", seen=seen, name="x").status_code == 400


def test_what_can_not_be_is_told(client: Client, browser: Browser) -> None:
    answer = edit(browser, "checkout", name=EVIL, metadata="a")
    assert answer.status_code == 422 and EVIL not in answer.text and "Line 1 has no =." in text_of(answer.text)
    assert edit(browser, "checkout", version="x").status_code == 303  # nothing was changed
    assert edit(browser, "checkout", version="x", name="y").status_code == 400
    assert flag_of(client, "checkout")["name"] is None
    assert browser.send("/console/flags/none/edit", environment="dev").status_code == 404


def test_what_others_need_is_no_conflict(client: Client, browser: Browser) -> None:
    client.create("plan", environment="dev", type="string", variants={"a": "1", "b": "2"}, defaultVariant="a")
    client.create("banner", environment="dev", prerequisites=[{"flag": "plan", "variants": ["b"]}])
    answer = edit(browser, "plan", variants="a = 1")
    said = text_of(answer.text)
    assert answer.status_code == 409 and "banner" in said
    assert "Others made it" not in said and "send it once more" not in said
