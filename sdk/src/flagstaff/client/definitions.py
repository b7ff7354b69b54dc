"""The definitions in use: a whole document or changes in, an engine and the keys that changed out. Never goes back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from openfeature.exception import ParseError

from flagstaff.engine.engine import Engine


class Definitions:
    """One environment's flags at one revision.

    Args:
        document: a flagd document as Flagstaff writes it: JSON text, with its revision in the metadata.

    Raises:
        ParseError: it is not that.
    """

    def __init__(self, document: bytes) -> None:
        parsed = read(document)
        self.flags: dict[str, Any] = parsed["flags"]
        self.metadata: dict[str, Any] = parsed["metadata"]
        self.shared: Mapping[str, Any] = parsed.get("$evaluators") or {}
        self.engine = Engine({**parsed, "metadata": carried(self.metadata)})

    @property
    def revision(self) -> int:
        """Grows by one with each write to the environment."""
        return int(self.metadata["revision"])

    @property
    def etag(self) -> str:
        """What tells the server that we have this revision."""
        return f'"{self.revision}"'

    def follows(self, before: Definitions) -> bool:
        """Tell whether these may take the place of others: not, where they are of an earlier revision."""
        elsewhere = self.metadata.get("environment") != before.metadata.get("environment")
        return elsewhere or self.revision >= before.revision

    def difference(self, before: Definitions) -> list[str]:
        """Return the keys that changed, came or went."""
        keys = self.flags.keys() | before.flags.keys()
        return sorted(key for key in keys if self.flags.get(key) != before.flags.get(key))

    def update(self, changed: Mapping[str, Any], removed: Iterable[str], revision: int) -> list[str]:
        """Take in what became of flags up to a revision; returns the keys that changed. Raises ParseError."""
        gone = [key for key in removed if key in self.flags and key not in changed]
        new = {key: flag for key, flag in changed.items() if self.flags.get(key) != flag}
        metadata = {**self.metadata, "revision": revision, "version": str(revision)}
        self.engine.update(new, gone, carried(metadata))
        flags = {**self.flags, **new}
        for key in gone:
            del flags[key]
        self.flags, self.metadata = flags, metadata
        return sorted([*new, *gone])

    def to_json(self) -> bytes:
        """Return the document, to be kept for later."""
        shared = {"$evaluators": self.shared} if self.shared else {}
        return json.dumps({"flags": self.flags, **shared, "metadata": self.metadata}, separators=(",", ":")).encode()


def read(document: bytes) -> dict[str, Any]:
    """Return a document with flags and a revision. Raises ParseError for anything else."""
    try:
        parsed: Any = json.loads(document)
    except (ValueError, RecursionError) as wrong:
        raise ParseError(f"the definitions are not JSON: {wrong}") from wrong
    metadata = parsed.get("metadata") if isinstance(parsed, dict) else None
    if not isinstance(metadata, dict) or not isinstance(parsed.get("flags"), dict):
        raise ParseError("the definitions are no flagd document of Flagstaff")
    revision = metadata.get("revision")
    if not isinstance(revision, int) or isinstance(revision, bool) or revision < 0:
        raise ParseError("the definitions have no revision")
    return dict(parsed)


def carried(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document's metadata that answers carry: without its version, which would make each change one of all
    flags.

    The revision stays: flags have one of their own in its place.
    """
    return {name: value for name, value in metadata.items() if name != "version"}
