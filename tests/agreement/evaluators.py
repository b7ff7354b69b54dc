"""Evaluators of other people, each a program that answers JSON lines, and our engine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from unittest.mock import patch

from flagstaff.engine import Engine
from tests.agreement.edited_flags import EditedFlag, document
from tests.environments import environment, is_ready
from tests.processes import ROOT

HERE = Path(__file__).parent

Context: TypeAlias = "dict[str, Any]"
Answer: TypeAlias = "tuple[str | None, Any, str | None]"
"""Variant, value and error code; all of them None: the caller's default."""
Answers: TypeAlias = "Mapping[str, Sequence[Any]]"
"""For each flag key the answers to the contexts, in order."""
Ask: TypeAlias = "Callable[[Sequence[EditedFlag], Sequence[Context], float | None], Answers]"
"""Takes flags, contexts, and the time of the evaluation where that is not the clock's."""


class Evaluator(NamedTuple):
    """An evaluator, the bucketing it has, how to start it, and what has to be there for that."""

    name: str
    bucketing: str
    environment: str
    """Which of `.venv-NAME` it is in; "": where the tests are."""
    command: Callable[[Path], Sequence[object]]
    """Makes the command, from the folder of the environment."""
    runtime: str
    required: str = ""
    """The variable that makes it a failure, not a skip, where the evaluator is not there; "": it always is one."""

    @property
    def has_clock(self) -> bool:
        """Tell whether it can be asked for another time than now."""
        return self.environment != "go"

    @property
    def missing(self) -> str | None:
        """Say why it can't be started; None where it can."""
        there = not self.environment or is_ready(self.environment)
        return None if there else f"needs {self.runtime}"


def _javascript(name: str, *mode: str) -> Evaluator:
    def command(folder: Path) -> Sequence[object]:
        return ["node", HERE / "flagd_core.mjs", folder, *mode]

    return Evaluator(name, "v2", "node", command, "Node and npm", "FLAGSTAFF_NEEDS_NODE")


MODULE = ("-m", "tests.agreement.flagd_core")

COMPILED = _javascript("flagd-core 4.0.1 for JavaScript, compiled")
INTERPRETED = _javascript("flagd-core 4.0.1 for JavaScript, interpreting", "interpreted")
PYTHON_1 = Evaluator(
    "flagd-core 1.0.0 for Python", "v2", "flagd-v2", lambda folder: [folder / "bin" / "python", *MODULE], "Python"
)
PYTHON_2 = Evaluator("flagd-core 2.0.0 for Python", "v3", "", lambda _: [sys.executable, *MODULE], "Python")
FLAGD = Evaluator(
    "flagd 0.16.1", "v2", "go", lambda folder: [folder / "flagd"], "Go 1.25 or newer", "FLAGSTAFF_NEEDS_GO"
)

EVALUATORS = (COMPILED, INTERPRETED, PYTHON_1, PYTHON_2, FLAGD)


@contextmanager
def running(evaluator: Evaluator) -> Iterator[Ask]:
    """Start an evaluator's program; stop it at the end."""
    folder = environment(evaluator.environment) if evaluator.environment else ROOT
    command = [str(part) for part in evaluator.command(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(flags: Sequence[EditedFlag], contexts: Sequence[Context], now: float | None) -> Answers:
            assert process.stdin and process.stdout
            types = {flag.key: flag.value_type for flag in flags}
            question = {"document": document(flags, evaluator.bucketing), "types": types, "contexts": contexts}
            if now is not None:
                assert evaluator.has_clock, f"the clock of {evaluator.name} can't be set"
                question["now"] = now
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            assert line, f"{evaluator.name} ended with {process.wait()}"
            return json.loads(line)  # type: ignore[no-any-return]

        try:
            yield ask
        finally:
            assert process.stdin
            process.stdin.close()


def ours(bucketing: str) -> Ask:
    """Make our engine answer the same questions."""

    def ask(flags: Sequence[EditedFlag], contexts: Sequence[Context], now: float | None) -> Answers:
        engine = Engine(document(flags, bucketing))
        clock = time.time if now is None else lambda: now
        with patch("time.time", clock):
            return {flag.key: [_answer(engine, flag.key, context) for context in contexts] for flag in flags}

    return ask


def _answer(engine: Engine, key: str, context: Context) -> Answer:
    given = engine.evaluate(key, context)
    if given.error_code:
        return None, None, str(given.error_code)
    return given.variant, given.value if given.variant is not None else None, None
