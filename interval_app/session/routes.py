"""Name the addresses of pages and actions, and make the links that lead there."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

Link: TypeAlias = "dict[str, Any]"


class Route(StrEnum):
    """The address of a page or an action: below the page whose address it begins with.

    `interval_app.app` has what is there, so that each is written once, and a link to nowhere can't be written.
    """

    FLAGS = "flags"
    FLAG = "flags/flag"
    FILTER_FLAGS = "flags/filter"
    CREATE_FLAG = "flags/create"
    EDIT_FLAG = "flags/edit"
    ENABLE_FLAG = "flags/enable"
    DISABLE_FLAG = "flags/disable"
    DISABLE_EVERYWHERE = "flags/disable-everywhere"
    ROLLOUT = "flags/rollout"
    RAMP = "flags/ramp"
    END_RAMP = "flags/end-ramp"
    EXPLAIN = "flags/explain"
    PROMOTE_FLAG = "flags/promote"
    ARCHIVE_FLAG = "flags/archive"
    PUBLISH = "flags/publish"
    MEMBERS = "flags/members"
    ADD_MEMBERS = "flags/members/add"
    CHANGE_MEMBERS = "flags/members/change"
    REMOVE_MEMBERS = "flags/members/remove"
    RULES = "flags/rules"
    ADD_RULE = "flags/rules/add"
    EDIT_RULE = "flags/rules/edit"
    MOVE_RULE_UP = "flags/rules/up"
    MOVE_RULE_DOWN = "flags/rules/down"
    REMOVE_RULE = "flags/rules/remove"
    SCHEDULE = "flags/schedule"
    ADD_STEP = "flags/schedule/add"
    EXPIRE = "flags/schedule/expire"
    REMOVE_STEP = "flags/schedule/remove"
    PREREQUISITES = "flags/prerequisites"
    SET_PREREQUISITE = "flags/prerequisites/set"
    REMOVE_PREREQUISITE = "flags/prerequisites/remove"
    SEGMENTS = "flags/segments"
    CREATE_SEGMENT = "flags/segments/create"
    SEGMENT = "flags/segments/segment"
    EDIT_SEGMENT = "flags/segments/segment/edit"
    ADD_IDS = "flags/segments/segment/add-ids"
    REMOVE_IDS = "flags/segments/segment/remove-ids"
    SET_SEGMENT_RULE = "flags/segments/segment/rule"
    REMOVE_SEGMENT_RULE = "flags/segments/segment/remove-rule"
    ARCHIVE_SEGMENT = "flags/segments/segment/archive"
    RESTORE_SEGMENT = "flags/segments/segment/restore"
    LAYERS = "flags/layers"
    CREATE_LAYER = "flags/layers/create"
    LAYER = "flags/layers/layer"
    EDIT_LAYER = "flags/layers/layer/edit"
    ARCHIVE_LAYER = "flags/layers/layer/archive"
    CHANGES = "flags/changes"
    CHANGES_OF_FLAG = "flags/changes/of"
    FILTER_CHANGES = "flags/changes/filter"
    CHANGE = "flags/changes/change"
    RESTORE_CHANGE = "flags/changes/restore"
    ARCHIVED_FLAGS = "flags/archived"
    RESTORE_FLAG = "flags/archived/restore"
    ENVIRONMENTS = "flags/environments"
    ADD_ENVIRONMENT = "flags/environments/add"
    EDIT_ENVIRONMENT = "flags/environments/edit"
    KEYS = "flags/keys"
    CREATE_KEY = "flags/keys/create"
    REVOKE_KEY = "flags/keys/revoke"

    @property
    def parent(self) -> Route:
        """The page below which this is."""
        return Route(self.value.rpartition("/")[0] or Route.FLAGS)


def link(label: str, route: Route, params: Mapping[str, str] | None = None, *, theme: str | None = None) -> Link:
    """Make an item of a page's or a row's menu; the theme is `primary`, `secondary` or `danger`."""
    made: Link = {"label": label, "route": route.value, "params": dict(params or {})}
    return made if theme is None else {**made, "theme": theme}
