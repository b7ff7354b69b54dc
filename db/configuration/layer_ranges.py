"""Layers as they are read for evaluation, and which flags have which part of one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from db.database import rows
from db.errors import InvalidInputError, RangeTakenError, Taken
from db.writing import EnvironmentRef
from flagstaff.targeting import Layer, LayerRange, LayerUse, Span
from flagstaff.targeting.layers import layer_uses

_RANGES: Final = (
    "SELECT f.key, c.layer FROM configuration c JOIN flag f ON f.id = c.flag_id WHERE c.environment_id = %s"
    " AND c.layer IS NOT NULL AND c.layer->>'key' = ANY(%s) AND f.archived_at IS NULL"
    " ORDER BY (c.layer->>'from')::numeric, f.key"
)


def live_layers(keys: Collection[str]) -> dict[str, Layer]:
    """Return the live layers of these keys."""
    if not keys:
        return {}
    found = rows("SELECT key, split_by, holdout FROM layer WHERE key = ANY(%s) AND archived_at IS NULL", list(keys))
    return {key: Layer(key, split_by, Span.from_json(holdout) if holdout else None) for key, split_by, holdout in found}


def ranges(environment: EnvironmentRef, keys: Collection[str]) -> dict[str, LayerRange]:
    """Return the ranges of these layers that live flags have in an environment, by flag, in the layers' order.

    A flag that is disabled keeps its range; one that is archived has none.
    """
    return {flag: LayerRange.from_json(taken) for flag, taken in rows(_RANGES, environment.id, list(keys))}


def uses(environment: EnvironmentRef, keys: Collection[str]) -> dict[str, LayerUse]:
    """Return who has which part of these layers in an environment."""
    return layer_uses(live_layers(keys), ranges(environment, keys)) if keys else {}


def check_range(environment: EnvironmentRef, key: str, wanted: LayerRange) -> None:
    """Check that a flag may have this range.

    Raises InvalidInputError where there is no such layer, RangeTakenError where the range overlaps others.
    """
    use = uses(environment, [wanted.layer]).get(wanted.layer)
    if use is None:
        raise InvalidInputError("unknown_layer", "layer.key", f"there is no layer {wanted.layer!r}")
    taken = [Taken(span, flag, environment.key) for flag, span in use.ranges.items() if flag != key]
    if use.holdout is not None:
        taken.append(Taken(use.holdout))
    refuse_overlaps(wanted.layer, wanted.span, taken)


def refuse_overlaps(key: str, wanted: Span, taken: Collection[Taken]) -> None:
    """Raise RangeTakenError where a part of a layer overlaps what others have."""
    if overlapping := [each for each in taken if each.span.overlaps(wanted)]:
        raise RangeTakenError(key, wanted, overlapping)
