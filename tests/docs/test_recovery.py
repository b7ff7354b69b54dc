"""The recovery page names commands and routes that there are, and every failure leads to what to do."""

from __future__ import annotations

import re

from tests.processes import ROOT

PAGE = (ROOT / "docs" / "recovery.md").read_text()
FAILURES = PAGE.partition("## What fails")[2].partition("\n## ")[0]


def test_its_commands_are_targets_of_the_makefile() -> None:
    lines = re.findall(r"^([a-z][a-z -]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {name for line in lines for name in line.split()}
    named = set(re.findall(r"\bmake ([a-z-]+) STAGE", PAGE.replace("\n", " ")))
    assert named == {"deploy", "outputs", "publish", "restore"}
    assert named <= targets


def test_its_routes_are_those_of_the_api() -> None:
    routes = set(re.findall(r"`([A-Z]+ /[^` ?]+)", (ROOT / "docs" / "api.md").read_text()))
    named = {re.sub(r"\s+", " ", one) for one in re.findall(r"`((?:GET|POST|PUT|DELETE)\s+/[^` ?]+)", PAGE)}
    assert len(named) > 7
    assert named - routes == set()


def test_every_failure_says_what_is_lost_and_what_to_do() -> None:
    rows = [line.strip("| ").split(" | ") for line in FAILURES.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 12
    for failure, lost, answering, *_, what_to_do in rows:
        assert (bool(lost), bool(answering)) == (True, True), failure
        assert "](" in what_to_do or what_to_do.startswith("nothing"), failure
