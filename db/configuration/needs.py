"""Which flags of an environment need which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from db.database import rows
from db.writing import EnvironmentRef
from flagstaff.targeting import Prerequisite


class Needing(NamedTuple):
    """A flag of one environment that has prerequisites."""

    configuration_id: int
    key: str
    prerequisites: Sequence[Prerequisite]


NeededBy: TypeAlias = Mapping[str, Sequence[str]]
"""The flags that need one flag, by their keys, with the variants of which it has to serve one."""


@dataclass(frozen=True)
class Needs:
    """The live flags of an environment that have prerequisites, in the order of their keys."""

    environment: EnvironmentRef
    flags: Sequence[Needing]

    @classmethod
    def read(cls, environment: EnvironmentRef) -> Needs:
        """Read them, inside the caller's transaction."""
        found = rows(
            "SELECT c.id, f.key, c.prerequisites FROM configuration c JOIN flag f ON f.id = c.flag_id"
            " WHERE c.environment_id = %s AND c.prerequisites <> '[]'::jsonb AND f.archived_at IS NULL ORDER BY f.key",
            environment.id,
        )
        return cls(
            environment, [Needing(id_, key, tuple(map(Prerequisite.from_json, needs))) for id_, key, needs in found]
        )

    def of(self, key: str) -> Iterator[tuple[str, Prerequisite]]:
        """Yield the flags that need this one, and what each needs of it."""
        for flag in self.flags:
            for prerequisite in flag.prerequisites:
                if prerequisite.flag == key:
                    yield flag.key, prerequisite

    def by_flag(self) -> Mapping[str, NeededBy]:
        """Return what needs each flag, by the key of that flag."""
        found: defaultdict[str, dict[str, Sequence[str]]] = defaultdict(dict)
        for flag in self.flags:
            for prerequisite in flag.prerequisites:
                found[prerequisite.flag][flag.key] = prerequisite.variants
        return found

    def dependants(self, keys: Collection[str]) -> list[Needing]:
        """Return the flags that need one of these flags, or a flag that does."""
        reached = set(keys)
        found: set[str] = set()
        while latest := {
            flag.key
            for flag in self.flags
            if flag.key not in found and any(prerequisite.flag in reached for prerequisite in flag.prerequisites)
        }:
            found |= latest
            reached |= latest
        return [flag for flag in self.flags if flag.key in found]

    def circle(self, key: str) -> list[str] | None:
        """Return the way from a flag back to itself; None where there is none."""
        needs = {flag.key: [prerequisite.flag for prerequisite in flag.prerequisites] for flag in self.flags}
        ways = [[key]]
        seen: set[str] = set()
        while ways:
            way = ways.pop()
            for needed in needs.get(way[-1], ()):
                if needed == key:
                    return [*way, key]
                if needed not in seen:
                    seen.add(needed)
                    ways.append([*way, needed])
        return None
