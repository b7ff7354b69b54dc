"""A flagd document as it is sent to SDKs: neither Flask nor Peewee is imported."""

from __future__ import annotations

import zlib
from functools import cached_property
from typing import Final

GZIP: Final = 31
"""What zlib calls a gzip file: https://docs.python.org/3/library/zlib.html#zlib.compress"""


class Document:
    """The document of one revision: its bytes, and what tells it from that of any other revision."""

    def __init__(self, revision: int, plain: bytes) -> None:
        self.etag = etag_of(revision)
        self.plain = plain

    @cached_property
    def compressed(self) -> bytes:
        """The document as gzip has it, made when it is first asked for."""
        return zlib.compress(self.plain, level=6, wbits=GZIP)


def etag_of(revision: int) -> str:
    """Return the entity tag of a document at this revision."""
    return f'"{revision}"'
