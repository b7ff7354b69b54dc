"""Server-sent events, read (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class ServerSentEvent(NamedTuple):
    """An event. Without data it only tells how far the stream is."""

    name: str
    data: str
    id: str | None
    """As this very event gives it; None where it gives none."""


def events(lines: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Yield the events of a stream; what an unfinished one began with is dropped. Comments count for nothing."""
    name, data, identity = "", [], None  # type: str, list[str], str | None
    for line in lines:
        if not line:
            if data or identity is not None:
                yield ServerSentEvent(name or "message", "\n".join(data), identity)
            name, data, identity = "", [], None
            continue
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            identity = value
