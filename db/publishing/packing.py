"""Which flags share a part: those of neighbouring keys, as many as make a part worth a request."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from db.definitions import summaries
from db.definitions.ranges import FlagInEnvironment
from db.published.flag_list import listed_users
from db.published.manifest import PartRef
from db.vocabulary import JsonValue, ValueType

FULL: Final = 256 << 10
"""Bytes of a part that is written anew: an environment of 40 MB has 160 of them."""
TOO_LARGE: Final = 2 * FULL
"""Bytes from which on a part is split, so that one that grows is not split by every edit."""


class EncodedFlag(NamedTuple):
    """A flag as a part has it."""

    key: str
    definition: bytes
    listed: bytes | None
    """What the list of boolean flags says of it; None of other flags."""
    evaluators: Collection[str] = ()
    """The names of those that it refers to."""

    @property
    def size(self) -> int:
        """Bytes of both."""
        return len(self.definition) + len(self.listed or b"")

    @classmethod
    def of(cls, flag: FlagInEnvironment) -> EncodedFlag:
        """Encode a flag."""
        definition = orjson.dumps(flag.definition)
        return cls(flag.key, definition, _listed(flag), tuple(flag.evaluators))


def _listed(flag: FlagInEnvironment) -> bytes | None:
    if flag.summary.value_type is not ValueType.BOOLEAN:
        return None
    said = summaries.to_json(flag.summary)
    # They are in the targeting as a rule, and may be many.
    if said["targeted_users"] == listed_users(flag.definition):
        del said["targeted_users"]
    return orjson.dumps(said)


class Range(NamedTuple):
    """Keys from `first` on, up to `until` or to the last."""

    first: str
    until: str | None


def part_bytes(
    environment: str, flags: Sequence[EncodedFlag] = (), evaluators: Mapping[str, JsonValue] | None = None
) -> bytes:
    """Return a part as it is stored. It names its environment, so that no two environments share one."""
    definitions: dict[str, Any] = {flag.key: orjson.Fragment(flag.definition) for flag in flags}
    listed = {flag.key: orjson.Fragment(flag.listed) for flag in flags if flag.listed}
    part = {"flags": definitions, "listed": listed, "evaluators": evaluators or {}}
    return orjson.dumps({"environment": environment, **part})


def packed(flags: Iterable[EncodedFlag]) -> Iterator[list[EncodedFlag]]:
    """Give the flags of each part. One that alone is larger than a part has one of its own."""
    waiting, size = list[EncodedFlag](), 0
    for flag in flags:
        waiting.append(flag)
        size += flag.size
        while len(waiting) > 1 and size > TOO_LARGE:
            full = waiting[: _filling(waiting)]
            del waiting[: len(full)]
            size -= sum(each.size for each in full)
            yield full
    if waiting:
        yield waiting


def _filling(flags: Sequence[EncodedFlag]) -> int:
    """Return how many of the flags fill a part; one at least."""
    size = 0
    for count, flag in enumerate(flags):
        size += flag.size
        if count and size > FULL:
            return count
    return len(flags)


def to_remake(parts: Sequence[PartRef], touched: Collection[str] | None) -> list[PartRef | Range]:
    """Return the parts that stay, and in their places the ranges of those that have touched keys; None: all have.

    Neighbours become one range as long as they fit into one part.
    """
    if not parts:
        return [Range("", None)]
    edges = ["", *(part.first for part in parts[1:])]
    affected = range(len(parts)) if touched is None else {bisect_right(edges, key) - 1 for key in touched}
    found: list[PartRef | Range] = []
    size = 0
    for index, (part, until) in enumerate(zip(parts, [*edges[1:], None], strict=True)):
        last = found[-1] if found else None
        if index not in affected:
            found.append(part)
        elif isinstance(last, Range) and size + part.size <= FULL:
            found[-1], size = Range(last.first, until), size + part.size
        else:
            found.append(Range(edges[index], until))
            size = part.size
    return found
