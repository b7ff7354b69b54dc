"""What people ask for and get: plain, frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.errors import Taken
from db.views import Affected
from db.vocabulary import UNSET, Unset
from flagstaff.targeting import Span


@dataclass(frozen=True, slots=True)
class NewLayer:
    """A layer to create."""

    key: str
    name: str | None = None
    description: str = ""
    split_by: str | None = None
    holdout: Span | None = None


@dataclass(frozen=True, slots=True)
class LayerEdit:
    """Changes of a layer: UNSET leaves a field as it is, None clears it."""

    name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    split_by: str | Unset | None = UNSET
    holdout: Span | Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class LayerView:
    """A layer as it is, and who has which part of it."""

    id: str
    key: str
    name: str | None
    description: str
    split_by: str | None
    """The field whose text is hashed; None is the entity's id."""
    holdout: Span | None
    """The part that no flag may have."""
    ranges: Sequence[Taken]
    """What live flags have, by environment in the order of their making, from the layer's beginning on."""
    version: int
    used_by: int
    """How many live flags are in it, in some environment."""
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class LayerWritten:
    """What a write came to, or would."""

    layer: LayerView
    affected: Sequence[Affected]
