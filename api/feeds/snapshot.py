"""An environment at one revision, as SDKs are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from api.feeds.news import Position
from db.definitions.reader import Delta
from db.definitions.summaries import FlagSummary
from db.vocabulary import JsonObject, JsonValue
from flagstaff.targeting import Known, Layer
from flagstaff.targeting.layers import layer_uses


class Snapshot(NamedTuple):
    """An environment at one revision."""

    revision: int
    metadata: JsonObject
    definitions: Mapping[str, JsonObject]
    summaries: Mapping[str, FlagSummary]
    gone: Mapping[str, int]
    """Keys that were flags once, and the revision at which each went."""
    evaluators: Mapping[str, JsonValue] = {}
    """The document's `$evaluators`."""
    segments: Mapping[str, JsonValue] = {}
    """The JsonLogic of segments, by key."""
    layers: Mapping[str, Layer] = {}
    """The layers that flags are in, by key."""
    moment: int = 0
    """When answers changed last only because time had passed."""

    @property
    def position(self) -> Position:
        """How far somebody is who knows all of this."""
        return Position(self.revision, self.moment)

    @property
    def known(self) -> Known:
        """What the definitions refer to is called."""
        needs = {key: summary.needs for key, summary in self.summaries.items() if summary.needs}
        ranges = {key: summary.layer for key, summary in self.summaries.items() if summary.layer}
        return Known(self.segments, self.evaluators, needs, layer_uses(self.layers, ranges))


def snapshot_of(delta: Delta) -> Snapshot:
    """Return what is new in a delta."""
    return Snapshot(
        delta.revision,
        delta.metadata,
        delta.changed,
        delta.summaries,
        delta.gone,
        delta.evaluators,
        delta.segments,
        delta.layers,
    )


def after(before: Snapshot, news: Snapshot) -> Snapshot:
    """Return the snapshot with what is new in it; takes time for the number of flags, not for their members."""
    definitions, summaries = {**before.definitions, **news.definitions}, {**before.summaries, **news.summaries}
    for key in news.gone:
        definitions.pop(key, None)
        summaries.pop(key, None)
    gone = {key: at for key, at in {**before.gone, **news.gone}.items() if key not in definitions}
    segments = {**before.segments, **news.segments}
    layers = {**before.layers, **news.layers}
    return Snapshot(
        news.revision, news.metadata, definitions, summaries, gone, news.evaluators, segments, layers, before.moment
    )
