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
    """What the list of boolean flags says of them, by key; `targeted_users` only where their targeting does not."""
    evaluators: Mapping[str, Any] = {}
    """Members of the document's `$evaluators`, by name. Each of those has a part of its own, for all flags."""

    @classmethod
    def from_json(cls, said: object) -> Part:
        """Read an object that has these. Raises ValueError for anything else."""
        match said:
            case {"flags": dict(flags), "listed": dict(listed), "evaluators": dict(evaluators)}:
                return cls(flags, listed, evaluators)
        raise ValueError("this is no part of an environment")


@dataclass(frozen=True, slots=True)
class PartRef:
    """A part, as a manifest has it."""

    first: str
    """The key of its first flag; the name of its evaluator, where it has one."""
    count: int
    """How many flags it has."""
    size: int
    """Bytes of it."""
    digest: str
    """Its SHA-256 in hex, by which it is called; empty where the manifest has it itself."""
    content: Part | None = None
    evaluators: Sequence[str] = ()
    """The names of the evaluators that its flags refer to."""

    def to_json(self) -> dict[str, Any]:
        """As JSON can carry it; `from_json` reads it back."""
        about = {"first": self.first, "count": self.count, "size": self.size, "uses": list(self.evaluators)}
        return {**about, **({"content": self.content._asdict()} if self.content else {"part": self.digest})}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> PartRef:
        """Read what `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        content = Part.from_json(said["content"]) if "content" in said else None
        digest = "" if content else str(said["part"])
        return cls(str(said["first"]), int(said["count"]), int(said["size"]), digest, content, list(said["uses"]))


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
    """Those of the flags, in order."""
    evaluators: Sequence[PartRef] = ()
    """Those of the document's `$evaluators`, by name, in order."""
    retired: Sequence[RetiredPart] = ()

    @property
    def all_parts(self) -> list[PartRef]:
        """Those of the flags and of the evaluators."""
        return [*self.parts, *self.evaluators]

    @property
    def size(self) -> int:
        """Bytes of all parts, which is about what the whole document has."""
        return sum(part.size for part in self.all_parts)

    @property
    def digests(self) -> list[str]:
        """The names of all parts that belong to the environment, of those that nobody needs any more too."""
        return [part.digest for part in self.all_parts if part.digest] + [part.digest for part in self.retired]

    def to_bytes(self) -> bytes:
        """As it is stored."""
        retired = [{"part": part.digest, "since": part.since.isoformat()} for part in self.retired]
        lists = {name: [part.to_json() for part in getattr(self, name)] for name in ("parts", "evaluators")}
        return orjson.dumps({"format": FORMAT, **self._asdict(), **lists, "retired": retired})

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read what `to_bytes` wrote. Raises ValueError for anything else, and for the format of a later release."""
        said = orjson.loads(data)
        try:
            if said["format"] != FORMAT:
                raise ValueError(f"this manifest has the format {said['format']!r}, and {FORMAT} is known here")
            about = str(said["environment"]), int(said["revision"]), str(said["history"]), dict(said["metadata"])
            parts = [PartRef.from_json(part) for part in said["parts"]]
            evaluators = [PartRef.from_json(part) for part in said["evaluators"]]
            retired = [RetiredPart(part["part"], datetime.fromisoformat(part["since"])) for part in said["retired"]]
            return cls(*about, parts, evaluators, retired)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no manifest: {error!r}") from error


def manifest_object(environment: str) -> str:
    """Return the name of an environment's manifest in the bucket."""
    return f"{MANIFESTS_FOLDER}{environment}.json"


def part_object(digest: str) -> str:
    """Return the name of a part in the bucket."""
    return f"{PARTS_FOLDER}{digest}"
