"""Segments: groups of entities that rules refer to by key, and the JsonLogic that says who is in one.

    {"and": [{"!": [<is among the excluded>]},
             {"or": [<is among the included>, <conditions of rule 1>, …]}]}

There is one list for each type of entity. A segment without excluded ids is an `and` of the `or` alone. A list may
stand in the document's `$evaluators` once, and be referred to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flagstaff.jsonlogic import nodes
from flagstaff.targeting.conditions import Test
from flagstaff.targeting.entity import ENTITY_ID, ENTITY_TYPE
from flagstaff.targeting.layers import LayerUse

Logic = Any

MAX_WRITTEN_IN = 1_000
"""Up to so many ids are written in wherever they are needed; more are shared."""

_SHAREABLE = re.compile(r"[ !#%-\[\]-~]*")
# flagd for Python puts evaluators in by their text, and refuses a whole document for `"`, `\`, `$` or `ü` in one.


@dataclass(frozen=True, slots=True)
class Segment:
    """Who is in: nobody of `excluded`, else everybody of `included`, else those for whom all tests of a rule hold.

    `included` and `excluded` are ids by type of entity.
    """

    key: str
    included: Mapping[str, Collection[str]] = field(default_factory=dict)
    excluded: Mapping[str, Collection[str]] = field(default_factory=dict)
    rules: tuple[tuple[Test, ...], ...] = ()

    @property
    def size(self) -> int:
        """How many ids it lists."""
        return sum(map(len, (*self.included.values(), *self.excluded.values())))


class Known(NamedTuple):
    """What helps to read JsonLogic back: what it refers to, and what people call that."""

    segments: Mapping[str, Logic] = {}
    """By key."""
    evaluators: Mapping[str, Logic] = {}
    """The document's `$evaluators`."""
    prerequisites: Mapping[str, Sequence[str]] = {}
    """By flag, the keys of the flags that it needs, in order."""
    layers: Mapping[str, LayerUse] = {}
    """By key, who has which part of a layer."""


NOTHING_KNOWN = Known()


class SegmentParts(NamedTuple):
    """The JsonLogic of a segment, taken apart. Each list and each rule is a condition of its own."""

    excluded: Sequence[Logic]
    included: Sequence[Logic]
    rules: Sequence[Logic]


def id_list(entity_type: str, ids: Collection[str]) -> Logic:
    """Return the JsonLogic that tells whether the entity is one of these."""
    return {"and": [{"===": [ENTITY_TYPE, entity_type]}, {"in": [ENTITY_ID, ids]}]}


def is_shareable(entity_id: str) -> bool:
    """Tell whether an id may stand in `$evaluators`: printable ASCII, without quotes, backslashes and dollar signs."""
    return bool(_SHAREABLE.fullmatch(entity_id))


def segment_logic(included: Sequence[Logic], excluded: Sequence[Logic], rules: Sequence[Logic]) -> Logic:
    """Return the JsonLogic of a segment, from that of its lists and rules; of no lists at all, nobody is in."""
    any_of = [*included, *rules] or [id_list("user", [])]
    among = {"or": any_of}
    if not excluded:
        return {"and": [among]}
    return {"and": [{"!": [excluded[0] if len(excluded) == 1 else {"or": excluded}]}, among]}


def parts(logic: Logic) -> SegmentParts | None:
    """Take the JsonLogic of a segment apart; None where it is none that `segment_logic` wrote."""
    match logic:
        case {"and": [{"or": [*any_of]}]} if len(logic) == 1:
            return _parts([], any_of)
        case {"and": [{"!": [{"or": [*excluded]}]}, {"or": [*any_of]}]} if all(map(is_id_list, excluded)):
            return _parts(excluded, any_of)
        case {"and": [{"!": [excluded]}, {"or": [*any_of]}]} if is_id_list(excluded):
            return _parts([excluded], any_of)
    return None


def _parts(excluded: Sequence[Logic], any_of: Sequence[Logic]) -> SegmentParts:
    included = [part for part in any_of if is_id_list(part)]
    return SegmentParts(excluded, included, [part for part in any_of if not is_id_list(part)])


def is_segment(logic: Logic) -> bool:
    """Tell whether JsonLogic is that of a segment."""
    return parts(logic) is not None


def is_id_list(logic: Logic) -> bool:
    """Tell whether JsonLogic lists entities, or refers to such a list."""
    match logic:
        case {"and": [{"===": [entity_type, str()]}, {"in": [entity_id, _]}]}:
            return bool(entity_type == ENTITY_TYPE and entity_id == ENTITY_ID)
        case {"$ref": str()}:
            return True
    return False


def name_of(logic: Logic, known: Known) -> str:
    """Return the key of a segment, or where it is not known, how many ids it lists: `one of 37 ids`."""
    for key, segment in known.segments.items():
        if segment is logic or segment == logic:
            return key
    found = parts(logic)
    assert found is not None
    count = sum(len(_ids(part, known)) for part in (*found.included, *found.excluded))
    return f"one of {count:,} ids" if not found.rules else f"one of {count:,} ids and {len(found.rules)} rules"


def _ids(part: Logic, known: Known) -> Collection[str]:
    name, arguments = nodes.operation(part)
    if name == "$ref":
        part = known.evaluators.get(arguments[0])
    match part:
        case {"and": [_, {"in": [_, ids]}]}:
            return ids  # type: ignore[no-any-return]
    return ()
