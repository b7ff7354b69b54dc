"""The code that a flag's page has is run as it stands, for a flag of every type."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_openfeature_languages import needs, run, run_java
from tests.docs.test_openfeature_page import PAGE
from tests.e2e.console_pages import ADMIN, needs_time, url_of
from tests.openfeature.javascript import needs_node, run_node
from tests.processes import Server

pytestmark = needs_time

TYPES: dict[str, tuple[str, Any]] = {
    "boolean": ("boolean", True),
    "string": ("string", "gold"),
    "whole": ("number", 42),
    "fraction": ("number", 0.25),
    "structured": ("structured", {"columns": 2}),
}


@pytest.fixture
def page(filled: Server) -> Any:
    """Gives the snippets of a flag's page, by language."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    origin = url_of(filled)
    opener.open(urllib.request.Request(f"{origin}/console/sign-in/local", b"name=Ada", {"Origin": origin})).close()

    def snippets(key: str) -> dict[str, str]:
        html = opener.open(f"{origin}/console/flags/{key}?environment=prod").read().decode()
        found = re.findall(r'<pre id="snippet-\d+"[^>]*aria-label="(\w+)">(.*?)</pre>', html, re.DOTALL)
        return {language: unescape(code).replace("YOUR-KEY", "sdk-secret-key") for language, code in found}

    return snippets


@pytest.fixture(params=TYPES)
def flag(filled: Server, request: pytest.FixtureRequest) -> tuple[str, Any]:
    """A flag of each type in the default environment, and its value."""
    kind, value = TYPES[request.param]
    body = {"key": f"of-{request.param}", "type": kind, "isStatic": True, "value": value, "enabled": True}
    answer = filled.request("POST", "/api/admin/flags?environment=prod", body, ADMIN)
    assert answer.status == 201, answer.body
    return f"of-{request.param}", value


def test_curl_and_python(page: Any, flag: tuple[str, Any], tmp_path: Path) -> None:
    key, value = flag
    said = subprocess.run(["sh", "-c", page(key)["curl"]], capture_output=True, text=True, timeout=60)
    assert json.loads(said.stdout)["value"] == value, said
    path = tmp_path / "snippet.py"
    path.write_text(page(key)["Python"])
    said = subprocess.run([sys.executable, "-W", "ignore", str(path)], capture_output=True, text=True, timeout=60)
    assert said.stdout == f"{value}\n", said.stderr


@needs_node
def test_javascript(page: Any, flag: tuple[str, Any]) -> None:
    key, value = flag
    said = run_node(page(key)["JavaScript"])
    assert said.strip() == {"of-boolean": "true", "of-structured": "{ columns: 2 }"}.get(key, str(value))


@pytest.mark.skipif(not os.environ.get("FLAGSTAFF_SNIPPETS"), reason="make snippets runs these")
def test_go(page: Any, flag: tuple[str, Any], tmp_path: Path) -> None:
    needs("go", "Go")
    key, value = flag
    (tmp_path / "main.go").write_text(page(key)["Go"])
    run(tmp_path, "go", "mod", "init", "shop")
    (get,) = re.findall(r"`(go get [^`]*)`", PAGE)
    run(tmp_path, *get.split())
    said = run(tmp_path, "go", "run", ".")
    assert said.strip() == {"of-boolean": "true", "of-structured": "map[columns:2]"}.get(key, str(value))


@pytest.mark.skipif(not os.environ.get("FLAGSTAFF_SNIPPETS"), reason="make snippets runs these")
def test_java(page: Any, flag: tuple[str, Any], tmp_path: Path) -> None:
    needs("mvn", "Maven")
    key, value = flag
    source = tmp_path / "src/main/java/Shop.java"
    source.parent.mkdir(parents=True)
    source.write_text(page(key)["Java"])
    said = run_java(tmp_path)
    assert ("mutablestructure" if key == "of-structured" else str(value).lower()) in said.lower()
