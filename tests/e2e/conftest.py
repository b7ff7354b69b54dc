"""Browsers, and a console to open in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.console_pages import fill
from tests.openfeature.javascript import CHROMIUM, QUIET
from tests.processes import Server, free_port, running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@pytest.fixture
def filled(database: None, database_url: str) -> Iterator[Server]:
    """A server as `make run` starts it, with flags, segments and layers that fill every page of the console."""
    port = free_port()
    with running("api", "dev", port=port, env={"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url}) as found:
        found.wait_until_it_answers("/ready")
        fill(found)
        yield found
