"""Finding layers, and who has which part of them."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from db import validation
from db.configuration.layer_ranges import ranges
from db.errors import LayerNotFoundError, Taken
from db.layers.edits import LayerView
from db.models import Layer
from db.vocabulary import JsonObject, utc
from db.writing import check_row_version, live_environments
from flagstaff.targeting import Span


def find(key: str) -> Layer:
    """Return a live layer; raises LayerNotFoundError."""
    found = None
    if validation.KEY.fullmatch(key):
        found = Layer.get_or_none(Layer.key == key, Layer.archived_at.is_null())
    if found is None:
        raise LayerNotFoundError(key)
    return found


def find_to_change(key: str, version: int | None) -> Layer:
    """Return a live layer, if it still is at that version; raises LayerNotFoundError or VersionConflictError."""
    found = find(key)
    check_row_version(found, version, key, what="layer")
    return found


def to_json(layer: Layer) -> JsonObject:
    """Return what the change log keeps of a layer; the ranges are logged with the flags that have them."""
    return {
        "key": str(layer.key),
        "name": layer.name,
        "description": str(layer.description),
        "splitBy": layer.split_by,
        "holdout": layer.holdout,
        "archived": layer.archived_at is not None,
    }


def taken(keys: Sequence[str]) -> Mapping[str, list[Taken]]:
    """Return what live flags have of these layers, by the layer's key."""
    found: defaultdict[str, list[Taken]] = defaultdict(list)
    for environment in live_environments():
        for flag, each in ranges(environment, keys).items():
            found[each.layer].append(Taken(each.span, flag, environment.key))
    return found


def views(layers: Iterable[Layer]) -> list[LayerView]:
    """Return layers as they leave this package."""
    found = list(layers)
    used = taken([str(layer.key) for layer in found])
    return [_view(layer, used.get(str(layer.key), []) if layer.archived_at is None else []) for layer in found]


def view(layer: Layer) -> LayerView:
    """Return a layer as it leaves this package."""
    (found,) = views([layer])
    return found


def _view(layer: Layer, used: Sequence[Taken]) -> LayerView:
    return LayerView(
        id=str(layer.id),
        key=str(layer.key),
        name=layer.name,
        description=str(layer.description),
        split_by=layer.split_by,
        holdout=Span.from_json(layer.holdout) if layer.holdout else None,
        ranges=used,
        version=int(layer.version),
        used_by=len({each.flag for each in used}),
        created_at=utc(layer.created_at),
        created_by=str(layer.created_by),
        updated_at=utc(layer.updated_at),
        updated_by=str(layer.updated_by),
        archived_at=utc(layer.archived_at) if layer.archived_at else None,
    )
