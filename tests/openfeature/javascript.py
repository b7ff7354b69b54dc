"""Running JavaScript: under Node, and in a headless Chromium, where there are any."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.environments import environment

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_node = pytest.mark.usefixtures("node")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")


@contextmanager
def script(text: str, suffix: str = "mjs") -> Iterator[Path]:
    """A module in a place from which it finds the clients."""
    path = environment("node") / f"{uuid.uuid4()}.{suffix}"
    path.write_text(text)
    try:
        yield path
    finally:
        path.unlink()


def run_node(text: str) -> str:
    """What a module prints."""
    with script(text) as path:
        done = subprocess.run(["node", str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bundled(text: str) -> str:
    """A module and what it imports, for a browser."""
    with script(text) as path:
        command = [
            str(environment("node") / "node_modules/.bin/esbuild"),
            str(path),
            "--bundle",
            "--format=esm",
            "--log-level=error",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def browser(url: str) -> Iterator[Page]:
    """A page of the server itself, so that what runs in it may ask the server."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            page = chromium.new_page()
            page.goto(url)
            yield page
        finally:
            chromium.close()
