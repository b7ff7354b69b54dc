"""Each Python and JavaScript snippet of docs/openfeature.md is run against a real server, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from db.configuration.edits import Members, NewFlag
from db.flags import flags
from tests.db.helpers import ADA
from tests.openfeature.conftest import Place, place
from tests.openfeature.javascript import browser, bundled, needs_chromium, needs_node, run_node, script
from tests.processes import ROOT, free_port, running

__all__ = ["place"]

PAGE = (ROOT / "docs/openfeature.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
JAVASCRIPT = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
FETCH = "curl -H 'X-API-Key: sdk-secret-key' -o prod.json http://localhost:8080/api/client/definitions"


@pytest.fixture
def checkout(place: Place) -> Place:
    allowed = [Members("user", ["john"], variant="on")]
    flags.create(NewFlag("new-checkout", client_side=True, members=allowed, default_variant="off"), "prod", actor=ADA)
    place.refresh_if_behind()
    return place


def at(place: Place, text: str) -> str:
    """A snippet with this server's address and keys."""
    known = {
        "http://localhost:8080": place.url,
        "sdk-secret-key": place.server_key,
        "client-key": place.client_key,
    }
    for name, value in known.items():
        text = text.replace(name, value)
    return text


def snippet(having: str, snippets: list[str] = PYTHON) -> str:
    (found,) = [text for text in snippets if having in text]
    return found


def run(text: str, folder: Path, *arguments: str) -> str:
    path = folder / "test_snippet.py"
    path.write_text(text)
    command = [sys.executable, *(arguments or ("-W", "ignore")), str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=environment(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(folder: Path) -> dict[str, Any]:
    return {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}


def test_every_snippet_is_tested_here() -> None:
    assert (len(PYTHON), len(JAVASCRIPT)) == (6, 2)


def test_our_provider(checkout: Place, tmp_path: Path) -> None:
    assert run(at(checkout, snippet("the new checkout")), tmp_path) == "the new checkout\n"
    assert list((tmp_path / "cache/flagstaff").iterdir())


def test_events(checkout: Place, tmp_path: Path) -> None:
    path = tmp_path / "snippet.py"
    path.write_text(at(checkout, snippet("def changed")))
    command = [sys.executable, "-u", str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(tmp_path)
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline().startswith("Switch the flag off")
        flags.set_enabled("new-checkout", "prod", False, actor=ADA)
        assert process.stdout.readline() == "changed: ['new-checkout']\n"
        process.communicate("\n", timeout=60)


def test_a_file(checkout: Place, tmp_path: Path) -> None:
    assert FETCH in PAGE
    subprocess.run(["sh", "-c", at(checkout, FETCH) + " -s"], cwd=tmp_path, check=True, timeout=60)
    assert run(snippet("FileProvider("), tmp_path) == "False\n"
    assert run(snippet("FlagdProvider("), tmp_path) == "True\n"


def test_the_fixture(tmp_path: Path) -> None:
    assert "1 passed" in run(snippet("flagstaff_flags"), tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_ofrep_in_python(checkout: Place, tmp_path: Path) -> None:
    assert run(at(checkout, snippet("OFREPProvider(")), tmp_path) == "True\n"


@needs_node
@pytest.mark.parametrize("package", ["server-sdk", "web-sdk"])
def test_the_javascript_is_typescript_too(package: str) -> None:
    with script(snippet(package, JAVASCRIPT), "mts") as path:
        strict = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--skipLibCheck"]
        done = subprocess.run(["npx", "tsc", *strict, path.name], cwd=path.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@needs_node
def test_ofrep_on_a_server(checkout: Place) -> None:
    assert run_node(at(checkout, snippet("server-sdk", JAVASCRIPT))) == "true\n"


@needs_node
@needs_chromium
def test_ofrep_in_a_browser(checkout: Place, database_url: str) -> None:
    """On a page of another origin, as nearly every page is."""
    origin, port = checkout.url, free_port()
    settings = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, "FLAGSTAFF_CORS_ORIGINS": origin}
    with running("api", port=port, env=settings) as server:
        server.wait_until_it_answers("/ready")
        code = bundled(at(checkout._replace(server=server), snippet("web-sdk", JAVASCRIPT)))
        with browser(origin + "/health") as page:
            with page.expect_console_message(lambda message: message.type == "log") as said:
                page.add_script_tag(content=code, type="module")
            assert said.value.text == "true"
