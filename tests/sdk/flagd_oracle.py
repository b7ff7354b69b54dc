"""flagd's reference evaluator (`openfeature-flagd-core`), asked for values, variants, reasons and errors.

Run as a program it answers for the release that its own environment has, one JSON line for each:
`{"document": …, "type": "boolean", "contexts": [[targetingKey, {attributes}], …]}`.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

logging.getLogger("openfeature.contrib").disabled = True  # it logs every rule that gives no answer

KEY = "flag"
DEFAULTS: dict[str, Any] = {"boolean": False, "string": "", "float": 0.0, "object": {}}


def ask(document: dict[str, Any], value_type: str, contexts: list[Any]) -> list[dict[str, Any]]:
    """What flagd says about the flag `flag` of `document`, for each context."""
    core = FlagdCore()
    core.set_flags(json.dumps(document))
    resolve = getattr(core, f"resolve_{value_type}_value")
    return [_answer(resolve, DEFAULTS[value_type], EvaluationContext(key, dict(given))) for key, given in contexts]


def _answer(resolve: Any, default: Any, context: EvaluationContext) -> dict[str, Any]:
    try:
        details = resolve(KEY, default, context)
    except OpenFeatureError as error:
        return {"error": error.error_code.value}
    except Exception:  # what an OpenFeature client makes of any other exception of its provider
        return {"error": "GENERAL"}
    served = {"value": details.value} if details.variant is not None else {}
    return {
        "reason": str(details.reason),
        "variant": details.variant,
        "metadata": dict(details.flag_metadata),
        **served,
    }


def main() -> None:
    answers, sys.stdout = sys.stdout, io.StringIO()  # JsonLogic's `log` writes to stdout
    for line in sys.stdin:
        asked = json.loads(line)
        answers.write(json.dumps(ask(asked["document"], asked["type"], asked["contexts"])) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
