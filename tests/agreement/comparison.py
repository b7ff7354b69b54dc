"""Comparing an evaluator's answers with our engine's, but for the known differences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.agreement.differences import DIFFERENCES
from tests.agreement.edited_flags import EditedFlag
from tests.agreement.evaluators import Answers, Ask, Context, Evaluator, ours

MAX_SHOWN = 20


class Comparison:
    """What was compared with one evaluator so far."""

    def __init__(self, evaluator: Evaluator, ask: Ask) -> None:
        self.evaluator = evaluator
        self.pairs = 0
        """Flags with contexts in which no known difference applies."""
        self.occurred: Counter[str] = Counter()
        """How often each known difference was one."""
        self._ask = ask
        self._known = [each for each in DIFFERENCES if evaluator in each.evaluators]

    def compare(self, flags: Sequence[EditedFlag], contexts: Sequence[Context], now: float | None = None) -> Answers:
        """Ask both about all flags for all contexts; fails where they differ in an unknown way. Gives their answers.

        With `now`, both take that for the time, in seconds since 1970.
        """
        mine, theirs = ours(self.evaluator.bucketing)(flags, contexts, now), self._ask(flags, contexts, now)
        wrong = [
            f"{flag} {context}: ours {one}, theirs {other}"
            for flag in flags
            for context, one, other in zip(contexts, mine[flag.key], theirs[flag.key], strict=True)
            if not self._agree(flag, context, _comparable(one) == _comparable(other))
        ]
        assert not wrong, "\n".join([f"{self.evaluator.name} differs {len(wrong)} times:", *wrong[:MAX_SHOWN]])
        return theirs

    def _agree(self, flag: EditedFlag, context: Context, same: bool) -> bool:
        known = [each.name for each in self._known if each.applies(flag, context)]
        self.pairs += not known
        if not same:
            self.occurred.update(known)
        return same or bool(known)


def _comparable(answer: Sequence[Any]) -> str:
    """Write an answer as JSON, so that true and 1 differ, and a whole number is the same with and without a point."""
    variant, value, error = answer
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return json.dumps([variant, float(value) if is_integer else value, error], sort_keys=True)
