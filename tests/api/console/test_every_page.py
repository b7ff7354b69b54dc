"""What holds for every page and every form of the console, whatever it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser
from tests.e2e.console_pages import MADE, PAGES

SIGN_IN = ("console_sign_in.", "console_static.")
PARTS = {"key": "new-checkout", "number": "1", "key_id": "x", "rest": "nothing"}


@pytest.fixture
def filled(client: Client) -> Client:
    """What the pages show."""
    for path, body in MADE:
        client.do("POST", path, body, 201 if "/members" not in path else 200)
    return client


@pytest.fixture
def reader(filled: Client) -> Browser:
    """Somebody who may only look."""
    secret = filled.do("POST", "/api/admin/keys", {"name": "auditor", "scope": "reader"}, 201)["secret"]
    browser = Browser(filled.flask.application.test_client())
    assert browser.sign_in(key=secret).status_code == 303
    return browser


def posts(client: Client) -> Iterator[str]:
    """The path of every form that changes something, about a flag."""
    for rule in client.flask.application.url_map.iter_rules():
        is_ours = rule.endpoint.startswith("console_") and not rule.endpoint.startswith(SIGN_IN)
        if is_ours and "POST" in (rule.methods or ()):
            yield re.sub(r"<(?:\w+:)?(\w+)>", lambda found: PARTS[found[1]], rule.rule)


def page_paths(client: Client) -> list[str]:
    last = client.do("GET", "/api/admin/changes?flag=new-checkout&limit=1")["changes"][0]["id"]
    return [path.format(change=last) for path in PAGES.values()]


def test_who_only_looks_sees_every_page_and_no_form_that_changes_anything(filled: Client, reader: Browser) -> None:
    for path in page_paths(filled):
        html = reader.get(path)
        writes = re.findall(r'<form[^>]*method="post"[^>]*>', html)
        assert all("sign-out" in form for form in writes), path


def test_who_only_looks_changes_nothing(filled: Client, reader: Browser) -> None:
    revisions = filled.do("GET", "/api/admin/environments")
    for path in posts(filled):
        assert reader.post(path, {"environment": "dev"}).status_code == 403, path
    assert filled.do("GET", "/api/admin/environments") == revisions


def test_every_form_needs_the_sessions_token_and_comes_from_here(filled: Client) -> None:
    browser = Browser(filled.flask.application.test_client())
    browser.sign_in()
    revisions = filled.do("GET", "/api/admin/environments")
    paths = list(posts(filled))
    assert len(paths) > 30
    for path in paths:
        assert browser.post(path, {"environment": "dev", "csrf": "0" * 64}).status_code == 403, path
        assert (
            browser.post(path, {"environment": "dev", "csrf": browser.csrf()}, "https://evil.example").status_code
            == 403
        )
    assert filled.do("GET", "/api/admin/environments") == revisions


def test_strangers_are_led_to_sign_in(filled: Client) -> None:
    stranger = Browser(filled.flask.application.test_client())
    for path in page_paths(filled):
        answer = stranger.client.get(path)
        assert answer.status_code == 303 and "/console/sign-in?next=" in answer.headers["Location"], path


@pytest.mark.parametrize("sent", [{}, {"environment": "\0"}, {"environment": "dev", "version": "9" * 50}])
def test_forms_with_nothing_or_nonsense_are_no_failure(filled: Client, sent: dict[str, str]) -> None:
    browser = Browser(filled.flask.application.test_client())
    browser.sign_in()
    for path in posts(filled):
        answer = browser.send(path, **sent, confirm="x")
        assert answer.status_code < 500, (path, answer.text)


def test_addresses_with_nonsense_are_no_failure(filled: Client) -> None:
    browser = Browser(filled.flask.application.test_client())
    browser.sign_in()
    for path in page_paths(filled):
        bare = path.partition("?")[0]
        for query in (
            "environment=nowhere",
            "environment=%00",
            "environment=dev&page=x&after=%00&search=%ff&to=%00&needed=%00",
        ):
            assert browser.client.get(f"{bare}?{query}").status_code < 500, (bare, query)
