"""What the evaluation function counts, written as metrics now and then."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from db.metrics_log import emit

EVERY_SECONDS: Final = 10.0
"""How often counts are written at most; a line for each evaluation would cost more than evaluating."""
REASONS: Final = frozenset({"STATIC", "TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED", "ERROR"})


class EvaluationMetrics:
    """Counts evaluations by reason, and writes the counts now and then."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._reasons: Counter[str] = Counter()
        self._errors = 0
        self._written_at = -EVERY_SECONDS

    def count(self, status: int, body: bytes) -> None:
        """Count an answer."""
        if status >= 500:
            self._errors += 1
        elif status == 200:
            self._reasons[reason_of(body)] += 1

    def write(self, ages: Mapping[str, float], *, now: float | None = None) -> None:
        """Write what was counted, if the last line is long enough ago. What is left when a process ends is lost."""
        moment = time.monotonic() if now is None else now
        if moment - self._written_at < EVERY_SECONDS and not self._errors:
            return
        self._written_at = moment
        age = {"DefinitionsAge": (round(max(ages.values()), 3), "Seconds")} if ages else {}
        emit(self._stage, {"EvaluationErrors": (self._errors, "Count"), **age})
        for reason, count in self._reasons.items():
            emit(self._stage, {"Evaluations": (count, "Count")}, Reason=reason)
        self._reasons.clear()
        self._errors = 0


def reason_of(body: bytes) -> str:
    """The reason in an evaluation's answer; `OTHER` where it has none that we know, so that nobody can make metrics."""
    _, found, rest = body.rpartition(b'"reason":"')
    word = rest[: rest.find(b'"')].decode(errors="replace") if found else ""
    return word if word in REASONS else "OTHER"
