"""The engine and flagd's reference evaluator give the same value, variant, reason, metadata and error.

`v3` is compared with release 2.0.0, which the tests' environment has. `v2` is compared with release 1.0.0, which can't
be installed beside it and answers from an environment of its own. The intended differences are the reason `SPLIT`, the
reason `DEFAULT` of a default variant that changes with time, and that `===`, `!==` and `in` keep true and 1 apart
(`flagd_oracle` says how these are compared).

FLAGSTAFF_AGREEMENT_EXAMPLES sets how many (flag, context) pairs each is asked for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flagstaff.engine import Engine, Reason
from tests.environments import python_of
from tests.sdk.engine import flagd_oracle
from tests.sdk.strategies import contexts, documents

ROOT = Path(__file__).parents[3]
CONTEXTS = 10
EXAMPLES = int(os.environ.get("FLAGSTAFF_AGREEMENT_EXAMPLES", "5000")) // CONTEXTS

Oracle = Callable[[dict[str, Any], str, list[Any]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def release_1() -> Iterator[Oracle]:
    """Asks release 1.0.0, in an environment of its own."""
    command = [python_of("flagd-v2"), str(ROOT / "tests/sdk/engine/flagd_oracle.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout

        def ask(document: dict[str, Any], value_type: str, asked: list[Any]) -> list[dict[str, Any]]:
            assert process.stdin and process.stdout
            question = {"document": document, "type": value_type, "contexts": asked, "instead": "any"}
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())  # type: ignore[no-any-return]

        yield ask
        process.stdin.close()


def ours(document: dict[str, Any], asked: list[Any], bucketing: str) -> list[dict[str, Any]]:
    engine = Engine(document, bucketing=bucketing)
    return [_answer(engine, {**given, "targetingKey": key}) for key, given in asked]


def _answer(engine: Engine, context: dict[str, Any]) -> dict[str, Any]:
    answer = engine.evaluate(flagd_oracle.KEY, context)
    if answer.error_code:
        return {"error": str(answer.error_code)}
    is_default = answer.reason is Reason.DEFAULT and answer.variant is not None
    # A default variant that changes with time stands in the targeting, where flagd takes it for a match.
    stands_in_targeting = is_default and not (engine.definition(flagd_oracle.KEY) or {}).get("defaultVariant")
    is_match = answer.reason is Reason.SPLIT or stands_in_targeting
    reason = Reason.TARGETING_MATCH if is_match else answer.reason
    served = {"value": answer.value} if answer.variant is not None else {}
    return {"reason": str(reason), "variant": answer.variant, "metadata": dict(answer.metadata), **served}


def agree(
    document: dict[str, Any], theirs: list[dict[str, Any]], asked: list[Any], bucketing: str, *, reasons: bool = True
) -> None:
    """Compare the answers; their reasons too, but where they are meant to differ."""
    for context, mine, flagd in zip(asked, ours(document, asked, bucketing), theirs, strict=True):
        # As JSON, so that true and 1 differ; a whole number is the same with and without a decimal point.
        one, other = ({**_as_floats(each), **({} if reasons else {"reason": ""})} for each in (mine, flagd))
        same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
        assert same, f"{context}: ours {mine}, flagd's {flagd}"


def _as_floats(answer: dict[str, Any]) -> dict[str, Any]:
    value = answer.get("value")
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return {**answer, "value": float(value)} if is_integer else answer  # type: ignore[arg-type]


thoroughly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
asked_contexts = st.lists(contexts, min_size=CONTEXTS, max_size=CONTEXTS)


@thoroughly
@given(documents(), asked_contexts)
def test_v3_agrees_with_release_2(typed: tuple[str, dict[str, Any]], asked: list[Any]) -> None:
    value_type, document = typed
    stdout, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115 - JsonLogic's `log` writes to stdout
    try:
        theirs = flagd_oracle.ask(document, value_type, asked, "any")
    finally:
        sys.stdout.close()
        sys.stdout = stdout
    agree(document, theirs, asked, "v3")


@thoroughly
@given(documents(), asked_contexts)
def test_v2_agrees_with_release_1(release_1: Oracle, typed: tuple[str, dict[str, Any]], asked: list[Any]) -> None:
    value_type, document = typed
    agree(document, release_1(document, value_type, asked), asked, "v2")
