"""One difference between two states, in words."""

from __future__ import annotations

from typing import Final, NamedTuple

from db.wording import phrases

MAX_SUMMARY: Final = 500
"""Characters of a summary."""
REMOVED: Final = "removed"
"""How `what` ends for something that is gone."""


class Line(NamedTuple):
    """One thing that differs."""

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        if self.what.endswith(REMOVED) or self.before == self.after:
            return f"{self.what}: {self.before}"
        if not self.before or not self.after:
            return f"{self.what}: {self.before and f'was {self.before}'}{self.after}"
        return f"{self.what}: {self.before} → {self.after}"

    def shortened(self) -> Line:
        """Cut the line to what a summary has room for."""
        return Line(*(phrases.short(text, MAX_SUMMARY) for text in self))
