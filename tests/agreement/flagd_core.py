"""Answers what flagd-core for Python makes of flags, in the release that is in its environment.

Each line of the standard input is `{"document": …, "types": {flag key: type}, "contexts": […]}`, and perhaps the time
as `now`; the answer is a line `{flag key: [[variant, value, error code] for each context]}`.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

logging.getLogger("openfeature.contrib").disabled = True  # it logs every rule that gives no answer

METHODS = {
    "boolean": (FlagdCore.resolve_boolean_value, False),
    "string": (FlagdCore.resolve_string_value, ""),
    "number": (FlagdCore.resolve_float_value, 0.0),
    "structured": (FlagdCore.resolve_object_value, {}),
}


def main() -> None:
    """Answer the lines of the standard input."""
    for line in sys.stdin:
        asked = json.loads(line)
        now = asked.pop("now", None)
        with patch("time.time", time.time if now is None else lambda now=now: now):
            print(json.dumps(_answers(**asked)), flush=True)


def _answers(document: Any, types: Mapping[str, str], contexts: list[dict[str, Any]]) -> dict[str, list[Any]]:
    core = FlagdCore()
    core.set_flags(json.dumps(document))
    return {
        key: [_answer(core, key, value_type, dict(given)) for given in contexts] for key, value_type in types.items()
    }


def _answer(core: FlagdCore, key: str, value_type: str, given: dict[str, Any]) -> list[Any]:
    resolve, default = METHODS[value_type]
    try:
        details = resolve(core, key, default, EvaluationContext(given.pop("targetingKey", None), given))
    except OpenFeatureError as error:
        return [None, None, error.error_code.value]
    except Exception:  # what an OpenFeature client makes of any other exception of its provider
        return [None, None, "GENERAL"]
    return [details.variant, details.value if details.variant is not None else None, None]


if __name__ == "__main__":
    main()
