"""axe-core, which holds pages against WCAG, finds nothing serious or critical on any page of the console."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.console_pages import PAGES, Scheme, addresses, needs_time, signed_in, url_of
from tests.environments import environment
from tests.openfeature.javascript import needs_chromium, needs_node
from tests.processes import Server

pytestmark = [needs_chromium, needs_node, needs_time]

SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def axe(node: None) -> str:
    """axe-core's script."""
    return (environment("node") / "node_modules/axe-core/axe.min.js").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_barriers(filled: Server, chromium: Browser, axe: str, scheme: Scheme) -> None:
    page = signed_in(filled, chromium, [], scheme=scheme)
    found = []
    for path in addresses(filled).values():
        page.goto(path)
        found += [f"{path}: {problem}" for problem in barriers(page, axe)]
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_has_no_barriers(filled: Server, chromium: Browser, axe: str, scheme: Scheme) -> None:
    page = chromium.new_context(color_scheme=scheme).new_page()
    page.goto(url_of(filled) + "/console/sign-in")
    assert barriers(page, axe) == []


def test_asking_to_confirm_has_no_barriers(filled: Server, chromium: Browser, axe: str) -> None:
    page = signed_in(filled, chromium, [])
    page.goto(url_of(filled) + PAGES["flag-protected"])
    page.get_by_role("switch").first.click()
    page.get_by_label("prod is protected").wait_for()
    assert barriers(page, axe) == []


def barriers(page: Page, axe: str) -> list[str]:
    """What axe-core finds that is serious or critical, with all that is folded unfolded."""
    page.evaluate("for (const one of document.querySelectorAll('details:not(.menu)')) one.open = true")
    page.evaluate(axe)
    found: dict[str, list[dict[str, Any]]] = page.evaluate("axe.run()")
    assert found["passes"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} ({one['nodes'][0]['failureSummary']})"
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]
