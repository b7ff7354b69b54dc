"""What people ask for: plain values, as they came in; `db.validation` and `db.configuration.state` check them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from db.vocabulary import UNSET, FlagLink, JsonValue, Metadata, Purpose, Unset, ValueType
from flagstaff.targeting import LayerRange, Prerequisite, Ramp, Rollout, Rule, Split, Step


@dataclass(frozen=True, slots=True)
class Members:
    """The entities of one type that get one variant.

    Say the variant by its name or by its value; a value that no variant has yet makes one (not for boolean flags,
    which have `on` and `off` from the start).
    """

    entity_type: str
    entity_ids: Sequence[str]
    variant: str | None = None
    value: JsonValue | Unset = UNSET


@dataclass(frozen=True, slots=True)
class NewFlag:
    """A flag to create.

    A static flag needs `value`. A dynamic boolean flag has the variants `on` and `off` unless `variants` says else.
    """

    key: str
    value_type: ValueType | str = ValueType.BOOLEAN
    is_static: bool = False
    name: str | None = None
    description: str = ""
    tags: Sequence[str] = ()
    owner: str | None = None
    purpose: Purpose | str | None = None
    expected_end: date | str | None = None
    links: Sequence[FlagLink] = ()
    metadata: Metadata | None = None
    client_side: bool | None = None
    """Whether client keys see it; None: they do not."""
    enabled: bool = True
    value: JsonValue | Unset = UNSET
    variants: Mapping[str, JsonValue] | Unset = UNSET
    default_variant: str | Unset | None = UNSET
    rules: Sequence[Rule] = ()
    rollout: Rollout | None = None
    """A split, or a ramp."""
    split_by: str | None = None
    """The field by which rollouts are split; None is the entity."""
    layer: LayerRange | None = None
    """The part of a layer that rollouts are for; None is everyone."""
    schedule: Sequence[Step] = ()
    prerequisites: Sequence[Prerequisite] = ()
    members: Sequence[Members] = ()


@dataclass(frozen=True, slots=True)
class FlagEdit:
    """Changes of a flag: UNSET leaves a field as it is, None clears it.

    `name` to `client_side` are the flag's in every environment; all else belongs to one configuration.
    Switching off without a word on the schedule also cancels what the schedule would switch on.
    `members`: for each entry, the entities of that type that get that variant become exactly those listed.
    """

    name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    owner: str | Unset | None = UNSET
    purpose: Purpose | str | Unset | None = UNSET
    expected_end: date | str | Unset | None = UNSET
    links: Sequence[FlagLink] | Unset | None = UNSET
    metadata: Metadata | Unset | None = UNSET
    client_side: bool | Unset | None = UNSET
    enabled: bool | Unset = UNSET
    value: JsonValue | Unset = UNSET
    variants: Mapping[str, JsonValue] | Unset = UNSET
    default_variant: str | Unset | None = UNSET
    rules: Sequence[Rule] | Unset | None = UNSET
    rollout: Split | Unset | None = UNSET
    """Also in place of a ramp."""
    ramp: Ramp | Unset | None = UNSET
    """In place of a rollout; None clears a ramp only."""
    split_by: str | Unset | None = UNSET
    layer: LayerRange | Unset | None = UNSET
    schedule: Sequence[Step] | Unset | None = UNSET
    prerequisites: Sequence[Prerequisite] | Unset | None = UNSET
    members: Sequence[Members] | Unset = UNSET


@dataclass(frozen=True, slots=True)
class FlagQuery:
    """Which flags to list, in one environment, and in which order."""

    environment: str
    search: str = ""
    """Part of the key, the name or the description, whatever its case."""
    value_type: ValueType | str | None = None
    is_static: bool | None = None
    enabled: bool | None = None
    tags: Sequence[str] = field(default=())
    """A flag must have all of these."""
    owner: str | None = None
    purpose: Purpose | str | None = None
    client_side: bool | None = None
    changed_since: datetime | None = None
    """A flag must have been changed since then, in the environment."""
    archived: bool = False
    """Archived flags instead of live ones."""
    sort: str = "key"
    """`key`, `name`, `created`, `updated`, `type`, `enabled` or `members`."""
    descending: bool = False
    limit: int = 100
    after: str | None = None
    """The `next` of the page before."""
    skip: int = 0
    """How many flags to pass over first, for tables that are looked at by page numbers."""
