"""Whether a version of the evaluation function can evaluate what is published: a deployment asks before it is used."""

from __future__ import annotations

from typing import Any, Final

from api.evaluation.single import engine_of
from api.evaluation_service import EvaluationService

CONTEXT: Final = {"targetingKey": "deployment"}


class CheckError(RuntimeError):
    """Nothing that is published can be evaluated."""


def check_definitions(service: EvaluationService) -> dict[str, Any]:
    """Evaluate a flag of the default environment; which one, and how many there are.

    Flags that can't be evaluated are passed over as long as one can: they are their authors' affair. Raises
    `RequestError` where there are no definitions, CheckError where there are flags and none can be evaluated.
    """
    engine = engine_of(service, None)
    keys = sorted(engine.keys())
    problem = None
    for key in keys:
        answer = engine.evaluate(key, CONTEXT)
        if answer.error_code is None:
            return {"flags": len(keys), "evaluated": key, "reason": answer.reason}
        problem = f"{key}: {answer.error_message or answer.error_code}"
    if problem:
        raise CheckError(f"none of {len(keys)} flags can be evaluated; the last is {problem}")
    return {"flags": 0, "evaluated": None, "reason": None}
