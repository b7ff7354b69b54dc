"""What configurations of an environment refer to: segments, and the flags that they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from db.configuration.flag_rows import FlagRow, live_flag_rows
from db.configuration.segment_rows import ToIds, live_segments
from flagstaff.targeting import Catalog, Members

MembersOf = Callable[[Sequence[FlagRow]], Mapping[int, Members]]
"""From flags to their members, by the ids of the configurations."""


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
    segments = live_segments({key for flag in every for key in flag.segments}, ids_as=ids_as)
    members = members_of(list(needed.values())) if needed else {}
    return Catalog(segments, {key: flag.configuration(members.get(flag.id, {})) for key, flag in needed.items()})
