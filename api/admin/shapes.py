"""What `db` gives, as the JSON that is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from db.definitions.summaries import rollout_percentage
from db.layers.edits import LayerView
from db.segments.edits import SegmentEntityView, SegmentView
from db.views import Affected, ChangeView, Difference, EnvironmentView, FlagView, KeyView, MemberView, Page
from db.wording import differences, phrases
from db.wording.line import MAX_SUMMARY
from flagstaff.targeting.rules import split_to_json

T = TypeVar("T")


def flag(view: FlagView) -> dict[str, Any]:
    """Return a flag in one environment."""
    return {
        "id": view.id,
        "key": view.key,
        "name": view.name,
        "description": view.description,
        "type": view.value_type.upper(),
        "isStatic": view.is_static,
        "tags": view.tags,
        "owner": view.owner,
        "purpose": view.purpose,
        "expectedEnd": view.expected_end,
        "links": view.links,
        "metadata": view.metadata,
        "clientSide": view.client_side,
        "environment": view.environment,
        "version": view.version,
        "revision": view.revision,
        "enabled": view.enabled,
        "variants": view.variants,
        "defaultVariant": view.default_variant,
        **({"value": view.value} if view.is_static else targeting(view)),
        "schedule": [step.to_json() for step in view.schedule],
        "neededBy": [{"flag": key, "variants": variants} for key, variants in view.needed_by.items()],
        "summary": summary(view),
        "createdAt": view.created_at,
        "createdBy": view.created_by,
        "updatedAt": view.updated_at,
        "updatedBy": view.updated_by,
        "archivedAt": view.archived_at,
    }


def targeting(view: FlagView) -> dict[str, Any]:
    """Return what only a dynamic flag has."""
    return {
        "rules": [rule.to_json() for rule in view.rules],
        "rollout": split_to_json(view.rollout) if view.rollout else None,
        "rolloutPercentage": rollout_percentage(view.value_type, view.rollout),
        "ramp": view.ramp.to_json() if view.ramp else None,
        "splitBy": view.split_by,
        "layer": view.layer.to_json() if view.layer else None,
        "prerequisites": [prerequisite.to_json() for prerequisite in view.prerequisites],
        "memberCount": view.member_count,
    }


def summary(view: FlagView) -> dict[str, Any]:
    """Return in plain words what decides."""
    schedule = [phrases.short(phrases.step(step), MAX_SUMMARY) for step in view.schedule]
    if view.is_static:
        return {"schedule": schedule}
    rollout = view.ramp or view.rollout
    return {
        "prerequisites": [phrases.prerequisite(each) for each in view.prerequisites],
        "rules": [phrases.short(phrases.named_rule(rule), MAX_SUMMARY) for rule in view.rules],
        "rollout": phrases.rollout(rollout, view.split_by) if rollout else None,
        "layer": phrases.layer_range(view.layer) if view.layer else None,
        "schedule": schedule,
    }


def member(view: MemberView) -> dict[str, Any]:
    """Return a member of a flag."""
    return {
        "entityType": view.entity_type,
        "entityId": view.entity_id,
        "variant": view.variant,
        "value": view.value,
    }


def change(view: ChangeView) -> dict[str, Any]:
    """Return an entry of the change log."""
    return {
        "id": view.id,
        "flagId": view.flag_id,
        "flagKey": view.flag_key,
        "segmentKey": view.segment,
        "layerKey": view.layer,
        "environment": view.environment,
        "revision": view.revision,
        "action": view.action,
        "actor": view.actor,
        "source": view.source,
        "via": view.via,
        "comment": view.comment,
        "before": view.before,
        "after": view.after,
        "members": view.members,
        "summary": differences.summary(differences.of_change(view)),
        "at": view.at,
    }


def segment(view: SegmentView) -> dict[str, Any]:
    """Return a segment; of what it lists, how many they are."""
    return {
        "id": view.id,
        "key": view.key,
        "name": view.name,
        "description": view.description,
        "included": view.included,
        "excluded": view.excluded,
        "rules": [{"conditions": [test.to_json() for test in tests]} for tests in view.rules],
        "summary": {"rules": [phrases.short(phrases.tests(tests), MAX_SUMMARY) for tests in view.rules]},
        "version": view.version,
        "usedBy": view.used_by,
        "createdAt": view.created_at,
        "createdBy": view.created_by,
        "updatedAt": view.updated_at,
        "updatedBy": view.updated_by,
        "archivedAt": view.archived_at,
    }


def segment_entity(view: SegmentEntityView) -> dict[str, Any]:
    """Return an entity that a segment lists."""
    return {"entityType": view.entity_type, "entityId": view.entity_id, "excluded": view.excluded}


def layer(view: LayerView) -> dict[str, Any]:
    """Return a layer, with who has which part of it."""
    return {
        "id": view.id,
        "key": view.key,
        "name": view.name,
        "description": view.description,
        "splitBy": view.split_by,
        "holdout": view.holdout.to_json() if view.holdout else None,
        "ranges": [{"environment": each.environment, "flag": each.flag, **each.span.to_json()} for each in view.ranges],
        "version": view.version,
        "usedBy": view.used_by,
        "createdAt": view.created_at,
        "createdBy": view.created_by,
        "updatedAt": view.updated_at,
        "updatedBy": view.updated_by,
        "archivedAt": view.archived_at,
    }


def affected(view: Affected) -> dict[str, Any]:
    """Return the flags that a change of a segment or layer changes in an environment."""
    return {"environment": view.environment, "flags": view.flags, "enabled": view.enabled}


def difference(view: Difference) -> dict[str, Any]:
    """Return what a restore or a promotion would change."""
    summary = differences.summary(differences.of(view))
    return {"before": view.before, "after": view.after, "members": view.members, "summary": summary}


def environment(view: EnvironmentView) -> dict[str, Any]:
    """Return an environment."""
    return {
        "key": view.key,
        "name": view.name,
        "protected": view.protected,
        "commentRequired": view.comment_required,
        "revision": view.revision,
        "createdAt": view.created_at,
    }


def key(view: KeyView) -> dict[str, Any]:
    """Return an API key, without its secret."""
    return {
        "id": view.id,
        "name": view.name,
        "scope": view.scope,
        "environment": view.environment,
        "prefix": view.prefix,
        "createdAt": view.created_at,
        "createdBy": view.created_by,
        "expiresAt": view.expires_at,
        "lastUsed": view.last_used.date() if view.last_used else None,
        "revokedAt": view.revoked_at,
    }


def page(name: str, of: Page[T], shape: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """Return one page of a list; `next` is there while there are more."""
    more = {"next": of.next} if of.next is not None else {}
    return {name: listed(of.items, shape), "total": of.total, **more}


def listed(items: Sequence[T], shape: Callable[[T], dict[str, Any]]) -> list[dict[str, Any]]:
    """Each of these in its shape."""
    return [shape(item) for item in items]
