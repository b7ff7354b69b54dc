"""The page for developers names files that are there, and every room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "development.md").read_text()
OURS = ("api", "benchmarks", "cli", "db", "docs", "infra", "interval_app", "sdk", "tests")
NAMED = sorted(set(re.findall(rf"(?<![\w/.])(?:{'|'.join(OURS)})/[\w./-]*\w", PAGE)))
ROOMS = sorted(
    str(file.parent.relative_to(ROOT))
    for package in ("sdk/src/flagstaff", "db", "api", "interval_app")
    for file in (ROOT / package).rglob("__init__.py")
)
PARTS = ("sdk/src/flagstaff/engine/compiler", "api/reference/openapi", "db/migrations")
"""Rooms that the page tells of with the one around them."""


@pytest.mark.parametrize("path", NAMED)
def test_what_the_page_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_the_map(room: str) -> None:
    assert f"`{room}`" in PAGE or room.startswith((*PARTS, "interval_app/pages/")) or room == "interval_app"
