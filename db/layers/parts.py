"""A layer from 0 to 100 %: who has which part of it in one environment, and what is free."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from db.layers.edits import LayerView
from flagstaff.targeting import TOTAL_WEIGHT, Span


class Owner(Enum):
    """Whose a part is."""

    FLAG = auto()
    HOLDOUT = auto()
    FREE = auto()


class LayerPart(NamedTuple):
    """A part of a layer; `flag` is the key of the flag that has it, if one does."""

    span: Span
    owner: Owner
    flag: str | None = None


def parts(layer: LayerView, environment: str, but: str | None = None) -> list[LayerPart]:
    """Return the parts of a layer in an environment, in order; together they are all of it.

    What the flag `but` has counts as free.
    """
    taken = [
        LayerPart(each.span, Owner.FLAG, each.flag)
        for each in layer.ranges
        if each.environment == environment and each.flag != but
    ]
    if layer.holdout is not None:
        taken.append(LayerPart(layer.holdout, Owner.HOLDOUT))
    return list(_with_what_is_free(sorted(taken, key=lambda part: part.span.start)))


def _with_what_is_free(taken: list[LayerPart]) -> Iterator[LayerPart]:
    place = 0
    for part in taken:
        if place < part.span.start:
            yield LayerPart(Span(place, part.span.start), Owner.FREE)
        yield part
        place = part.span.end
    if place < TOTAL_WEIGHT:
        yield LayerPart(Span(place, TOTAL_WEIGHT), Owner.FREE)
