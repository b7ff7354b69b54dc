"""What configurations of an environment refer to: segments, the flags that they need, and layers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from db.configuration.flag_rows import FlagRow, live_flag_rows
from db.configuration.layer_ranges import live_layers
from db.database import rows
from flagstaff.targeting import Catalog, Members, Segment
from flagstaff.targeting.conditions import Test, from_json

MembersOf = Callable[[Sequence[FlagRow]], Mapping[int, Members]]
"""From flags to their members, by the ids of the configurations."""

ToIds = Callable[[list[str]], Collection[str]]
"""Makes ids what they are to be: `sorted`, or `frozenset`, which is ready for evaluating."""

_SEPARATOR: Final = "\n"  # ids have no control characters


def read_catalog(
    environment_id: int, flags: Sequence[FlagRow], members_of: MembersOf, *, ids_as: ToIds | None = sorted
) -> Catalog:
    """Read what these flags of an environment refer to, and what that refers to, inside the caller's snapshot."""
    needed: dict[str, FlagRow] = {}
    latest = flags
    while wanted := {each.flag for flag in latest for each in flag.prerequisites} - needed.keys():
        latest = live_flag_rows(environment_id, wanted)
        needed |= {flag.key: flag for flag in latest}
    every = [*flags, *needed.values()]
    segments = _live_segments({key for flag in every for key in flag.segments}, ids_as=ids_as)
    layers = live_layers({flag.layer.layer for flag in every if flag.layer})
    members = members_of(list(needed.values())) if needed else {}
    configurations = {key: flag.configuration(members.get(flag.id, {})) for key, flag in needed.items()}
    return Catalog(segments, configurations, layers)


def _live_segments(keys: Collection[str], *, ids_as: ToIds | None = sorted) -> dict[str, Segment]:
    """Return the live segments of these keys; without their ids where `ids_as` is None."""
    if not keys:
        return {}
    found = rows("SELECT id, key, rules FROM segment WHERE key = ANY(%s) AND archived_at IS NULL", list(keys))
    included: defaultdict[str, dict[str, Collection[str]]] = defaultdict(dict)
    excluded: defaultdict[str, dict[str, Collection[str]]] = defaultdict(dict)
    listed = _ids([id_ for id_, _, _ in found]) if ids_as is not None else []
    for segment_id, entity_type, is_excluded, ids in listed:
        (excluded if is_excluded else included)[segment_id][entity_type] = (ids_as or sorted)(ids.split(_SEPARATOR))
    return {key: Segment(key, included[id_], excluded[id_], _read_rules(rules)) for id_, key, rules in found}


def _ids(segment_ids: Sequence[Any]) -> list[tuple[Any, ...]]:
    return rows(
        "SELECT segment_id, entity_type, excluded, string_agg(entity_id, %s) FROM segment_entity"
        " WHERE segment_id = ANY(%s::uuid[]) GROUP BY segment_id, entity_type, excluded",
        *(_SEPARATOR, list(map(str, segment_ids))),
    )


def _read_rules(rules: Sequence[Mapping[str, Any]]) -> tuple[tuple[Test, ...], ...]:
    return tuple(tuple(map(from_json, rule["conditions"])) for rule in rules)
