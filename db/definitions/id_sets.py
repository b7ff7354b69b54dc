"""Large sets of ids that change a little: a base that is shared, and what was added to it and removed from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set
from itertools import chain
from typing import Final

SMALL: Final = 50_000
"""A set of up to so many ids is simply made anew, in a few milliseconds: plain sets answer faster."""

MAX_OVERLAY: Final = 1 / 16
"""The share of the base at which what was added and removed is folded into a new base."""


class EntityIds(Set[str]):
    """A set that is never changed: evaluations go on with the one they began with, whatever comes after it."""

    __slots__ = ("_added", "_base", "_removed")

    def __init__(self, base: frozenset[str], added: frozenset[str], removed: frozenset[str]) -> None:
        self._base = base
        self._added = added  # none of them in the base
        self._removed = removed  # all of them in the base

    def __contains__(self, entity_id: object) -> bool:
        return entity_id in self._added or (entity_id in self._base and entity_id not in self._removed)

    def __iter__(self) -> Iterator[str]:
        return chain((entity_id for entity_id in self._base if entity_id not in self._removed), self._added)

    def __len__(self) -> int:
        return len(self._base) - len(self._removed) + len(self._added)

    @classmethod
    def _from_iterable(cls, iterable: Iterable[str]) -> frozenset[str]:  # type: ignore[override]
        return frozenset(iterable)


def changed(ids: Set[str], *, added: Collection[str], removed: Collection[str]) -> Set[str]:
    """Return the set with these ids more and those less; takes time for the change, not for the whole of a
    large set.
    """
    base, more, less = _parts(ids)
    more = (more | (frozenset(added) - base)).difference(removed)
    less = less.difference(added) | base.intersection(removed)
    if len(base) <= SMALL or len(more) + len(less) > len(base) * MAX_OVERLAY:
        return (base - less) | more
    return EntityIds(base, more, less)


def _parts(ids: Set[str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    if isinstance(ids, EntityIds):
        return ids._base, ids._added, ids._removed
    return frozenset(ids), frozenset(), frozenset()
