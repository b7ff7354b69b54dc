"""Every page of the console, in every width and both colour schemes; FLAGSTAFF_PICTURES names a folder for pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.console_pages import PAGES, fill
from tests.openfeature.javascript import CHROMIUM, QUIET, needs_chromium
from tests.processes import Server, free_port, running

pytestmark = needs_chromium

PICTURES = os.environ.get("FLAGSTAFF_PICTURES", "")
SHIFTED = """() => new Promise((done) => {
    new PerformanceObserver((seen) => done(seen.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(0), 100);
})"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@pytest.fixture
def server(database: None, database_url: str) -> Iterator[Server]:
    port = free_port()
    with running("api", "dev", port=port, env={"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url}) as found:
        found.wait_until_it_answers("/ready")
        fill(found)
        yield found


@pytest.mark.parametrize("width", [360, 1024, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_stay_where_they_are(server: Server, chromium: Browser, width: int, scheme: str) -> None:
    page = signed_in(server, chromium, width, scheme)
    for name, path in PAGES.items():
        answer = page.goto(url_of(server) + path)
        assert answer and answer.status == 200, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(SHIFTED) < 0.02, path
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{scheme}.png", full_page=width < 1920)


def signed_in(server: Server, chromium: Browser, width: int, scheme: str) -> Page:
    """A page of somebody who is signed in; what goes wrong in it is an error of the test."""
    page = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
    page.on("console", lambda said: pytest.fail(said.text) if said.type == "error" else None)
    page.goto(url_of(server) + "/console")
    page.get_by_role("button", name="Open the console").click()
    page.wait_for_url("**/console/flags**")
    return page


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"
