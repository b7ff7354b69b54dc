"""A body that is too large to be held: it is written piece by piece, and read from its start for each attempt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


class LargeBody:
    """Bytes in a file. One thread at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0

    def add(self, piece: bytes | memoryview) -> None:
        """Write the next bytes."""
        self._file.write(piece)
        self._digest.update(piece)
        self._size += len(piece)

    def from_start(self) -> IO[bytes]:
        """Return the file, to be read from its start."""
        self._file.seek(0)
        return self._file

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes, in hex."""
        return self._digest.hexdigest()

    def __len__(self) -> int:
        return self._size


@contextmanager
def large_body() -> Iterator[LargeBody]:
    """Give an empty body for the time of the block; its file has no name, and is gone afterwards."""
    import tempfile  # slow to import, and of no use to those who only read

    with tempfile.TemporaryFile() as file:
        yield LargeBody(file)
