"""Explaining at the console, and code to copy."""

from __future__ import annotations

import json
from html import unescape
from urllib.parse import urlencode

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of

EVIL = "<script>alert(1)</script>"
US = {"conditions": [{"field": "country", "operator": "eq", "value": "US"}], "variant": "on"}


def explained(browser: Browser, status: int = 200, **asked: str) -> str:
    query = urlencode({"environment": "dev", "type": "user", **asked})
    return text_of(browser.get(f"/console/flags/checkout/explain?{query}", status))


@pytest.fixture
def checkout(client: Client, browser: Browser) -> None:
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"rules": [US], "rollout": None})


def test_it_asks_for_whom_at_first(browser: Browser, checkout: None) -> None:
    assert "Say for whom checkout is evaluated in dev" in text_of(
        browser.get("/console/flags/checkout/explain?environment=dev")
    )


def test_every_step_is_told(browser: Browser, checkout: None) -> None:
    said = explained(browser, id="john", attributes='{"country": "US"}')
    assert "checkout serves true (on)" in said and "TARGETING_MATCH" in said
    assert "✓ holds: country is US" in said
    said = explained(browser, id="john", attributes='{"country": "DE"}')
    assert "checkout serves false (off)" in said and "✗ fails: country is US" in said


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"attributes": "{"}, "This is not JSON"),
        ({"attributes": "[1]"}, "The attributes must be a JSON object."),
        ({"attributes": '{"a": NaN}'}, "NaN is not JSON."),
        ({"attributes": "[" * 100_000}, "This is nested too deeply."),
        ({"id": "john", "type": "a b"}, "The type must be 1 to 64 letters"),
        ({"id": "a\0b"}, "The id must not contain NUL"),
    ],
)
def test_what_can_not_be_is_told(browser: Browser, checkout: None, asked: dict[str, str], problem: str) -> None:
    assert problem in explained(browser, 422, **asked)


def test_what_was_typed_is_shown_as_text(browser: Browser, checkout: None) -> None:
    query = urlencode({"environment": "dev", "type": "user", "id": EVIL, "attributes": json.dumps({"country": EVIL})})
    html = browser.get(f"/console/flags/checkout/explain?{query}")
    assert EVIL not in html and EVIL in unescape(html)


@pytest.mark.parametrize(
    ("kind", "value", "getter"),
    [
        ("boolean", True, 'get_boolean_value("limit", False'),
        ("string", "a", 'get_string_value("limit", ""'),
        ("number", 10, 'get_integer_value("limit", 0'),
        ("number", 0.5, 'get_float_value("limit", 0.0'),
        ("structured", {"a": 1}, 'get_object_value("limit", {}'),
    ],
)
def test_code_asks_for_the_flags_type(client: Client, browser: Browser, kind: str, value: object, getter: str) -> None:
    client.create("limit", environment="dev", type=kind, isStatic=True, value=value)
    html = unescape(browser.get("/console/flags/limit?environment=dev"))
    assert getter in html
    for language in (
        "curl http://localhost/feature-flag/evaluate",
        "OFREPProvider({",
        "ofrep.NewProvider(",
        "OfrepProviderOptions",
    ):
        assert language in html
