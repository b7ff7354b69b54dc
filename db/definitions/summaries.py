"""What a list of flags shows of each. Definitions leave it out, because nothing is decided by it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from db.configuration.flag_rows import FlagRow
from db.vocabulary import ValueType
from flagstaff.targeting import TOTAL_WEIGHT, LayerRange, Ramp, Rollout, Share, Step
from flagstaff.targeting.schedule import Period, folded

ON, OFF, USER = "on", "off", "user"


class FlagSummary(NamedTuple):
    """One live flag in one environment, in short."""

    id: str
    key: str
    description: str
    value_type: ValueType
    enabled: bool
    rollout: Rollout | None
    users: Collection[str]
    """Ids of the members of type `user` that get the variant `on`."""
    member_count: int
    """All members, of every type and variant."""
    revision: int
    needs: Sequence[str] = ()
    """The keys of the flags that are its prerequisites."""
    evaluators: frozenset[str] = frozenset()
    """The names of the document's evaluators that its definition refers to."""
    schedule: Sequence[Step] = ()
    """What changes `enabled` and `rollout` with time."""
    layer: LayerRange | None = None
    """The part of a layer that its rollout is for."""


def summary_of(
    flag: FlagRow, members: Mapping[tuple[str, str], Collection[str]], evaluators: frozenset[str] = frozenset()
) -> FlagSummary:
    """Return the summary of a flag whose members, by variant and type, are these, and which refers to `evaluators`."""
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
        needs=tuple(prerequisite.flag for prerequisite in flag.prerequisites),
        evaluators=evaluators,
        schedule=flag.schedule,
        layer=flag.layer,
    )


def to_json(summary: FlagSummary) -> dict[str, Any]:
    """Return a flag as SDKs list it, as it is now."""
    period, _ = folded(Period(summary.enabled, summary.rollout, None), summary.schedule, time.time())
    return {
        "id": summary.id,
        "key": summary.key,
        "description": summary.description,
        "enabled": period.enabled,
        "rollout_percentage": rollout_percentage(summary.value_type, period.rollout),
        "targeted_users": sorted(summary.users),
    }


def to_bytes(summaries: Iterable[FlagSummary], revision: int) -> bytes:
    """List the boolean ones among the flags of this revision, sorted by key, as SDKs are sent it."""
    boolean = sorted((one for one in summaries if one.value_type is ValueType.BOOLEAN), key=lambda one: one.key)
    return orjson.dumps({"revision": revision, "flags": [to_json(summary) for summary in boolean]})


def rollout_percentage(value_type: ValueType, rollout: Rollout | None) -> int | float | None:
    """Return the share of `on`, where a boolean flag is rolled out between `on` and `off`; else None.

    That of a ramp is the one at this moment.
    """
    if isinstance(rollout, Ramp):
        share = rollout.share_at(time.time())
        rollout = share, Share(OFF if share.variant == ON else ON, TOTAL_WEIGHT - share.weight)
    shares = {share.variant: share.percent for share in rollout or ()}
    simple = value_type is ValueType.BOOLEAN and ON in shares and shares.keys() <= {ON, OFF}
    return shares[ON] if simple else None
