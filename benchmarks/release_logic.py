"""Release logic beside flags without it: evaluation, saving a segment, loading, and the size of the document."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from benchmarks import table, timing
from benchmarks.load import ACTOR, ENVIRONMENT, MIB, varied_rule
from benchmarks.servers import Client, database, flagstaff
from benchmarks.timing import Call
from db.configuration.edits import FlagEdit, NewFlag
from db.definitions import document as definitions
from db.flags import flags
from db.segments import segments
from db.segments.edits import NewSegment, SegmentEdit
from flagstaff import targeting
from flagstaff.engine import Engine
from flagstaff.targeting import Catalog, Condition, Configuration, Prerequisite, Ramp, Rule, Segment, Share

HALF = (Share("on", 50_000), Share("off", 50_000))
PREMIUM = Rule((Condition("country", "in", ["US", "CA"]), Condition("plan", "eq", "premium")), HALF)
PEOPLE = {("on", "user"): [f"user-{number}" for number in range(100)]}
LISTED = [f"member-{number}" for number in range(1_000)]
SAVES = 15
LOADED, SEGMENTS = 10_000, 50
PATIENCE = 10.0


def run() -> None:
    """Measure each in turn."""
    _show_evaluation()
    with database() as url:
        _show_sizes()
        with flagstaff(url) as server:
            _show_saving(Client(server.port))
    _show_loading()


# -- evaluation --------------------------------------------------------------------------------------------------------


def _show_evaluation() -> None:
    now = int(time.time())
    ramp = Ramp("on", 5_000, 60_000, now - 1_000, now + 100_000)
    in_segment = Rule((Condition("", "in_segment", ["staff"]),), "on")
    staff = Segment("staff", {"user": LISTED[:200]}, rules=((Condition("email", "ends_with", "@example.com"),),))
    catalog = Catalog({"staff": staff}, {"first": Configuration("first", rollout=HALF)})
    targeted = Configuration("flag", members=PEOPLE, rules=(PREMIUM,), rollout=HALF)
    released = Configuration(
        "flag",
        members=PEOPLE,
        rules=(in_segment, PREMIUM),
        rollout=ramp,
        prerequisites=(Prerequisite("first", ("on", "off")),),
    )
    context = {"targetingKey": "somebody", "country": "DE", "plan": "basic", "email": "somebody@example.org"}
    calls = {
        "members, a rule, a rollout": Call(_engine(targeted, catalog).evaluate, ("flag", context)),
        "and a prerequisite, a segment, a ramp": Call(_engine(released, catalog).evaluate, ("flag", context)),
    }
    taken = timing.rounds(calls)
    plain = next(iter(taken.values()))
    rows = [
        [name, table.duration(median(times)), f"{timing.ratio(times, plain):.2f} x"] for name, times in taken.items()
    ]
    table.show("One evaluation", ["flag", "takes", "ratio"], rows)


def _engine(configuration: Configuration, catalog: Catalog) -> Engine:
    built = targeting.build(configuration, catalog)
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "", "targeting": built.logic}
    return Engine({"flags": {configuration.key: flag}, "$evaluators": catalog.evaluators})


# -- the size of the document ------------------------------------------------------------------------------------------


def _show_sizes() -> None:
    """200 flags with rules, without and with 50 prerequisites two deep and 20 segments."""
    for number in range(200):
        flags.create(NewFlag(f"flag-{number}", rules=[varied_rule(number)], rollout=HALF), ENVIRONMENT, actor=ACTOR)
    before = _size()
    for number in range(20):
        ids = {"user": [f"user-{number}-{one}" for one in range(20)]}
        segments.create(NewSegment(f"segment-{number}", included=ids), actor=ACTOR)
        rules = [varied_rule(number), Rule((Condition("", "in_segment", [f"segment-{number}"]),), "on")]
        _edit(f"flag-{number}", FlagEdit(rules=rules))
    for number in range(25):
        needs = (Prerequisite(f"flag-{100 + number}", ("on",)),)
        _edit(f"flag-{50 + number}", FlagEdit(prerequisites=needs))
        _edit(f"flag-{number}", FlagEdit(prerequisites=(Prerequisite(f"flag-{50 + number}", ("on",)),)))
    after = _size()
    rows = [["without", f"{before:,} bytes", "1.0 x"], ["with", f"{after:,} bytes", f"{after / before:.2f} x"]]
    table.show(
        "The document of 200 flags: 50 prerequisites two deep, 20 segments", ["release logic", "size", "ratio"], rows
    )


def _size() -> int:
    return len(definitions.to_bytes(definitions.document(ENVIRONMENT)))


def _edit(key: str, edit: FlagEdit) -> None:
    flags.update(key, ENVIRONMENT, edit, actor=ACTOR)


# -- saving ------------------------------------------------------------------------------------------------------------


def _show_saving(client: Client) -> None:
    """A segment of 1,000 ids that 100 flags use, and the rules of one flag: from the write until it is served."""
    segments.create(NewSegment("crowd", included={"user": LISTED}), actor=ACTOR)
    in_crowd = Rule((Condition("", "in_segment", ["crowd"]),), "on")
    for number in range(100):
        flags.create(NewFlag(f"of-crowd-{number}", rules=[in_crowd], default_variant="off"), ENVIRONMENT, actor=ACTOR)
    flags.create(NewFlag("alone", default_variant="off"), ENVIRONMENT, actor=ACTOR)
    rules: list[float] = []
    segment: list[float] = []
    for turn in range(SAVES):
        who = f"new-{turn}"
        rules.append(_until_served(client, _save_rules, "alone", who))
        segment.append(_until_served(client, _save_segment, "of-crowd-99", who))
    saved = {"the rules of one flag": rules, "a segment that 100 flags use": segment}
    rows = [
        [name, table.duration(median(times)), table.times(timing.ratio(times, rules))] for name, times in saved.items()
    ]
    table.show("From a write until it is served", ["saved", "takes", "ratio"], rows)


def _save_rules(who: str) -> None:
    _edit("alone", FlagEdit(rules=[Rule((Condition("name", "eq", who),), "on")]))


def _save_segment(who: str) -> None:
    segments.update("crowd", SegmentEdit(included={"user": [*LISTED[1:], who]}), actor=ACTOR)


def _until_served(client: Client, save: Callable[[str], object], key: str, who: str) -> float:
    """Nanoseconds until a flag is on for somebody."""
    context = {"targetingKey": who, "name": who}
    body = {"flagKey": key, "defaultValue": False, "context": context}
    started = time.perf_counter()
    save(who)
    while not client.evaluate(body)["value"]:
        if time.perf_counter() - started > PATIENCE:
            raise AssertionError(f"{key} was not served")
    return (time.perf_counter() - started) * 1e9


# -- loading -----------------------------------------------------------------------------------------------------------


def _show_loading() -> None:
    """10,000 flags, without segments and with 50 of them used by all; each loaded by a process of its own."""
    plain = _loaded(lambda number: [varied_rule(number)], with_segments=False)
    full = _loaded(
        lambda number: [varied_rule(number), Rule((Condition("", "in_segment", [f"s-{number % SEGMENTS}"]),), "on")],
        with_segments=True,
    )
    rows = [
        [name, f"{found['read'] + found['load']:.2f} s", f"{found['cpu']:.2f} s", f"{found['rss'] / MIB:,.0f} MiB"]
        for name, found in (("none", plain), (f"{SEGMENTS} of 20 ids", full))
    ]
    rows.append(["ratio", "", f"{full['cpu'] / plain['cpu']:.2f} x", f"{full['rss'] / plain['rss']:.2f} x"])
    table.show(f"Loading {LOADED:,} flags", ["segments", "until it evaluates", "CPU in all", "memory"], rows)


def _loaded(rules: Callable[[int], Sequence[Rule]], *, with_segments: bool) -> dict[str, Any]:
    with database() as url:
        for number in range(SEGMENTS if with_segments else 0):
            ids = {"user": [f"user-{number}-{one}" for one in range(20)]}
            segments.create(NewSegment(f"s-{number}", included=ids), actor=ACTOR)
        for number in range(LOADED):
            flags.create(NewFlag(f"flag-{number}", rules=rules(number)), ENVIRONMENT, actor=ACTOR)
        found = [_load(url) for _ in range(3)]
    return min(found, key=lambda figures: float(figures["cpu"]))


def _load(url: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.loading", url]
    figures: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures
