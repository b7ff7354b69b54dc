"""flagd's own Python packages on one of our documents: `openfeature-flagd-core`, and the provider in file mode.

Run as a program it answers with the releases that its own environment has. A line in:
`{"path": …, "flags": {key: type}, "contexts": [[targetingKey, {attributes}], …], "by": "core" or "provider"}`;
a line out: for each context an object with each flag's `[value, variant, reason, error]`, value null for the default.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from pathlib import Path
from typing import Any

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

DEFAULTS: dict[str, Any] = {"boolean": True, "string": "\0", "float": 1.25e9, "object": {"the": "default"}}
Answer = list[Any]


def by_core(asked: dict[str, Any]) -> list[dict[str, Answer]]:
    """What flagd-core answers."""
    core = FlagdCore()
    core.set_flags(Path(asked["path"]).read_text())

    def answer(key: str, kind: str, context: EvaluationContext) -> Answer:
        try:
            found = getattr(core, f"resolve_{kind}_value")(key, DEFAULTS[kind], context)
        except OpenFeatureError as error:
            return [None, None, "ERROR", str(error.error_code)]
        return [found.value if found.variant is not None else None, found.variant, str(found.reason), None]

    return all_of(asked, answer)


def by_provider(asked: dict[str, Any]) -> list[dict[str, Answer]]:
    """What an application gets by way of the provider."""
    provider = FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=asked["path"])
    api.set_provider_and_wait(provider)
    client = api.get_client()

    def answer(key: str, kind: str, context: EvaluationContext) -> Answer:
        found = getattr(client, f"get_{kind}_details")(key, DEFAULTS[kind], context)
        error = str(found.error_code) if found.error_code else None
        return [found.value if found.variant else None, found.variant or None, str(found.reason), error]

    answers = all_of(asked, answer)
    api.shutdown()
    return answers


def all_of(asked: dict[str, Any], answer: Any) -> list[dict[str, Answer]]:
    contexts = [EvaluationContext(key, given) for key, given in asked["contexts"]]
    return [{key: answer(key, kind, context) for key, kind in asked["flags"].items()} for context in contexts]


def main() -> None:
    logging.disable()  # in a process of its own: flagd logs every rule that gives no answer
    answers, sys.stdout = sys.stdout, io.StringIO()
    for line in sys.stdin:
        asked = json.loads(line)
        found = by_core(asked) if asked["by"] == "core" else by_provider(asked)
        answers.write(json.dumps(found) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
