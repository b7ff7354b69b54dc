"""Everything that this directory's tests saw, held against the schemas of Interval's own browser code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.interval.conftest import Running, open_everything

NODECHECK = Path(__file__).with_name("nodecheck")


@pytest.fixture(scope="module")
def node() -> str:
    """Node, with the package that is checked against; skips without, unless FLAGSTAFF_NEEDS_NODE is set."""
    found = shutil.which("node")
    if found and (NODECHECK / "node_modules").is_dir():
        return found
    missing = "make nodecheck was not run" if found else "Node is not installed"
    assert not os.environ.get("FLAGSTAFF_NEEDS_NODE"), missing
    pytest.skip(f"the browser's schemas can't be asked: {missing}")


def refused(node: str, shown: Sequence[tuple[str, str, Any]], folder: Path) -> list[str]:
    """What the browser would not show, in its own words."""
    (folder / "shown.jsonl").write_text("\n".join(map(json.dumps, shown)))
    asked = subprocess.run(
        [node, "check.js", str(folder / "shown.jsonl")], cwd=NODECHECK, capture_output=True, text=True, timeout=120
    )
    assert asked.returncode == 0, asked.stderr
    *lines, last = asked.stdout.splitlines()
    assert int(last.removeprefix("checked ")) >= len(shown)
    return lines


def test_the_browser_takes_every_render(dash: Running, node: str, tmp_path: Path) -> None:
    """This module runs after those of the pages; run alone, it goes over all pages itself."""
    open_everything(dash)
    assert {where for where, _, _ in dash.server.renders} >= dash.server.host.pages
    assert refused(node, dash.server.renders, tmp_path) == []


def test_the_check_would_find_what_the_browser_refuses(node: str, tmp_path: Path) -> None:
    component = {"methodName": "INPUT_BOOLEAN", "label": "Enabled", "props": {"defaultValue": "True"}}
    render = {"id": "1", "inputGroupKey": "1", "kind": "RENDER", "toRender": [component]}
    (line,) = refused(node, [("here", "render", render)], tmp_path)
    assert "Expected boolean, received string" in line
