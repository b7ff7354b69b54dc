"""Server-sent events: what a stream says about changes (https://html.spec.whatwg.org/multipage/server-sent-events.html).

Of several changes to a flag only the last is told. The last event of a revision carries `id:`, so whoever comes back
with an id has everything up to that revision, and is told of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import orjson

from api.feeds.news import Position
from api.feeds.snapshot import Snapshot
from db.definitions import summaries
from db.definitions.document import sorted_ids

MAX_MEMBERS = 2_000
MAX_EVENT = 65_536
"""A flag with more members, or more bytes, is not sent: who needs it asks for it."""

MAX_BATCH_BYTES = 1 << 20
"""When so much has been told at once, flags that follow are not sent either: clients may each be behind by another
number of revisions, and then each has an answer of its own on the way.
"""

HEARTBEAT = b": still here\n"
"""A comment, without the blank line that some clients take for an event of no data."""


class Event(NamedTuple):
    """An event, without the id that it may carry."""

    revision: int
    name: str
    data: bytes


def since(now: Snapshot, seen: Position, *, include_definitions: bool) -> bytes:
    """Return the events that lead from what was seen to the present; empty where no answer has changed.

    Where only time has passed, definitions are as they were: who has them knows the time.
    """
    changed = sorted(
        (*updates(now, seen.revision, include_definitions=include_definitions), *deletions(now, seen.revision)),
        key=lambda event: (event.revision, event.data),
    )
    if not changed and now.moment == seen.moment:
        return b""
    if not include_definitions:
        return refetch(now.position)
    return b"".join(with_ids([*changed, refetch_event(now.position)]))


def refetch(now: Position) -> bytes:
    """Return what tells a client to evaluate again, and nothing of what has changed."""
    return b"".join(with_ids([refetch_event(now)]))


def refetch_event(now: Position) -> Event:
    """Return OFREP's event of a change."""
    etag = f'"{now.revision}-{now.moment}"' if now.moment else f'"{now.revision}"'
    return Event(now.revision, "message", orjson.dumps({"type": "refetchEvaluation", "etag": etag}))


def updates(now: Snapshot, seen: int, *, include_definitions: bool) -> Iterator[Event]:
    """Yield the flags touched after a revision."""
    told = 0
    for key, summary in now.summaries.items():
        if summary.revision > seen:
            data = flag_data(now, key, room=told < MAX_BATCH_BYTES) if include_definitions else b""
            told += len(data)
            yield Event(summary.revision, "flag_updated", data)


def deletions(now: Snapshot, seen: int) -> Iterator[Event]:
    """Return the flags that went after a revision."""
    return (Event(at, "flag_deleted", orjson.dumps({"key": key})) for key, at in now.gone.items() if at > seen)


def flag_data(now: Snapshot, key: str, *, room: bool) -> bytes:
    """Return a flag as clients list it, with its definition; only its outlines where it is large or there
    is no room.
    """
    summary = now.summaries[key]
    # Clients of earlier releases know nothing of evaluators that change, but fetch the document when told to.
    if room and summary.member_count <= MAX_MEMBERS and not summary.evaluators:
        told: dict[str, Any] = {
            **summaries.to_json(summary),
            "definition": now.definitions[key],
            "revision": summary.revision,
        }
        data = orjson.dumps(told, default=sorted_ids)
        if len(data) <= MAX_EVENT:
            return data
    outlines = summaries.to_json(summary._replace(users=frozenset()))
    del outlines["targeted_users"]
    outlines["description"] = summary.description
    return orjson.dumps({**outlines, "refetch": True, "revision": summary.revision})


def with_ids(events: list[Event]) -> Iterator[bytes]:
    """Yield the events as they are sent; the last of each revision has its id."""
    for revision, group in groupby(events, key=lambda event: event.revision):
        told = list(group)
        for event in told:
            yield b"event: %s\ndata: %s\n" % (event.name.encode(), event.data)
            yield b"id: %d\n\n" % revision if event is told[-1] else b"\n"


def position(revision: int) -> bytes:
    """Return where a stream stands, for clients to come back with; no event."""
    return b"id: %d\n\n" % revision
