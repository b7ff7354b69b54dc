"""Evaluate generated flags for contexts with texts that UTF-8 can't encode; run as a program, which crashes at worst.

`python -m tests.sdk.engine.fuzz_unicode` ends with 0 if every evaluation was answered, each by what UTF-8 can encode.
"""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import InvalidContextError, ParseError

from flagstaff.engine import Engine
from flagstaff.jsonlogic.fractional import Bucketing
from flagstaff.resolution import EngineProvider
from tests.sdk import strategies

HALF_PAIRS = ("\ud800", "\udfff", "a\udc80", "\ud83dz", "\ude00\ud83d")

DEFAULTS: dict[str, Any] = {"boolean": False, "string": "", "integer": 0, "float": 0.0, "object": {}}


def spoil(value: Any, chance: random.Random) -> Any:
    """Put texts with half of a surrogate pair in the place of some texts of a JSON value, names included."""
    if isinstance(value, str):
        return chance.choice(HALF_PAIRS) if chance.random() < 0.2 else value
    if isinstance(value, list | tuple):
        return [spoil(item, chance) for item in value]
    if isinstance(value, dict):
        # Names that mean something to flagd mostly stay, so that more than the first check is reached.
        return {
            spoil(name, chance) if chance.random() < 0.2 else name: spoil(item, chance) for name, item in value.items()
        }
    return value


def check_engine(engine: Engine, key: str, context: dict[str, Any]) -> None:
    """Ask an engine in every way; each answer has to be one that can be sent."""
    answer = engine.evaluate(key, context)
    explanation = engine.explain(key, context)
    engine.branch(key, context)
    for told in (list(answer), explanation.to_json()):
        json.dumps(told, ensure_ascii=False, default=str).encode()


def check_provider(engine: Engine, key: str, context: EvaluationContext) -> None:
    """Ask a provider over the engine for a value of each type; it may refuse the context, as OpenFeature has it."""
    provider = EngineProvider("fuzz")
    provider.evaluate = engine.evaluate
    for name, default in DEFAULTS.items():
        with suppress(InvalidContextError):
            getattr(provider, f"resolve_{name}_details")(key, default, context)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(strategies.documents(), strategies.contexts, st.sampled_from(Bucketing), st.randoms(use_true_random=False))
def fuzz(typed: tuple[str, dict[str, Any]], asked: Any, bucketing: Bucketing, chance: random.Random) -> None:
    """Spoil the document, the context or both."""
    source, (targeting_key, attributes) = typed[1], asked
    document = spoil(source, chance) if chance.random() < 0.5 else source
    attributes, targeting_key = spoil(attributes, chance), spoil(targeting_key, chance)
    for given_document in (document, json.dumps(document)):
        try:
            engine = Engine(given_document, bucketing)
        except ParseError:
            continue
        for key in [*engine.keys(), "\ud800"]:
            check_engine(engine, key, {**attributes, "targetingKey": targeting_key})
            check_provider(engine, key, EvaluationContext(targeting_key, attributes))


if __name__ == "__main__":
    fuzz()
