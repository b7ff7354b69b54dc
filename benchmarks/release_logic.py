"""What release logic costs: prerequisites, segments, ramps, layers beside the same flags without them, in one run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

import orjson

from benchmarks import release_logic_loading, release_logic_saving, table
from benchmarks.release_logic_flags import (
    NEEDED,
    SEGMENT,
    SHARED,
    Flags,
    crowd,
    document,
    engine_of,
    growing,
    in_layer,
    percent,
    targeted,
)
from benchmarks.scenario import TARGETED, context
from benchmarks.timing import Call, ratio, rounds
from flagstaff.targeting import Condition, Configuration, Layer, Prerequisite, Rule, Segment

FLAGS = 200
NEEDING = 40
"""So many flags need one of `MIDDLE`."""
MIDDLE = 10
"""So many flags need one further flag each: with those above, 50 prerequisites two deep."""
SEGMENTS = 20
USING = 100
"""So many flags name one of the segments."""
SIZES = (10, 30, 100)
"""How many ids a segment may list."""


def run() -> None:
    """Measure evaluating, the size of the document, saving and loading."""
    show_evaluations("all together at most 2 x", contestants())
    show_evaluations("at most 1.5 x", in_layers())
    show_sizes()
    show_sizes_in_layers()
    release_logic_saving.run()
    release_logic_loading.run()


def show_evaluations(wanted: str, of: Mapping[str, Flags]) -> None:
    """Compare the first flag with those that have release logic; somebody goes the longest way through each."""
    asked = {**context("somebody"), "organisation": {"id": "acme"}}
    calls = {name: Call(engine_of(flags).evaluate, (TARGETED, asked)) for name, flags in of.items()}
    for name, call in calls.items():
        if call().variant is None:
            raise AssertionError(f"{name} gives no answer: {call()}")
    taken = rounds(calls, clock=time.process_time)
    today = next(iter(taken.values()))
    rows = [[name, table.duration(median(times)), f"{ratio(times, today):.2f} x"] for name, times in taken.items()]
    table.show(f"One evaluation, CPU (wanted: {wanted})", ["", "", "the targeted flag's"], rows)


def contestants() -> Mapping[str, Flags]:
    """Return the targeted flag as it is, with a part of release logic, and with all of them."""
    plain = targeted(TARGETED)
    needs: dict[str, Any] = {"prerequisites": (Prerequisite(NEEDED.key, ("on",)),)}
    rules: dict[str, Any] = {"rules": (Rule((Condition("", "in_segment", [SEGMENT.key]),), "on"),)}
    ramp: dict[str, Any] = {"rollout": growing()}
    everything = targeted(TARGETED, **needs, **rules, **ramp)
    return {
        "the targeted flag": Flags([plain]),
        "its rule and a prerequisite": Flags([targeted(TARGETED, **needs)], needed=[NEEDED]),
        "a segment of 1,000 ids and a rule instead of its rule": Flags([targeted(TARGETED, **rules)], [SEGMENT]),
        "a ramp instead of its rule": Flags([targeted(TARGETED, rules=(), **ramp)]),
        "a prerequisite, a segment and a ramp": Flags([everything], [SEGMENT], [NEEDED]),
        "the same, the segment's ids shared": Flags([everything], [SHARED], [NEEDED]),
    }


def in_layers() -> Mapping[str, Flags]:
    """Return the targeted flag with a rollout in place of its rule, and with that rollout in a layer."""
    rollout: dict[str, Any] = {"rules": (), "rollout": percent(25)}
    by_organisation = Layer("organisations", "organisation.id")
    return {
        "the targeted flag": Flags([targeted(TARGETED)]),
        "a rollout instead of its rule": Flags([targeted(TARGETED, **rollout)]),
        "… in a layer": Flags([targeted(TARGETED, **rollout, layer=in_layer("people"))]),
        "… by organisation": Flags([targeted(TARGETED, **rollout, split_by="organisation.id")]),
        "… by organisation, in a layer of them": Flags(
            [targeted(TARGETED, **rollout, split_by="organisation.id", layer=in_layer("organisations"))],
            layers=[by_organisation],
        ),
    }


def show_sizes_in_layers() -> None:
    """Compare the bytes of documents of one flag each."""
    sizes = {name: len(orjson.dumps(document(flags))) for name, flags in in_layers().items()}
    today = next(iter(sizes.values()))
    rows = [[name, f"{size:,}", f"{size / today:.2f} x"] for name, size in sizes.items()]
    table.show("Size of the document (wanted: at most 1.5 x)", ["", "bytes", "the targeted flag's"], rows)


def show_sizes() -> None:
    """Compare the bytes of the documents."""
    without = len(orjson.dumps(document(plain_flags())))
    rows = [[f"{FLAGS} targeted flags", f"{without:,}", "1.00 x"]]
    for size in SIZES:
        bytes_ = len(orjson.dumps(document(flags_with_all(size))))
        name = f"… with 50 prerequisites two deep and {SEGMENTS} segments of {size} ids"
        rows.append([name, f"{bytes_:,}", f"{bytes_ / without:.2f} x"])
    table.show("Size of the document (wanted: at most 2 x)", ["", "bytes", "of without"], rows)


def plain_flags() -> Flags:
    """Return the targeted flag under other keys."""
    return Flags([targeted(f"flag-{number}") for number in range(FLAGS)])


def flags_with_all(size: int) -> Flags:
    """Return the same flags, of which some need others, and every other one names a segment of so many ids."""
    segments = [
        Segment(f"segment-{number}", {"user": crowd(size, number)}, {}, SEGMENT.rules) for number in range(SEGMENTS)
    ]
    flags = [_flag(number) for number in range(FLAGS)]
    return Flags(flags, segments, flags)


def _flag(number: int) -> Configuration:
    needed = NEEDING + (number if number >= NEEDING else number % MIDDLE)
    needs = (Prerequisite(f"flag-{needed}", ("on",)),) if number < NEEDING + MIDDLE else ()
    plain = targeted(f"flag-{number}")
    if number % (FLAGS // USING):
        return targeted(plain.key, prerequisites=needs)
    named = Rule((Condition("", "in_segment", [f"segment-{number // 2 % SEGMENTS}"]),), "on")
    return targeted(plain.key, prerequisites=needs, rules=(*plain.rules, named))
