"""10,000 flags of which each names one of 50 segments, loaded from PostgreSQL beside the same flags without."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from statistics import median
from typing import Any

from benchmarks import table
from benchmarks.load import ACTOR, FLAGS, varied_rule
from benchmarks.release_logic_flags import SEGMENT, crowd
from benchmarks.servers import database
from benchmarks.timing import ratio
from db.configuration.edits import NewFlag
from db.database import rows, session
from db.flags import flags
from db.segments import segments
from db.segments.edits import NewSegment
from flagstaff.targeting import Condition

SIZES = [100] * 45 + [10_000] * 5
"""Ids of the segments. The last ones are shared."""
ROUNDS = 5
WITH, WITHOUT = "prod", "staging"
_ONE_RULE_EACH = (
    "UPDATE configuration c SET enabled = true, rules = jsonb_build_array(made.rules -> (e.key = made_in.key)::int)"
    " FROM environment e, configuration made, environment made_in WHERE e.id = c.environment_id"
    " AND made.flag_id = c.flag_id AND made_in.id = made.environment_id AND made_in.key = %s RETURNING c.id"
)
"""Leaves the second rule where the flags were made, and puts the first one into the other environments."""
MIB = 1024 * 1024
FIGURES = {
    "reader and engine, CPU": ("load_cpu", "{:.2f} s", 1.0),
    "reader and engine, memory": ("load_rss", "{:.0f} MiB", MIB),
    "with a first evaluation of each flag, CPU": ("all_cpu", "{:.2f} s", 1.0),
    "with a first evaluation of each flag, memory": ("rss", "{:.0f} MiB", MIB),
}


def run() -> None:
    """Fill two environments of one database, and load them in turn, each time in a process of its own."""
    with database() as url:
        fill()
        taken = [(_load(url, WITHOUT), _load(url, WITH)) for _ in range(ROUNDS)]
    shown = []
    for title, (name, shape, unit) in FIGURES.items():
        before, after = ([figures[name] / unit for figures in column] for column in zip(*taken, strict=True))
        shown.append(
            [title, shape.format(median(before)), shape.format(median(after)), f"{ratio(after, before):.2f} x"]
        )
    title = f"Loading {FLAGS:,} flags with {len(SIZES)} segments (wanted: at most 1.5 x)"
    table.show(title, ["", "without", "with", "of without"], shown)


def fill() -> None:
    """Make the segments, and flags that name one in one environment and none in the other."""
    print(f"\nCreating {FLAGS:,} flags and {len(SIZES)} segments ...", flush=True)
    for number, size in enumerate(SIZES):
        ids = {"user": crowd(size, number)}
        segments.create(NewSegment(f"segment-{number}", included=ids, rules=SEGMENT.rules), actor=ACTOR)
    for number in range(FLAGS):
        rule = varied_rule(number)
        named = Condition("", "in_segment", [f"segment-{number % len(SIZES)}"])
        both = [rule, replace(rule, conditions=(*rule.conditions, named))]
        flags.create(NewFlag(f"flag-{number}", rules=both), WITH, actor=ACTOR)
    with session():
        rows(_ONE_RULE_EACH, WITH)


def _load(url: str, environment: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.loading", url, environment]
    figures: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return figures
