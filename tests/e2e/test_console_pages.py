"""Every page of the console, in every width and both colour schemes; FLAGSTAFF_PICTURES names a folder for pictures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.console_pages import PAGES, signed_in, url_of
from tests.openfeature.javascript import needs_chromium
from tests.processes import Server

pytestmark = needs_chromium

PICTURES = os.environ.get("FLAGSTAFF_PICTURES", "")
SHIFTED = """() => new Promise((done) => {
    new PerformanceObserver((seen) => done(seen.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(0), 100);
})"""


@pytest.mark.parametrize("width", [360, 1024, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_stay_where_they_are(filled: Server, chromium: Browser, width: int, scheme: str) -> None:
    page = signed_in(filled, chromium, width, scheme)
    for name, path in PAGES.items():
        answer = page.goto(url_of(filled) + path)
        assert answer and answer.status == 200, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(SHIFTED) < 0.02, path
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{scheme}.png", full_page=width < 1920)
