"""The table of differences between evaluators, held to the one that `make agreement` knows."""

from __future__ import annotations

from tests.agreement.differences import DIFFERENCES, JAVASCRIPT, PYTHON
from tests.agreement.evaluators import FLAGD
from tests.processes import ROOT

COLUMNS = [(FLAGD,), JAVASCRIPT, PYTHON]
SAME = "the same"


def table() -> list[list[str]]:
    """The cells of each row."""
    page = (ROOT / "docs/decisions/flagd-differences.md").read_text()
    lines = page.split("\n| where | Flagstaff |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_has_every_known_difference_and_no_other() -> None:
    assert [where for where, *_ in table()] == [difference.name for difference in DIFFERENCES]


def test_the_page_says_which_evaluators_differ() -> None:
    for difference, (_, _, *cells) in zip(DIFFERENCES, table(), strict=True):
        differing = [all(one in difference.evaluators for one in column) for column in COLUMNS]
        assert [cell != SAME for cell in cells] == differing, difference.name
