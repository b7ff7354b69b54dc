"""Flagstaff's engine and its peers, each with the same flags in its own words and used as its manual says.

All run in this process and offline. What describes the user is built beforehand, once, because the libraries differ in
what they take: only evaluating is measured.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from benchmarks.scenario import COUNTRIES, MEMBERS, PLAN, SHARE, STATIC, TARGETED, document, our_document
from benchmarks.timing import Call

OURS = "Flagstaff"
OURS_GUARDED = "Flagstaff, as our API writes it"


class Contestant(NamedTuple):
    """A library with the flags loaded."""

    call: Callable[[str, dict[str, Any]], Call]
    """From a flag key and a context to the call that evaluates it."""
    value: Callable[[Any], bool]
    """From what the call returned to the flag's value."""


def all_of_them(members: Collection[str] = MEMBERS, flags: int = 1) -> dict[str, Contestant]:
    """Every contestant, with this allow list and this number of flags."""
    return {
        OURS: flagstaff(document(frozenset(members), flags)),
        OURS_GUARDED: flagstaff(our_document(frozenset(members), flags)),
        "openfeature-flagd-core": flagd_core(list(members), flags),
        "GrowthBook": growthbook(list(members), flags),
        "LaunchDarkly": launchdarkly(list(members), flags),
    }


def flagstaff(flags: dict[str, Any]) -> Contestant:
    from flagstaff.engine import Engine

    engine = Engine(flags)
    return Contestant(lambda key, context: Call(engine.evaluate, (key, context)), lambda answer: answer.value is True)


def flagd_core(members: list[str], flags: int) -> Contestant:
    from openfeature.contrib.tools.flagd.core import FlagdCore
    from openfeature.evaluation_context import EvaluationContext

    core = FlagdCore()
    core.set_flags(document(members, flags))

    def call(key: str, context: dict[str, Any]) -> Call:
        attributes = {name: value for name, value in context.items() if name != "targetingKey"}
        return Call(core.resolve_boolean_value, (key, False, EvaluationContext(context["targetingKey"], attributes)))

    return Contestant(call, lambda details: details.value)


def growthbook(members: list[str], flags: int) -> Contestant:
    from growthbook import GrowthBook

    targeted = {
        "defaultValue": False,
        "rules": [
            {"condition": {"id": {"$in": members}}, "force": True},
            {
                "condition": {"country": {"$in": COUNTRIES}, "plan": PLAN},
                "force": True,
                "coverage": SHARE / 100,
                "hashAttribute": "id",
            },
        ],
    }
    features = {TARGETED: targeted, STATIC: {"defaultValue": True}}
    features |= {f"flag-{number}": targeted for number in range(flags - 1)}

    def call(key: str, context: dict[str, Any]) -> Call:
        attributes = {"id": context["targetingKey"], "country": context["country"], "plan": context["plan"]}
        return Call(GrowthBook(attributes=attributes, features=features).is_on, (key,))

    return Contestant(call, bool)


def launchdarkly(members: list[str], flags: int) -> Contestant:
    from ldclient import Config, Context, LDClient
    from ldclient.integrations import Files

    targeted = _launchdarkly_flag(
        1,
        targets=[{"variation": 0, "values": members}],
        rules=[
            {
                "id": "premium",
                "clauses": [
                    {"attribute": "country", "op": "in", "values": COUNTRIES},
                    {"attribute": "plan", "op": "in", "values": [PLAN]},
                ],
                "rollout": {
                    "variations": [
                        {"variation": 0, "weight": SHARE * 1000},
                        {"variation": 1, "weight": (100 - SHARE) * 1000},
                    ]
                },
            }
        ],
    )
    known = {TARGETED: targeted, STATIC: _launchdarkly_flag(0)}
    known |= {f"flag-{number}": targeted for number in range(flags - 1)}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"flags": {key: {"key": key, **flag} for key, flag in known.items()}}, file)
        file.flush()
        source = Files.new_data_source(paths=[file.name])
        client = LDClient(Config("offline", update_processor_class=source, send_events=False), start_wait=60)

    def call(key: str, context: dict[str, Any]) -> Call:
        user = Context.builder(context["targetingKey"]).set("country", context["country"]).set("plan", context["plan"])
        return Call(client.variation, (key, user.build(), False))

    return Contestant(call, bool)


def _launchdarkly_flag(fallthrough: int, **targeting: Any) -> dict[str, Any]:
    return {
        "on": True,
        "version": 1,
        "salt": "salt",
        "variations": [True, False],
        "fallthrough": {"variation": fallthrough},
        "offVariation": 1,
        **targeting,
    }
