"""What SDKs are told of an environment: the whole document, and what became of it since a revision they have seen.

Snapshots are never changed, only replaced, so that a reader sees one revision whole and takes no part in refreshing.
"""

from __future__ import annotations

import threading

from api.feeds import events
from api.feeds.client_feed import ClientFeed
from api.feeds.document import Document, etag_of
from api.feeds.news import News, Position
from api.feeds.snapshot import Snapshot, after, snapshot_of
from db.definitions import summaries
from db.definitions.document import to_bytes, whole
from db.definitions.reader import Delta
from flagstaff.targeting import Known

MAX_BATCHES_BYTES = 16 << 20
"""How much of ready-made answers to "what is new since …" is kept. Nearly all streams ask for the same one."""


class Feed(News):
    """One environment, kept current by one thread and read by many."""

    def __init__(self, delta: Delta) -> None:
        super().__init__()
        self.now = snapshot_of(delta)
        self.for_clients = ClientFeed(delta.client_revision)
        """The same environment as client keys are told of it."""
        self._making = threading.Lock()
        self._document: tuple[Snapshot, Document] | None = None
        self._batches: dict[tuple[Position, bool], tuple[Snapshot, bytes]] = {}

    @property
    def position(self) -> Position:
        return self.now.position

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
        self.for_clients.go_on(self.for_clients.position._replace(revision=delta.client_revision))

    def pass_moment(self, moment: int, *, for_clients: bool) -> None:
        """Say that answers are others from this moment on, at the same revision, and wake who waits.

        Args:
            for_clients: whether client keys have other answers too.
        """
        with self._news:
            self.now = self.now._replace(moment=moment)
            self._batches = {}
        self.wake()
        if for_clients:
            self.for_clients.go_on(self.for_clients.position._replace(moment=moment))

    def wake_all(self) -> None:
        """Wake everyone who waits, client keys too: the feed may be about to end."""
        self.wake()
        self.for_clients.wake()

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

    def since(self, seen: Position, *, include_definitions: bool) -> tuple[Position, bytes]:
        now, told = self.batch(seen, include_definitions=include_definitions)
        return now.position, told

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
