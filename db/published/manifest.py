"""What an environment consists of: `manifest/ENV.json`, which is replaced, and `parts/SHA256`, which never are.

The flags of an environment are in the order of their keys, and each part has those from its `first` one on, up to the
next part's. So an edit needs one part and the manifest. A part of a few flags is in the manifest itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

MANIFESTS_FOLDER: Final = "manifest/"
PARTS_FOLDER: Final = "parts/"
FORMAT: Final = 1
"""Raised by a release whose manifests or parts this one would misread."""


class Part(NamedTuple):
    """Some flags of an environment."""

    flags: Mapping[str, Any]
    """flagd definitions by key, in order."""
    listed: Mapping[str, Any]
    """What the list of boolean flags says of them besides, by key: `id`, `description`, `rollout_percentage`."""

    @classmethod
    def from_json(cls, said: object) -> Part:
        """Read an object that has these two. Raises ValueError for anything else."""
        match said:
            case {"flags": dict(flags), "listed": dict(listed)}:
                return cls(flags, listed)
        raise ValueError("this is no part of an environment")


@dataclass(frozen=True, slots=True)
class PartRef:
    """A part, as a manifest has it."""

    first: str
    """The key of its first flag."""
    count: int
    """How many flags it has."""
    size: int
    """Bytes of it."""
    digest: str
    """Its SHA-256 in hex, by which it is called; empty where the manifest has it itself."""
    content: Part | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON can carry it; `from_json` reads it back."""
        about = {"first": self.first, "count": self.count, "size": self.size}
        return {**about, **(self.content._asdict() if self.content else {"part": self.digest})}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> PartRef:
        """Read what `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        about = str(said["first"]), int(said["count"]), int(said["size"])
        if "part" in said:
            return cls(*about, str(said["part"]))
        return cls(*about, "", Part.from_json(said))


class RetiredPart(NamedTuple):
    """A part that an earlier manifest had: who has just read that one may still want it."""

    digest: str
    since: datetime


class Manifest(NamedTuple):
    """An environment at one revision."""

    environment: str
    revision: int
    history: str
    """The change that it was made after, by which a database that was set back is told from one that went on."""
    metadata: Mapping[str, Any]
    """The flagd document's own."""
    parts: Sequence[PartRef]
    retired: Sequence[RetiredPart] = ()

    @property
    def size(self) -> int:
        """Bytes of all parts, which is about what the whole document has."""
        return sum(part.size for part in self.parts)

    @property
    def digests(self) -> list[str]:
        """The names of all parts that belong to the environment, of those that nobody needs any more too."""
        return [part.digest for part in self.parts if part.digest] + [part.digest for part in self.retired]

    def to_bytes(self) -> bytes:
        """As it is stored."""
        retired = [{"part": part.digest, "since": part.since.isoformat()} for part in self.retired]
        parts = [part.to_json() for part in self.parts]
        return orjson.dumps({"format": FORMAT, **self._asdict(), "parts": parts, "retired": retired})

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read what `to_bytes` wrote. Raises ValueError for anything else, and for the format of a later release."""
        said = orjson.loads(data)
        try:
            if said["format"] != FORMAT:
                raise ValueError(f"this manifest has the format {said['format']!r}, and {FORMAT} is known here")
            metadata, revision = dict(said["metadata"]), int(said["revision"])
            parts = [PartRef.from_json(part) for part in said["parts"]]
            retired = [RetiredPart(part["part"], datetime.fromisoformat(part["since"])) for part in said["retired"]]
            return cls(str(said["environment"]), revision, str(said["history"]), metadata, parts, retired)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no manifest: {error!r}") from error


def manifest_object(environment: str) -> str:
    """Return the name of an environment's manifest in the bucket."""
    return f"{MANIFESTS_FOLDER}{environment}.json"


def part_object(digest: str) -> str:
    """Return the name of a part in the bucket."""
    return f"{PARTS_FOLDER}{digest}"
