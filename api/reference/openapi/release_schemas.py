"""The schemas of release logic: groups of conditions, schedules, ramps, prerequisites, segments."""

from __future__ import annotations

from api.reference.openapi.building import (
    BOOLEAN,
    KEY,
    NAME,
    TEXT,
    TIME,
    VALUE,
    WHOLE,
    Json,
    described,
    list_of,
    nullable,
    object_with,
    one_of,
    ref,
)
from flagstaff.targeting.operators import OPERATORS, Input

_SEGMENT_OPERATORS = [name for name, operator in OPERATORS.items() if operator.input is Input.SEGMENTS]
_FIELD_OPERATORS = [name for name in OPERATORS if name not in _SEGMENT_OPERATORS]

PERCENT: Json = {"type": "number", "minimum": 0, "maximum": 100}
MOMENT = described(TEXT, "RFC 3339; without an offset the local time of `zone`. Answered in UTC")
ZONE = described({"type": "string", "maxLength": 64}, "A time zone such as Europe/Berlin; UTC unless given")

CONDITION: Json = {
    "anyOf": [
        object_with(
            {
                "field": described(TEXT, "A path into the context"),
                "operator": one_of(*_FIELD_OPERATORS),
                "value": VALUE,
            },
            required=["field", "operator"],
        ),
        object_with(
            {
                "operator": one_of(*_SEGMENT_OPERATORS),
                "value": list_of(described(KEY, "A segment"), minItems=1, maxItems=20),
            },
            required=["operator", "value"],
        ),
    ]
}
TEST: Json = {
    "description": "A condition, or a group of which one has to hold",
    "anyOf": [ref("Condition"), object_with({"any": list_of(ref("Condition"), minItems=1)}, required=["any"])],
}
TESTS = list_of(ref("Test"), minItems=1, maxItems=50)

STEP = object_with(
    {
        "at": MOMENT,
        "zone": ZONE,
        "enabled": nullable(BOOLEAN),
        "rollout": described(nullable(list_of(ref("Share"), minItems=1)), "Absent: as before; null: none"),
        "defaultVariant": described(nullable(TEXT), "Absent: as before; null: none"),
    },
    required=["at"],
)
RAMP = object_with(
    {"variant": TEXT, "from": PERCENT, "to": PERCENT, "start": MOMENT, "end": MOMENT, "zone": ZONE},
    required=["variant", "from", "to", "start", "end"],
)
PREREQUISITE = object_with(
    {"flag": KEY, "variants": list_of(TEXT, minItems=1)},
    required=["flag", "variants"],
)

SPLIT_BY = described(
    nullable({"type": "string", "minLength": 1, "maxLength": 256}),
    "The field whose text is hashed in place of the entity's id, such as organisation.id",
)

RELEASE_FIELDS: dict[str, Json] = {
    "ramp": described(nullable(ref("Ramp")), "In place of `rollout`: a share that grows with time"),
    "splitBy": SPLIT_BY,
    "layer": described(nullable(ref("LayerRange")), "The part of a layer that rollout or ramp are for"),
    "schedule": described(
        nullable(list_of(ref("Step"), maxItems=100)), "What changes by itself, in the order of the times"
    ),
    "prerequisites": described(
        nullable(list_of(ref("Prerequisite"), maxItems=20)), "Other flags that have to serve one of these variants"
    ),
}
"""The fields of a flag in one environment."""

BOUNDS: dict[str, Json] = {"from": PERCENT, "to": PERCENT}
LAYER_RANGE = object_with({"key": KEY, **BOUNDS}, required=["key", "from", "to"])
HOLDOUT = described(
    nullable(object_with(BOUNDS, required=["from", "to"])), "The part that no flag may have, in percent"
)
LAYER_FIELDS: dict[str, Json] = {
    "name": nullable(NAME),
    "description": nullable({"type": "string", "maxLength": 4096}),
    "splitBy": SPLIT_BY,
    "holdout": HOLDOUT,
}
LAYER = object_with(
    {
        "id": {"type": "string", "format": "uuid"},
        "key": KEY,
        "name": nullable(TEXT),
        "description": TEXT,
        "splitBy": nullable(TEXT),
        "holdout": HOLDOUT,
        "ranges": list_of(
            object_with({"environment": TEXT, "flag": TEXT, **BOUNDS}, required=["environment", "flag", "from", "to"])
        ),
        "version": WHOLE,
        "usedBy": described(WHOLE, "How many flags are in it"),
        "createdAt": TIME,
        "createdBy": TEXT,
        "updatedAt": TIME,
        "updatedBy": TEXT,
        "archivedAt": nullable(TIME),
    },
    required=["id", "key", "splitBy", "holdout", "ranges", "version", "usedBy"],
)

ID_LISTS = described(
    {"type": "object", "additionalProperties": list_of({"type": "string", "minLength": 1, "maxLength": 256})},
    "Ids by type of entity",
)
SEGMENT_RULES = list_of(object_with({"conditions": TESTS}, required=["conditions"]), maxItems=100)
SEGMENT_FIELDS: dict[str, Json] = {
    "name": nullable(NAME),
    "description": nullable({"type": "string", "maxLength": 4096}),
    "included": ID_LISTS,
    "excluded": ID_LISTS,
    "rules": nullable(SEGMENT_RULES),
}
COUNTS = described({"type": "object", "additionalProperties": WHOLE}, "How many ids, by type of entity")
SEGMENT = object_with(
    {
        "id": {"type": "string", "format": "uuid"},
        "key": KEY,
        "name": nullable(TEXT),
        "description": TEXT,
        "included": COUNTS,
        "excluded": COUNTS,
        "rules": SEGMENT_RULES,
        "summary": described(object_with({"rules": list_of(TEXT)}), "The rules in plain words"),
        "version": WHOLE,
        "usedBy": described(WHOLE, "How many flags name it"),
        "createdAt": TIME,
        "createdBy": TEXT,
        "updatedAt": TIME,
        "updatedBy": TEXT,
        "archivedAt": nullable(TIME),
    },
    required=["id", "key", "included", "excluded", "rules", "version", "usedBy"],
)
SEGMENT_MEMBER = object_with(
    {"entityType": TEXT, "entityId": TEXT, "excluded": BOOLEAN}, required=["entityType", "entityId", "excluded"]
)
AFFECTED = object_with(
    {
        "environment": TEXT,
        "flags": list_of(TEXT),
        "enabled": described(WHOLE, "How many of them are enabled"),
    },
    required=["environment", "flags", "enabled"],
)

SCHEMAS: dict[str, Json] = {
    "Condition": CONDITION,
    "Test": TEST,
    "Step": STEP,
    "Ramp": RAMP,
    "Prerequisite": PREREQUISITE,
    "LayerRange": LAYER_RANGE,
    "Layer": LAYER,
    "Segment": SEGMENT,
    "SegmentMember": SEGMENT_MEMBER,
    "Affected": AFFECTED,
}
