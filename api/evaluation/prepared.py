"""The JSON of answers that are given again and again, made once.

An engine gives the same `Evaluation` object for the same answer of a flag, so an object stands for its JSON.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from flagstaff.engine import Evaluation

MAX_KEPT = 20_000
"""Answers that are kept; when there are more, all are forgotten. A flag has about two for each variant."""

MAX_BYTES = 512
"""The size of an answer that is kept: more than 10 MB are never held."""


class PreparedAnswers:
    """Writes answers about flags as JSON, and remembers the short ones."""

    def __init__(self, write: Callable[[str, Evaluation], object]) -> None:
        self._write = write
        self._kept: dict[int, tuple[str, Evaluation, orjson.Fragment]] = {}

    def json_of(self, key: str, answer: Evaluation) -> orjson.Fragment:
        """Return what `write` makes of a flag's answer, as JSON to be put into a larger answer."""
        kept = self._kept.get(id(answer))
        if kept is not None and kept[1] is answer and kept[0] == key:
            return kept[2]
        text = orjson.dumps(self._write(key, answer))
        fragment = orjson.Fragment(text)
        if len(text) <= MAX_BYTES and answer.error_code is None:  # errors are made each time
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[id(answer)] = key, answer, fragment
        return fragment
