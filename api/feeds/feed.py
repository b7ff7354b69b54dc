"""What SDKs are told of an environment: the whole document, and what became of it since a revision they have seen.

Snapshots are never changed, only replaced, so that a reader sees one revision whole and takes no part in refreshing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from api.feeds import events
from api.feeds.document import Document, etag_of
from api.feeds.snapshot import Position, Snapshot, after, snapshot_of
from db.definitions import summaries
from db.definitions.document import to_bytes, whole
from db.definitions.reader import Delta
from flagstaff.targeting import Known

MAX_BATCHES_BYTES = 16 << 20
"""How much of ready-made answers to "what is new since …" is kept. Nearly all streams ask for the same one."""


class Feed:
    """One environment, kept current by one thread and read by many."""

    def __init__(self, delta: Delta) -> None:
        self.now = snapshot_of(delta)
        self._news = threading.Condition()
        self._subscribers: list[Callable[[], object]] = []
        self._making = threading.Lock()
        self._document: tuple[Snapshot, Document] | None = None
        self._batches: dict[tuple[Position, bool], tuple[Snapshot, bytes]] = {}

    @property
    def etag(self) -> str:
        """The entity tag of the document: its revision."""
        return etag_of(self.now.revision)

    @property
    def known(self) -> Known:
        """What the definitions refer to is called."""
        return self.now.known

    def take_in(self, delta: Delta) -> None:
        """Go on to the next revision, and wake who waits for it."""
        now = snapshot_of(delta)
        with self._news:
            if not delta.complete:
                if now.revision == self.now.revision:
                    return
                now = after(self.now, now)
            self.now = now
            self._document, self._batches = None, {}  # they may be large, and nobody may ask again
        self.wake()

    def pass_moment(self, moment: int) -> None:
        """Say that answers are others from this moment on, at the same revision, and wake who waits."""
        with self._news:
            self.now = self.now._replace(moment=moment)
            self._batches = {}
        self.wake()

    def subscribe(self, wake: Callable[[], object]) -> None:
        """Have this called, in any thread and for as long as the feed lasts, whenever who waits is to look again."""
        self._subscribers.append(wake)

    def wake(self) -> None:
        """Wake everyone who waits, whether or not anything is new."""
        with self._news:
            self._news.notify_all()
        for wake in list(self._subscribers):
            wake()

    def wait(self, seen: Position, seconds: float) -> Snapshot:
        """Return the environment as it is now; where that is what was seen, as it is after some seconds or the next
        change.
        """
        with self._news:
            if self.now.position == seen:
                self._news.wait(seconds)
            return self.now

    def document(self) -> Document:
        """Return the whole document, made once for each revision."""
        now = self.now
        made = self._document
        if made is None or made[0].definitions is not now.definitions:
            with self._making:
                made = self._document
                if made is None or made[0].definitions is not now.definitions:
                    self._document = made = (now, written(now))
        return made[1]

    @property
    def has_document(self) -> bool:
        """Whether the document of the present revision has been made already."""
        made = self._document
        return made is not None and made[0].definitions is self.now.definitions

    def flags(self) -> bytes:
        """Return the list of the boolean flags."""
        now = self.now
        return summaries.to_bytes(now.summaries.values(), now.revision)

    def batch(self, seen: Position, *, include_definitions: bool) -> tuple[Snapshot, bytes]:
        """Return the present state, and the events that lead there from what was seen, the flags with or without
        definitions.
        """
        now = self.now
        made = self._batches.get((seen, include_definitions))
        if made is None or made[0] is not now:
            with self._making:
                made = self._batches.get((seen, include_definitions))
                if made is None or made[0] is not now:
                    made = (now, events.since(now, seen, include_definitions=include_definitions))
                    self._keep((seen, include_definitions), made)
        return made

    def _keep(self, name: tuple[Position, bool], made: tuple[Snapshot, bytes]) -> None:
        """Keep an answer beside the latest ones of the same revision, as far as there is room."""
        kept, room = {name: made}, MAX_BATCHES_BYTES - len(made[1])
        if room < 0:
            return
        for other, batch in reversed(self._batches.items()):
            if batch[0] is made[0] and len(batch[1]) <= room:
                kept[other] = batch
                room -= len(batch[1])
        self._batches = dict(reversed(kept.items()))


def written(snapshot: Snapshot) -> Document:
    """Return the document of a snapshot, as `db.definitions.document.document` would have it."""
    plain = to_bytes(whole(snapshot.definitions, snapshot.metadata, snapshot.evaluators))
    document = Document(snapshot.revision, plain)
    _ = document.compressed  # made now, by one thread: many clients are about to ask for it at once
    return document
