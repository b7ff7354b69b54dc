"""What a list of flags shows of each. Definitions leave it out, because nothing is decided by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from db.words import ValueType

if TYPE_CHECKING:
    from db.definitions import FlagRow

ON, USER = "on", "user"


class FlagSummary(NamedTuple):
    """One live flag in one environment, in short."""

    id: str
    key: str
    description: str
    value_type: ValueType
    enabled: bool
    rollout: Sequence[Mapping[str, Any]] | None
    users: Set[str]
    """Ids of the members of type `user` that get the variant `on`."""
    member_count: int
    """All members, of every type and variant."""
    revision: int


def summary_of(flag: FlagRow, members: Mapping[tuple[str, str], Set[str]]) -> FlagSummary:
    """The summary of a flag whose members, by variant and type, are these."""
    return FlagSummary(
        id=flag.flag_id,
        key=flag.key,
        description=flag.description,
        value_type=ValueType(flag.value_type),
        enabled=flag.enabled,
        rollout=flag.rollout,
        users=members.get((ON, USER), frozenset()),
        member_count=sum(map(len, members.values())),
        revision=flag.revision,
    )
