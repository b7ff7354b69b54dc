"""What client keys are told of an environment: that something which they see has changed, and nothing else."""

from __future__ import annotations

from api.feeds import events
from api.feeds.news import News, Position


class ClientFeed(News):
    """One environment as client keys know it. Who waits here is not even woken by what they do not see."""

    def __init__(self, revision: int) -> None:
        super().__init__()
        self._position = Position(revision)

    @property
    def position(self) -> Position:
        return self._position

    def since(self, seen: Position, *, include_definitions: bool) -> tuple[Position, bytes]:
        now = self._position
        return now, b"" if now == seen else events.refetch(now)

    def go_on(self, position: Position) -> None:
        """Be at this position, and wake who waits if that is another one."""
        if position != self._position:
            self._position = position
            self.wake()
