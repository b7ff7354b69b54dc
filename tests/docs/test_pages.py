"""The tables of the guide pages, held to the code; and no page links to what is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.access.auth import Keys
from api.app import create_app
from api.memory.follower import DefinitionsFollower
from api.services import Services
from db.settings import Settings
from flagstaff.targeting.operators import OPERATORS
from tests.processes import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "sdk" / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def rows(page: str, first: str) -> list[list[str]]:
    """The rows of the table whose header begins with this cell."""
    lines = (ROOT / "docs" / page).read_text().split(f"\n| {first} |", 1)[1].splitlines()[2:]
    table = lines[: next((number for number, line in enumerate(lines) if not line.startswith("|")), len(lines))]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table]


def test_the_settings_table_has_every_setting_and_no_other() -> None:
    read = re.findall(r'read\("([A-Z0-9_]+)"', (ROOT / "db" / "settings.py").read_text())
    assert [name for name, *_ in rows("configuration.md", "variable")] == read


def test_the_settings_table_has_the_defaults() -> None:
    shown = {name: default for name, default, _ in rows("configuration.md", "variable") if default != "none"}
    assert Settings.from_env(shown) == Settings.from_env({})
    others = {"127.0.0.1": "::1", "prod": "dev", "key": "open", "v2": "v3", "admin": "member"}
    others |= {"off": "on", "flagstaff_session": "other", "password": "iam", "local": "x", "rsgi": "wsgi"}
    others |= {"marked": "all", "server": "client"}
    small = ("FLAGSTAFF_THREADS", "FLAGSTAFF_WORKERS", "FLAGSTAFF_TRUSTED_PROXIES")
    for name, default in shown.items():
        changed = "3" if name in small else others.get(default) or str(int(default) + 2000)
        needed = {"AWS_REGION": "eu-central-1"}  # by some settings
        assert Settings.from_env({name: changed, **needed}) != Settings.from_env(needed), f"{name} is not read"


def test_the_operator_table_has_every_operator_in_its_own_words() -> None:
    shown = [(name, words) for name, words, _ in rows("concepts.md", "operator")]
    assert shown == [(operator.name, operator.words) for operator in OPERATORS.values()]
    assert f"[{len(OPERATORS)} operators]" in (ROOT / "README.md").read_text()


def test_the_api_page_has_every_route_and_no_other() -> None:
    keys = Keys()
    follower = DefinitionsFollower("postgresql://nobody@127.0.0.1:1/none", keys, bucketing="v2", refresh_seconds=5)
    services = Services(Settings(), keys, follower, follower.engines)
    served = {
        f"{method} {rule.rule.replace('<rest:user_id>', '<user_id>')}"
        for rule in create_app(services).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/console")
    }
    shown = re.findall(
        r"^\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)` \|", (ROOT / "docs/api.md").read_text(), re.MULTILINE
    )
    assert sorted(shown) == sorted(served)


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text()))
    assert listed == {page.name for page in folder.glob("*.md")} - {"README.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path) if path else page
        assert linked.exists(), f"{target} is not there"
        if anchor:
            anchors = {
                re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
                for heading in HEADING.findall(linked.read_text())
            }
            assert anchor in anchors, f"{target} has no such heading"
