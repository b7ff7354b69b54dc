"""What a write does to members: applied to the table, kept in the change log, and reversed by restore."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from db.database import database
from db.vocabulary import JsonObject

BATCH: Final = 50_000


class Entity(NamedTuple):
    """Who can be a member."""

    type: str
    id: str


Assignments: TypeAlias = "Mapping[Entity, str | None]"
"""The variant that each of some entities gets; None for one that is no member."""


class MemberChanges:
    """From which variant to which one entities go, grouped: (type, from, to) -> ids. None stands for no member."""

    def __init__(self, moves: Iterable[tuple[Entity, str | None, str | None]]) -> None:
        groups: defaultdict[tuple[str, str | None, str | None], list[str]] = defaultdict(list)
        for entity, old, new in moves:
            if old != new:
                groups[entity.type, old, new].append(entity.id)
        self._groups = {
            group: sorted(groups[group]) for group in sorted(groups, key=lambda group: tuple(map(str, group)))
        }

    @classmethod
    def between(cls, current: Assignments, wanted: Assignments) -> MemberChanges:
        """Return what brings the wanted entities from what they get now to what they are to get; nobody else is
        touched.
        """
        return cls((entity, current.get(entity), variant) for entity, variant in wanted.items())

    def __bool__(self) -> bool:
        return bool(self._groups)

    @property
    def added(self) -> int:
        """How many become members."""
        return sum(len(ids) for (_, old, _), ids in self._groups.items() if old is None)

    @property
    def removed(self) -> int:
        """How many stop being members."""
        return sum(len(ids) for (_, _, new), ids in self._groups.items() if new is None)

    @property
    def changed(self) -> int:
        """How many members get another variant."""
        return sum(map(len, self._groups.values())) - self.added - self.removed

    def groups(self) -> Iterator[tuple[str, str | None, list[str]]]:
        """Yield the ids of entities that go the same way: their type, what they get from now on, and they."""
        for (entity_type, _, variant), ids in self._groups.items():
            yield entity_type, variant, ids

    def variants(self) -> set[str]:
        """Return the variants that entities go to."""
        return {new for (_, _, new) in self._groups if new is not None}

    def apply(self, configuration_id: int, revision: int) -> int:
        """Write them to the table, and give by how much the number of members grew."""
        for entity_type, variant, ids in self.groups():
            for start in range(0, len(ids), BATCH):
                _upsert(configuration_id, entity_type, ids[start : start + BATCH], variant, revision)
        return self.added - self.removed

    def to_json(self) -> JsonObject:
        """Return the form of the change log: `added`, `changed` and `removed`, each a list of groups."""
        parts: dict[str, list[JsonObject]] = {"added": [], "changed": [], "removed": []}
        for (entity_type, old, new), ids in self._groups.items():
            if old is None:
                parts["added"].append({"entityType": entity_type, "variant": new, "entityIds": ids})
            elif new is None:
                parts["removed"].append({"entityType": entity_type, "variant": old, "entityIds": ids})
            else:
                parts["changed"].append({"entityType": entity_type, "from": old, "to": new, "entityIds": ids})
        return dict(parts)


def before(logged: Mapping[str, Any]) -> Iterator[tuple[Entity, str | None]]:
    """Yield what the entities of an entry of the change log got before it."""
    for part, old in (("added", None), ("changed", "from"), ("removed", "variant")):
        for group in logged[part]:
            for entity_id in group["entityIds"]:
                yield Entity(group["entityType"], entity_id), group[old] if old else None


def before_all(oldest_first: Iterable[Mapping[str, Any]]) -> dict[Entity, str | None]:
    """Return what entities got before these entries of the change log: the first entry of each tells."""
    got: dict[Entity, str | None] = {}
    for logged in oldest_first:
        for entity, variant in before(logged):
            got.setdefault(entity, variant)
    return got


def current(configuration_id: int, entity_type: str, entity_ids: Sequence[str]) -> dict[Entity, str | None]:
    """Return what these entities of one type get; who is no member may be missing."""
    got: dict[Entity, str | None] = {}
    for start in range(0, len(entity_ids), BATCH):
        cursor = database.execute_sql(
            "SELECT entity_id, variant FROM member"
            " WHERE configuration_id = %s AND entity_type = %s AND entity_id = ANY(%s::text[])",
            (configuration_id, entity_type, list(entity_ids[start : start + BATCH])),
        )
        got.update((Entity(entity_type, entity_id), variant) for entity_id, variant in cursor.fetchall())
    return got


def _upsert(configuration_id: int, entity_type: str, ids: list[str], variant: str | None, revision: int) -> None:
    database.execute_sql(
        "INSERT INTO member (configuration_id, entity_type, entity_id, variant, revision)"
        " SELECT %s, %s, unnest(%s::text[]), %s, %s"
        " ON CONFLICT (configuration_id, entity_type, entity_id)"
        " DO UPDATE SET variant = excluded.variant, revision = excluded.revision",
        (configuration_id, entity_type, ids, variant, revision),
    )
