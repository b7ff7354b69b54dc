"""Name in words what a change did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from db.views import ChangeView
from db.vocabulary import Action

_ACTIONS: Final = {
    Action.FLAG_CREATED: "Created",
    Action.FLAG_UPDATED: "Edited",
    Action.FLAG_ENABLED: "Enabled",
    Action.FLAG_DISABLED: "Disabled",
    Action.FLAG_ARCHIVED: "Archived",
    Action.FLAG_RESTORED: "Restored",
    Action.FLAG_PROMOTED: "Promoted",
    Action.MEMBERS_ADDED: "Members added",
    Action.MEMBERS_REMOVED: "Members removed",
    Action.SEGMENT_CREATED: "Segment created",
    Action.SEGMENT_UPDATED: "Segment changed",
    Action.SEGMENT_ARCHIVED: "Segment archived",
    Action.SEGMENT_RESTORED: "Segment restored",
    Action.LAYER_CREATED: "Layer created",
    Action.LAYER_UPDATED: "Layer changed",
    Action.LAYER_ARCHIVED: "Layer archived",
    Action.ENVIRONMENT_CREATED: "Environment added",
    Action.ENVIRONMENT_UPDATED: "Environment changed",
    Action.ENVIRONMENT_DELETED: "Environment deleted",
    Action.KEY_CREATED: "Key created",
    Action.KEY_REVOKED: "Key revoked",
}

_FIELDS: Final = {
    "rules": "Rules changed",
    "rollout": "Rollout changed",
    "ramp": "Ramp changed",
    "splitBy": "Split changed",
    "layer": "Layer changed",
    "schedule": "Schedule changed",
    "prerequisites": "Prerequisites changed",
    "variants": "Values changed",
    "owner": "Owner changed",
    "purpose": "Purpose changed",
    "expectedEnd": "Expected end changed",
    "links": "Links changed",
    "metadata": "Metadata changed",
    "clientSide": "Client keys changed",
}
"""What an edit of one field alone is called."""


def action(change: ChangeView) -> str:
    """Name what a change did: "Enabled", "Rules changed"."""
    if change.action is Action.FLAG_UPDATED:
        changed = _changed(change.before or {}, change.after or {})
        return _FIELDS.get(changed.pop(), "Edited") if len(changed) == 1 else "Edited"
    if change.action is Action.MEMBERS_ADDED and not (change.members or {}).get("added"):
        return "Members changed"
    return _ACTIONS[Action(change.action)]


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
