"""States of a configuration as the change log keeps them, in the order in which people read them."""

from __future__ import annotations

from typing import Any

from db.configuration.flag_fields import FLAG_FIELDS
from db.configuration.state import State
from db.views import Difference
from db.vocabulary import JsonObject


def difference(before: JsonObject, after: JsonObject, members: JsonObject | None) -> Difference:
    """Compare two logged states."""
    return Difference(readable(before), readable(after), members)


def readable(logged: JsonObject) -> JsonObject:
    """Return a logged state in a reader's order, its variants as an object; the log keeps those as pairs."""
    if "variants" not in logged:
        return logged
    state: Any = logged
    ordered = State.from_json(state).to_json() | {"variants": dict(state["variants"])}
    own = [field.json for field in FLAG_FIELDS.values()]
    names = [*own, "archived", "enabled", "variants", "defaultVariant", "rules", "rollout"]
    names += ["ramp", "splitBy", "layer", "schedule", "prerequisites"]
    return {name: ordered.get(name, state.get(name)) for name in names}
