"""Remember what each person used last, so that a form or a turn of the sidebar begins with it."""

from __future__ import annotations

from typing import Final

MAX_PEOPLE: Final = 10_000


class LastUsed:
    """One thing of each person, by e-mail address, for as long as the process lives."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}
        """The longest unchanged first."""

    def remember(self, person: str, used: str) -> None:
        """Note what somebody uses."""
        self._last.pop(person, None)
        self._last[person] = used
        if len(self._last) > MAX_PEOPLE:
            del self._last[next(iter(self._last))]

    def of(self, person: str, default: str) -> str:
        """Return what somebody used last, else the default."""
        return self._last.get(person, default)
