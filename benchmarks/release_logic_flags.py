"""Flags with prerequisites, segments and ramps, and the documents that Flagstaff makes of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from benchmarks.scenario import COUNTRIES, MEMBERS, PLAN, SHARE
from flagstaff.engine import Engine
from flagstaff.targeting import (
    TOTAL_WEIGHT,
    Catalog,
    Condition,
    Configuration,
    Layer,
    LayerRange,
    Ramp,
    Rule,
    Segment,
    Share,
    Span,
    build,
)

HOUR = 3600
MANY_IDS = 1_000
"""As many as are written in."""
METADATA = {"flagVersion": 3, "revision": 1234}


def crowd(size: int, number: int = 0) -> list[str]:
    """Return ids, other ones for each number."""
    return [f"user-{number}-{one}" for one in range(size)]


SEGMENT = Segment(
    "beta",
    {"user": crowd(MANY_IDS - 1)},
    {"user": ["eve"]},
    ((Condition("country", "eq", "CA"), Condition("plan", "eq", PLAN)),),
)
"""Of ids and a rule."""

SHARED = replace(SEGMENT, included={"user": crowd(MANY_IDS)})
"""The same with one id more, so that its ids are evaluators."""


def percent(share: float) -> tuple[Share, Share]:
    """Return a split of on and off."""
    return Share.of_percent("on", share), Share.of_percent("off", 100 - share)


def targeted(key: str, **more: Any) -> Configuration:
    """Return the targeted flag of the other benchmarks, with something else in it."""
    tests = Condition("country", "in", COUNTRIES), Condition("plan", "eq", PLAN)
    fields = {"members": {("on", "user"): MEMBERS}, "rules": (Rule(tests, percent(SHARE)),), "default_variant": "off"}
    return Configuration(key, **{**fields, **more})


def growing() -> Ramp:
    """Return a ramp that is under way."""
    now = int(time.time())
    return Ramp("on", 5_000, 60_000, now - HOUR, now + HOUR)


def in_layer(key: str) -> LayerRange:
    """Return most of a layer, in which somebody and their organisation are."""
    return LayerRange(key, Span(1_000, TOTAL_WEIGHT - 1_000))


NEEDED = targeted("payments", rules=(), rollout=percent(90))
"""What others need; it serves `on` to somebody."""


class Flags(NamedTuple):
    """Flags of one environment, and what they refer to."""

    flags: Sequence[Configuration]
    segments: Sequence[Segment] = ()
    needed: Sequence[Configuration] = ()
    layers: Sequence[Layer] = ()


def document(given: Flags) -> dict[str, Any]:
    """Make the flagd document with these flags."""
    segments, needed = {one.key: one for one in given.segments}, {one.key: one for one in given.needed}
    catalog = Catalog(segments, needed, {one.key: one for one in given.layers})
    made = {flag.key: _definition(flag, catalog) for flag in given.flags}
    return {"flags": made, "metadata": {"revision": 1234}, "$evaluators": catalog.evaluators}


def _definition(flag: Configuration, catalog: Catalog) -> dict[str, Any]:
    built = build(flag, catalog)
    return {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": built.default_variant or "",
        "targeting": built.logic,
        "metadata": METADATA,
    }


def engine_of(flags: Flags) -> Engine:
    """Make an engine of these flags."""
    return Engine(document(flags))
