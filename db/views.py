"""What comes out of this package: plain, frozen values, read inside the transaction that made them true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar

from db.vocabulary import Action, FlagLink, JsonObject, JsonValue, Metadata, Purpose, Scope, Source, ValueType
from flagstaff.targeting import LayerRange, Prerequisite, Ramp, Rule, Split, Step

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list: `total` counts the whole of it, `next` is the `after` of the following page (None: no more)."""

    items: Sequence[T]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """An environment, and the revision that its definitions are at."""

    key: str
    name: str
    protected: bool
    comment_required: bool
    """Whether every change here has to say why."""
    revision: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FlagView:
    """One flag as it is in one environment."""

    id: str
    key: str
    name: str | None
    description: str
    value_type: ValueType
    is_static: bool
    tags: Sequence[str]
    owner: str | None
    purpose: Purpose | None
    expected_end: date | None
    links: Sequence[FlagLink]
    metadata: Metadata
    client_side: bool
    """Whether client keys see it."""
    environment: str
    version: int
    """Grows by one with each change of this configuration; an edit that gives it is refused if it grew meanwhile."""
    revision: int
    """The environment's revision that last touched this configuration."""
    enabled: bool
    variants: Mapping[str, JsonValue]
    """Name to value, in the order in which they were given."""
    default_variant: str | None
    value: JsonValue
    """A static flag's value; None for a dynamic flag."""
    rules: Sequence[Rule]
    rollout: Split | None
    ramp: Ramp | None
    """In place of the rollout, one that grows with time."""
    split_by: str | None
    """The field by which rollout, ramp and the schedule's rollouts are split; None is the entity."""
    layer: LayerRange | None
    """The part of a layer that these are for; None is everyone."""
    schedule: Sequence[Step]
    """The steps that are still to come, in order."""
    prerequisites: Sequence[Prerequisite]
    needed_by: Mapping[str, Sequence[str]]
    """The live flags that have this one as a prerequisite, by their keys, with the variants of which they need one."""
    member_count: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberView:
    """An entity that gets a given variant, and that variant's value."""

    entity_type: str
    entity_id: str
    variant: str
    value: JsonValue


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """What adding members did: how many were new, got another variant, or had that variant already."""

    flag: FlagView
    added: int
    changed: int
    unchanged: int
    variant: str


@dataclass(frozen=True, slots=True)
class MembersRemoved:
    """What removing members did: how many were removed, and how many were none."""

    flag: FlagView
    removed: int
    absent: int


@dataclass(frozen=True, slots=True)
class OverrideView:
    """What one user gets of a boolean flag in one environment, and who said so when."""

    user_id: str
    flag_id: str
    flag_key: str
    environment: str
    version: int
    """The flag's, as in `FlagView`."""
    enabled: bool
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One entry of the change log.

    `before` and `after` are the configuration (with the flag's own fields) in camelCase, ready for JSON; None where
    there was nothing yet. `members` is what became of members: {"added": [{"entityType", "variant",
    "entityIds"}], "changed": [{"entityType", "from", "to", "entityIds"}], "removed": [{"entityType", "variant",
    "entityIds"}]}, None where no member was touched. In lists a group of more than 100 ids has the first of them and
    their `count`.
    """

    id: int
    flag_id: str | None
    flag_key: str | None
    environment: str | None
    segment: str | None
    """The key of the segment that was changed."""
    layer: str | None
    """The key of the layer that was changed."""
    revision: int | None
    action: Action
    actor: str
    source: Source
    via: str | None
    """The key that let the actor in: `key ci`."""
    comment: str | None
    """Why, in the actor's words."""
    before: JsonObject | None
    after: JsonObject | None
    members: JsonObject | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Affected:
    """What a change of a segment or layer means in one environment: the flags that name it, or need one that does."""

    environment: str
    flags: Sequence[str]
    enabled: int
    """How many of them are enabled."""


class Difference(NamedTuple):
    """What a promotion or restore would change: the configuration before and after, the members as in `ChangeView`."""

    before: JsonObject
    after: JsonObject
    members: JsonObject | None


@dataclass(frozen=True, slots=True)
class KeyView:
    """An API key as lists show it: never the secret, only its first characters."""

    id: str
    name: str
    scope: Scope
    environment: str | None
    """The environment that the key is bound to; None for an admin key."""
    prefix: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used: datetime | None
    """The day of the last use, at midnight UTC."""
    revoked_at: datetime | None
