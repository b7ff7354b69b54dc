"""Reading members in bulk: a group of ids travels as one text, which is far faster than a row for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from db.database import rows

_SEPARATOR: Final = "\n"  # ids have no control characters


class Group(NamedTuple):
    """Entities of one type that get the same variant; None: that are no members any more."""

    configuration_id: int
    variant: str | None
    entity_type: str
    ids: list[str]


def all_of(configuration_ids: Iterable[int]) -> dict[int, dict[tuple[str, str], list[str]]]:
    """Return the members of these configurations, by variant and type."""
    members: defaultdict[int, dict[tuple[str, str], list[str]]] = defaultdict(dict)
    for group in _read("configuration_id = ANY(%s) AND variant IS NOT NULL", list(configuration_ids)):
        members[group.configuration_id][str(group.variant), group.entity_type] = group.ids
    return members


def touched_after(configuration_ids: Iterable[int], revision: int) -> list[Group]:
    """Return the members of these configurations that were added, changed or removed after a revision."""
    return _read("configuration_id = ANY(%s) AND revision > %s", list(configuration_ids), revision)


def _read(condition: str, configuration_ids: list[int], *parameters: object) -> list[Group]:
    if not configuration_ids:
        return []
    found = rows(
        "SELECT configuration_id, variant, entity_type, string_agg(entity_id, %s) FROM member"
        f" WHERE {condition} GROUP BY configuration_id, variant, entity_type",
        *(_SEPARATOR, configuration_ids, *parameters),
    )
    return [Group(id_, variant, entity_type, ids.split(_SEPARATOR)) for id_, variant, entity_type, ids in found]
