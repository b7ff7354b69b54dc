"""What the two distributions say of themselves."""

from __future__ import annotations

import re
import tomllib

import flagstaff
from tests.processes import ROOT

SERVICE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SDK = tomllib.loads((ROOT / "sdk/pyproject.toml").read_text())["project"]


def test_there_is_one_version() -> None:
    assert SERVICE["version"] == flagstaff.__version__
    assert f"flagstaff=={flagstaff.__version__}" in SERVICE["dependencies"]


def test_the_oldest_openfeature_sdk_that_is_allowed_is_tested() -> None:
    """The pinned one is the newest; where it is another than the oldest, tests have to run with both."""
    (oldest,) = (name.removeprefix("openfeature-sdk>=") for name in SDK["dependencies"] if "openfeature-sdk" in name)
    (pinned,) = re.findall(r"^openfeature-sdk==(\S+)", (ROOT / "requirements/dev.txt").read_text(), re.M)
    assert pinned == f"{oldest}.0"


def test_the_dashboards_extra_is_the_release_that_it_patches() -> None:
    (pinned,) = re.findall(r"^interval-sdk==(\S+)", (ROOT / "requirements/run.txt").read_text(), re.M)
    assert SERVICE["optional-dependencies"]["interval"] == [f"interval-sdk=={pinned}"]
