"""Every page of the console, in every width and both colour schemes; FLAGSTAFF_PICTURES names a folder for pictures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.console_pages import addresses, needs_time, signed_in
from tests.openfeature.javascript import needs_chromium
from tests.processes import ROOT, Server

pytestmark = [needs_chromium, needs_time]

PICTURES = os.environ.get("FLAGSTAFF_PICTURES", "")
SHIFTED = """() => new Promise((done) => {
    new PerformanceObserver((seen) => done(seen.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(0), 100);
})"""


@pytest.mark.parametrize("width", [360, 1024, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_stay_where_they_are(filled: Server, chromium: Browser, width: int, scheme: str) -> None:
    problems: list[str] = []
    page = signed_in(filled, chromium, problems, width, scheme)
    for name, path in addresses(filled).items():
        answer = page.goto(path)
        assert answer and answer.status == 200, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(SHIFTED) < 0.02, path
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{scheme}.png", full_page=width < 1920)
    assert problems == []


@pytest.mark.skipif(not os.environ.get("FLAGSTAFF_DOCS_PICTURES"), reason="make pictures makes these")
def test_pictures_of_the_docs(filled: Server, chromium: Browser) -> None:
    page = signed_in(filled, chromium, [], 1200)
    for name in ("flags", "flag", "rule", "explain"):
        page.goto(addresses(filled)[name])
        page.wait_for_load_state("load")
        page.screenshot(path=ROOT / "docs/pictures" / f"console-{name}.png")
