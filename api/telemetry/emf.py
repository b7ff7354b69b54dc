"""What the evaluation function counts, written as metrics now and then."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.telemetry.counters import Counters
from db.process.metrics import emit

EVERY_SECONDS: Final = 10.0
"""How often counts are written at most; a line for each evaluation would cost more than evaluating."""

STATUS: Final = Path("/proc/self/status")
"""What Linux says of this process: proc_pid_status(5)."""


class EvaluationMetrics:
    """Writes how many flags were evaluated, by reason, and how many answers were errors of ours."""

    def __init__(self, stage: str, counters: Counters) -> None:
        self._stage = stage
        self._counters = counters
        self._written = counters.evaluations()
        self._errors = 0
        self._written_at = -EVERY_SECONDS

    def answered(self, status: int) -> None:
        """Count an evaluation that was answered with this status."""
        if status >= 500:
            self._errors += 1

    def write(self, ages: Mapping[str, float], *, now: float | None = None) -> None:
        """Write what was counted, if the last line is long enough ago. What is left when a process ends is lost."""
        moment = time.monotonic() if now is None else now
        if moment - self._written_at < EVERY_SECONDS and not self._errors:
            return
        self._written_at = moment
        age = {"DefinitionsAge": (round(max(ages.values()), 3), "Seconds")} if ages else {}
        memory = {"MemoryPeak": (peak_of_memory(), "Megabytes")}
        emit(self._stage, {"EvaluationErrors": (self._errors, "Count"), **memory, **age})
        evaluations = self._counters.evaluations()
        for reason, count in evaluations.items():
            if new := count - self._written[reason]:
                emit(self._stage, {"Evaluations": (new, "Count")}, Reason=reason)
        self._written, self._errors = evaluations, 0


def peak_of_memory() -> int:
    """Return the most memory that this process has had, in MB; 0 where there is no /proc, so no Lambda either.

    Not getrusage(2): that begins with what the process had that this one was forked from.
    """
    if not STATUS.exists():
        return 0
    peak = re.search(r"^VmHWM:\s+([0-9]+) kB$", STATUS.read_text(), re.MULTILINE)
    return int(peak[1]) >> 10 if peak else 0
