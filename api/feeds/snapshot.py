"""An environment at one revision, as SDKs are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from db.definitions.summaries import FlagSummary
from db.vocabulary import JsonObject


class Snapshot(NamedTuple):
    """An environment at one revision."""

    revision: int
    metadata: JsonObject
    definitions: Mapping[str, JsonObject]
    summaries: Mapping[str, FlagSummary]
    gone: Mapping[str, int]
    """Keys that were flags once, and the revision at which each went."""


def after(before: Snapshot, news: Snapshot) -> Snapshot:
    """Return the snapshot with what is new in it; takes time for the number of flags, not for their members."""
    definitions, summaries = {**before.definitions, **news.definitions}, {**before.summaries, **news.summaries}
    for key in news.gone:
        definitions.pop(key, None)
        summaries.pop(key, None)
    gone = {key: at for key, at in {**before.gone, **news.gone}.items() if key not in definitions}
    return Snapshot(news.revision, news.metadata, definitions, summaries, gone)
