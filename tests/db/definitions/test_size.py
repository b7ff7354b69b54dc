"""Release logic is written into the flags, and the document stays below twice what it is without."""

from __future__ import annotations

from typing import Any

import pytest

from db.configuration.edits import Members, NewFlag
from db.definitions import document as definitions
from db.flags import flags
from db.segments import segments
from db.segments.edits import NewSegment
from db.targeting.rules import read_segment_rules
from flagstaff.targeting import Prerequisite
from tests.db.definitions.flagd_schema import problems
from tests.db.helpers import ADA, country_is, edit, targeting

FLAGS, SEGMENTS, IDS = 200, 20, 30
NEEDING, MIDDLE = 40, 10
"""So many flags need one of those in the middle, of which each needs another one: 50 prerequisites, two deep."""
PREMIUM = {"field": "plan", "operator": "eq", "value": "premium"}
RULE: dict[str, Any] = {
    "conditions": [country_is("US", "CA"), PREMIUM],
    "split": [{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}],
}


def written() -> bytes:
    return definitions.to_bytes(definitions.document("prod"))


def make_flags() -> None:
    members = [Members("user", ["john", "mary"], variant="on")]
    for number in range(FLAGS):
        fields = targeting({"rules": [RULE]})
        new = NewFlag(f"flag-{number}", **fields, members=members, default_variant="off")
        flags.create(new, "prod", actor=ADA)


def add_prerequisites() -> None:
    for number in range(NEEDING, NEEDING + MIDDLE):
        _needs(number, number + MIDDLE)
    for number in range(NEEDING):
        _needs(number, NEEDING + number % MIDDLE)


def _needs(number: int, other: int) -> None:
    needed = (Prerequisite(f"flag-{other}", ("on",)),)
    flags.update(f"flag-{number}", "prod", edit(prerequisites=needed), actor=ADA)


def add_segments() -> None:
    """Make segments of ids and a rule, and have every other flag name one."""
    rules = read_segment_rules([{"conditions": [country_is("CA"), PREMIUM]}])
    for number in range(SEGMENTS):
        ids = {"user": [f"user-{number}-{one}" for one in range(IDS)]}
        segments.create(NewSegment(f"segment-{number}", included=ids, rules=rules), actor=ADA)
    for number in range(0, FLAGS, 2):
        named = {"operator": "in_segment", "value": [f"segment-{number // 2 % SEGMENTS}"]}
        both = [RULE, {"conditions": [named], "variant": "on"}]
        flags.update(f"flag-{number}", "prod", edit(rules=both), actor=ADA)


@pytest.mark.usefixtures("database")
def test_prerequisites_and_segments_do_not_double_the_document() -> None:
    make_flags()
    without = written()
    add_prerequisites()
    with_prerequisites = written()
    add_segments()
    whole = written()
    assert len(without) < len(with_prerequisites) < len(whole) <= 2 * len(without)
    assert problems(without) == problems(whole) == []
