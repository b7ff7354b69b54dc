"""What people ask for and get: plain, frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from db.views import Affected
from db.vocabulary import UNSET, Unset
from flagstaff.targeting import Test

IdsByType = Mapping[str, Sequence[str]]
"""Ids of entities by their type."""

SegmentRules = Sequence[Sequence[Test]]
"""Rules, each of tests that all have to hold."""


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment to create."""

    key: str
    name: str | None = None
    description: str = ""
    included: IdsByType = field(default_factory=dict)
    excluded: IdsByType = field(default_factory=dict)
    rules: SegmentRules = ()


@dataclass(frozen=True, slots=True)
class SegmentEdit:
    """Changes of a segment: UNSET leaves a field as it is. Lists that are given become exactly those."""

    name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    included: IdsByType | Unset = UNSET
    excluded: IdsByType | Unset = UNSET
    rules: SegmentRules | Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment as it is; the ids that it lists are read page by page."""

    id: str
    key: str
    name: str | None
    description: str
    rules: SegmentRules
    included: Mapping[str, int]
    """How many ids are included, by type."""
    excluded: Mapping[str, int]
    version: int
    used_by: int
    """How many live flags name it, in some environment."""
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class SegmentEntityView:
    """An entity that a segment lists."""

    entity_type: str
    entity_id: str
    excluded: bool


@dataclass(frozen=True, slots=True)
class SegmentWritten:
    """What a write came to, or would."""

    segment: SegmentView
    affected: Sequence[Affected]
    added: int = 0
    changed: int = 0
    removed: int = 0
