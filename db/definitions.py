"""From rows to the flagd document."""

from __future__ import annotations

from collections.abc import Mapping

from db.words import JsonObject, JsonValue


def document(environment: str, *, bucketing: str = "v2") -> JsonObject:
    """The flagd document of one environment, read in one snapshot; raises UnknownEnvironmentError."""
    raise NotImplementedError


def to_bytes(document: Mapping[str, JsonValue]) -> bytes:
    """The one way to write a document: the same state gives the same bytes."""
    raise NotImplementedError
