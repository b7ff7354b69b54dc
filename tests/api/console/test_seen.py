"""A form that is shown again, because something in it is wrong, still notices what others did since it was opened."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser
from tests.api.console.test_release import A_RAMP, A_STEP
from tests.api.console.test_rules import US

FLAG, SEGMENT, LAYER = "flags/checkout", "segments/beta", "layers/experiments"
QUERY = {FLAG: "?environment=dev"}
WRONG = [
    (FLAG, "edit", {"name": "x" * 1_000}),
    (FLAG, "rollout", {"share-on": "x"}),
    (FLAG, "ramp", {**A_RAMP, "from": "x"}),
    (FLAG, "schedule", {**A_STEP, "at_time": "x"}),
    (FLAG, "rules/new", {}),
    (SEGMENT, "edit", {"name": "x" * 1_000}),
    (SEGMENT, "rules/new", {}),
    (SEGMENT, "rules/new", {**{f"condition-0-{name}": text for name, text in US.items()}, "edit": "and"}),
    (LAYER, "edit", {"from": "x", "to": "5"}),
]


@pytest.fixture
def everything(client: Client) -> None:
    """A segment and a layer, beside the flag."""
    client.do("POST", "/api/admin/segments", {"key": "beta"}, 201)
    client.do("POST", "/api/admin/layers", {"key": "experiments"}, 201)


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(("of", "form", "wrong"), WRONG)
def test_the_version_that_was_seen_stays(
    client: Client, browser: Browser, of: str, form: str, wrong: dict[str, str]
) -> None:
    path = f"/console/{of}/{form}"
    opened = browser.get(f"{path}?environment=dev")
    seen = set(versions(opened))
    digests = {name: unescape(text) for name, text in re.findall(r'name="(seen)" value="([^"]*)"', opened)}
    client.do("PUT", f"/api/admin/{of}{QUERY.get(of, '')}", {"name": "Theirs"})
    assert set(versions(browser.get(f"{path}?environment=dev"))) != seen
    (version,) = seen
    answer = browser.send(path, environment="dev", version=version, **digests, **wrong)
    assert answer.status_code == (200 if "edit" in wrong else 422)
    assert version in versions(answer.text)


def versions(html: str) -> list[str]:
    """The versions that the forms of a page give."""
    return re.findall(r'name="version" value="(\d+)"', html)
