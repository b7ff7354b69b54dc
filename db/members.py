"""Members: entities that get a given variant."""

from __future__ import annotations

from collections.abc import Sequence

from db.views import MembersChanged, MembersRemoved, MemberView, Page
from db.words import UNSET, Actor, JsonValue, Unset


def add(
    id_or_key: str,
    environment: str,
    entity_type: str,
    entity_ids: Sequence[str],
    *,
    value: JsonValue | Unset = UNSET,
    variant: str | None = None,
    actor: Actor,
    version: int | None = None,
) -> MembersChanged:
    """Give these entities the variant, named or said by its value; who is a member already gets it instead."""
    raise NotImplementedError


def remove(
    id_or_key: str,
    environment: str,
    entity_type: str,
    entity_ids: Sequence[str],
    *,
    actor: Actor,
    version: int | None = None,
) -> MembersRemoved:
    """Make these entities no members."""
    raise NotImplementedError


def page(
    id_or_key: str,
    environment: str,
    *,
    after: str | None = None,
    limit: int = 100,
    search: str = "",
    entity_type: str | None = None,
) -> Page[MemberView]:
    """Members by type and id; `search` is a part of the id."""
    raise NotImplementedError
