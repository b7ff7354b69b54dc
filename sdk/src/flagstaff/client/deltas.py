"""What a stream tells, gathered until a revision is whole."""

from __future__ import annotations

import json
from typing import Any

from openfeature.exception import ParseError

from flagstaff.client.sse import ServerSentEvent
from flagstaff.digits import parse_digits


class Updates:
    """The changes since the last whole revision."""

    def __init__(self) -> None:
        self._changed: dict[str, Any] = {}
        self._removed: set[str] = set()
        self.incomplete = False
        """Whether a flag was too large to be told: only the whole document has it."""

    def add(self, event: ServerSentEvent) -> int | None:
        """Take note of an event; returns the revision that is whole with it, if one is. Raises ParseError."""
        if event.name == "flag_updated":
            self._update(parsed(event))
        elif event.name == "flag_deleted":
            key = key_of(parsed(event))
            self._changed.pop(key, None)
            self._removed.add(key)
        if event.id is None:
            return None
        revision = parse_digits(event.id)
        if revision is None:
            raise ParseError(f"the stream has an event with the id {event.id[:50]!r}")
        return revision

    def take(self) -> tuple[dict[str, Any], set[str]]:
        """Return the definitions that changed, and the keys that went; from here on it gathers anew."""
        taken = self._changed, self._removed
        self._changed, self._removed = {}, set()
        return taken

    def _update(self, told: dict[str, Any]) -> None:
        key = key_of(told)
        self._removed.discard(key)
        if told.get("refetch") is True:
            self.incomplete = True
        elif isinstance(told.get("definition"), dict):
            self._changed[key] = told["definition"]
        else:
            raise ParseError("the stream has a flag without its definition")


def parsed(event: ServerSentEvent) -> dict[str, Any]:
    """Return what an event says. Raises ParseError."""
    try:
        told = json.loads(event.data)
    except (ValueError, RecursionError) as wrong:
        raise ParseError(f"the stream has an event that is not JSON: {wrong}") from wrong
    if not isinstance(told, dict):
        raise ParseError("the stream has an event that is no object")
    return told


def key_of(told: dict[str, Any]) -> str:
    """Return the flag that an event is about. Raises ParseError."""
    key = told.get("key")
    if not isinstance(key, str):
        raise ParseError("the stream has an event without a flag's key")
    return key
