"""flagd's reference evaluator (`openfeature-flagd-core`), asked for values, variants, reasons and errors.

Run as a program it answers for the release that its own environment has, one JSON line for each:
`{"document": …, "type": "boolean", "contexts": [[targetingKey, {attributes}], …], "instead": "any"}`.

Where our engine means to differ from it, `instead` puts our meaning in place of its own: everything else is compared,
and nothing more is excused. `test_flagd_differences` shows the differences themselves.
"""

from __future__ import annotations

import io
import json
import logging
import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

logging.getLogger("openfeature.contrib").disabled = True  # it logs every rule that gives no answer

KEY = "flag"
DEFAULTS: dict[str, Any] = {"boolean": False, "string": "", "float": 0.0, "object": {}}


Operation = Callable[..., bool]


def _same(_data: Any, a: Any = None, b: Any = None, *_ignored: Any) -> bool:
    """`===` that takes true and 1 for two things."""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _contained(data: Any, needle: Any = None, haystack: Any = None, *ignored: Any) -> bool:
    if isinstance(haystack, list):
        return any(_same(data, needle, item) for item in haystack)
    return bool(_IN(data, needle, haystack, *ignored))


def _of_numbers(compare: Callable[[Any, Any], bool]) -> Operation:
    """A comparison that fails for all that is no number."""

    def are_numbers(_data: Any, a: Any, b: Any) -> bool:
        return all(isinstance(side, int | float) and not isinstance(side, bool) for side in (a, b)) and compare(a, b)

    return are_numbers


_IN: Operation = OPERATORS["in"]
_ANY: Mapping[str, Operation] = {"===": _same, "!==": lambda *given: not _same(*given), "in": _contained}
_OURS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
INSTEAD: Mapping[str, Mapping[str, Operation]] = {
    "": {},
    "any": _ANY,
    "ours": {**_ANY, **{sign: _of_numbers(compare) for sign, compare in _OURS.items()}},
}
"""What differs in any document, and in one that we wrote, where `<` and its kind only compare numbers."""


def ask(document: dict[str, Any], value_type: str, contexts: list[Any], instead: str = "") -> list[dict[str, Any]]:
    """What flagd says about the flag `flag` of `document`, for each context."""
    core = FlagdCore()
    core.set_flags(json.dumps(document))
    resolve = getattr(core, f"resolve_{value_type}_value")
    with _operations(INSTEAD[instead]):
        return [_answer(resolve, DEFAULTS[value_type], EvaluationContext(key, dict(given))) for key, given in contexts]


@contextmanager
def _operations(instead: Mapping[str, Operation]) -> Iterator[None]:
    """Put operations in the place of flagd's, for a while."""
    before = dict(OPERATORS)
    OPERATORS.update(instead)
    try:
        yield
    finally:
        OPERATORS.update(before)


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
        answer = ask(asked["document"], asked["type"], asked["contexts"], asked["instead"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
