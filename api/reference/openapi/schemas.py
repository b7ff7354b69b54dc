"""The schemas that several routes share."""

from __future__ import annotations

from api.reference.openapi import release_schemas
from api.reference.openapi.building import (
    BOOLEAN,
    COMMENT,
    KEY,
    NAME,
    SECONDS,
    TEXT,
    TIME,
    USER_ID,
    VALUE,
    VERSION,
    WHOLE,
    Json,
    described,
    list_of,
    nullable,
    object_with,
    one_of,
    ref,
)
from api.reference.openapi.release_schemas import PERCENT, RELEASE_FIELDS, SPLIT_BY, TESTS

TYPES = one_of("BOOLEAN", "STRING", "NUMBER", "STRUCTURED")
PURPOSE = nullable(one_of("release", "experiment", "operational", "permission"))
EXPECTED_END = described(nullable({"type": "string", "format": "date"}), "The day by which it is to be gone")
LINK = object_with(
    {
        "title": {"type": "string", "minLength": 1, "maxLength": 256},
        "url": {"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://", "maxLength": 2048},
    },
    required=["title", "url"],
)
METADATA: Json = {
    "type": "object",
    "description": "Texts, numbers and booleans, in the metadata of evaluations; not under names of ours",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}
STATUS = one_of("ENABLED", "DISABLED")
ENVIRONMENT_FIELD = described(nullable(KEY), "The environment, unless the query string says it")

ERROR = object_with({"error": described(TEXT, "What is wrong, in words"), "code": TEXT}, required=["error", "code"])
ERROR.pop("additionalProperties")

SHARE = object_with({"variant": TEXT, "weight": PERCENT}, required=["variant", "weight"])
RULE = object_with(
    {
        "name": nullable(NAME),
        "conditions": TESTS,
        "variant": TEXT,
        "split": list_of(ref("Share"), minItems=1),
        "splitBy": SPLIT_BY,
    },
    required=["conditions"],
)
RULES: Json = {
    "description": "Rules, tried in order; or a flat list of conditions, which is one rule that serves `on`",
    "anyOf": [list_of(ref("Rule"), maxItems=100), list_of(ref("Condition"), maxItems=50), {"type": "null"}],
}

FLAG = object_with(
    {
        "id": {"type": "string", "format": "uuid"},
        "key": KEY,
        "name": nullable(TEXT),
        "description": TEXT,
        "type": TYPES,
        "isStatic": BOOLEAN,
        "tags": list_of(TEXT),
        "owner": nullable(TEXT),
        "purpose": PURPOSE,
        "expectedEnd": EXPECTED_END,
        "links": list_of(LINK),
        "metadata": METADATA,
        "clientSide": BOOLEAN,
        "environment": TEXT,
        "version": WHOLE,
        "revision": WHOLE,
        "enabled": BOOLEAN,
        "variants": {"type": "object", "additionalProperties": VALUE},
        "defaultVariant": nullable(TEXT),
        "value": described(VALUE, "Static flags only"),
        "rules": list_of(ref("Rule")),
        "rollout": nullable(list_of(ref("Share"))),
        "rolloutPercentage": nullable(PERCENT),
        **RELEASE_FIELDS,
        "neededBy": described(
            list_of(ref("Prerequisite")), "The flags that need this one, with the variants of which they need one"
        ),
        "memberCount": WHOLE,
        "summary": described(
            object_with(
                {
                    "prerequisites": list_of(TEXT),
                    "rules": list_of(TEXT),
                    "rollout": nullable(TEXT),
                    "layer": nullable(TEXT),
                    "schedule": list_of(TEXT),
                }
            ),
            "What decides, in plain words",
        ),
        "createdAt": TIME,
        "createdBy": TEXT,
        "updatedAt": TIME,
        "updatedBy": TEXT,
        "archivedAt": nullable(TIME),
    },
    required=["id", "key", "type", "isStatic", "environment", "version", "enabled", "variants", "archivedAt"],
)

OWN_FIELDS: dict[str, Json] = {
    "name": nullable(NAME),
    "description": nullable({"type": "string", "maxLength": 4096}),
    "tags": nullable(list_of(KEY, maxItems=64)),
    "owner": described(nullable(NAME), "Who answers for it: a person or a team"),
    "purpose": PURPOSE,
    "expectedEnd": EXPECTED_END,
    "links": nullable(list_of(LINK, maxItems=20)),
    "metadata": nullable({**METADATA, "propertyNames": KEY, "maxProperties": 32}),
    "clientSide": described(nullable(BOOLEAN), "Whether client keys see it"),
}
"""What is the flag's own in every environment."""

TARGETING: dict[str, Json] = {
    "defaultVariant": described(nullable(TEXT), "What is served when nothing matched; none: the caller's default"),
    "rules": RULES,
    "rollout": nullable(list_of(ref("Share"), minItems=1)),
    "rolloutPercentage": described(nullable(PERCENT), "In place of `rollout`: the share of `on` of a boolean flag"),
    **RELEASE_FIELDS,
    "targetedUsers": described(nullable(list_of(TEXT)), "The members of type `user` that get `on`"),
    **OWN_FIELDS,
    "enabled": BOOLEAN,
    "value": described(VALUE, "The value of a static flag"),
    "variants": {"type": "object", "additionalProperties": VALUE, "description": "Name to value"},
}

WHO: dict[str, Json] = {"userId": USER_ID, "comment": COMMENT}
COMMON: dict[str, Json] = {"environment": ENVIRONMENT_FIELD, **WHO}

NEW_FLAG = object_with({"key": KEY, "type": TYPES, "isStatic": BOOLEAN, **TARGETING, **COMMON}, required=["key"])
FLAG_EDIT = object_with({**TARGETING, **COMMON, "version": VERSION})

MEMBERS_DELTA: Json = {"type": ["object", "null"], "description": "Members `added`, `changed` and `removed`"}
STATE: Json = {"type": ["object", "null"], "description": "The configuration with the flag's own fields"}

SUMMARY: Json = {"type": "string", "maxLength": 500, "description": "What differs, in plain words"}

CHANGE = object_with(
    {
        "id": WHOLE,
        "flagId": nullable(TEXT),
        "flagKey": nullable(TEXT),
        "segmentKey": nullable(TEXT),
        "layerKey": nullable(TEXT),
        "environment": nullable(TEXT),
        "revision": nullable(WHOLE),
        "action": TEXT,
        "actor": TEXT,
        "source": one_of("api", "interval", "cli", "console", "system"),
        "via": described(nullable(TEXT), "The key that let the actor in: `key ci`"),
        "comment": described(nullable(TEXT), "Why, in the actor's words"),
        "before": STATE,
        "after": STATE,
        "members": MEMBERS_DELTA,
        "summary": SUMMARY,
        "at": TIME,
    },
    required=["id", "action", "actor", "source", "summary", "at"],
)
DIFFERENCE = object_with({"before": STATE, "after": STATE, "members": MEMBERS_DELTA, "summary": SUMMARY})

MEMBER = object_with(
    {"entityType": TEXT, "entityId": TEXT, "variant": TEXT, "value": VALUE},
    required=["entityType", "entityId", "variant", "value"],
)
ENVIRONMENT = object_with(
    {
        "key": TEXT,
        "name": TEXT,
        "protected": BOOLEAN,
        "commentRequired": described(BOOLEAN, "Whether every change there has to say why"),
        "revision": WHOLE,
        "createdAt": TIME,
    },
    required=["key", "name", "protected", "commentRequired", "revision", "createdAt"],
)
API_KEY = object_with(
    {
        "id": TEXT,
        "name": TEXT,
        "scope": one_of("admin", "reader", "server", "client"),
        "environment": nullable(TEXT),
        "prefix": described(TEXT, "The first characters of the secret"),
        "createdAt": TIME,
        "createdBy": TEXT,
        "expiresAt": nullable(TIME),
        "lastUsed": nullable({"type": "string", "format": "date"}),
        "revokedAt": nullable(TIME),
    },
    required=["id", "name", "scope", "environment", "prefix", "createdAt", "createdBy"],
)

STAMPS: dict[str, Json] = {"createdAt": SECONDS, "createdBy": TEXT, "updatedAt": SECONDS, "updatedBy": TEXT}
FEATURE_FLAG = object_with(
    {
        "id": TEXT,
        "key": KEY,
        "name": TEXT,
        "description": TEXT,
        "status": STATUS,
        "environment": TEXT,
        "version": WHOLE,
        **STAMPS,
    },
    required=["id", "key", "name", "description", "status", "environment", "version", *STAMPS],
)
OVERRIDE = object_with(
    {
        "userId": TEXT,
        "flagId": TEXT,
        "flagKey": KEY,
        "status": STATUS,
        "environment": TEXT,
        "version": WHOLE,
        **STAMPS,
    },
    required=["userId", "flagId", "flagKey", "status", "environment", "version", *STAMPS],
)

SCHEMAS: dict[str, Json] = {
    "Error": ERROR,
    **release_schemas.SCHEMAS,
    "Share": SHARE,
    "Rule": RULE,
    "Flag": FLAG,
    "NewFlag": NEW_FLAG,
    "FlagEdit": FLAG_EDIT,
    "Change": CHANGE,
    "Difference": DIFFERENCE,
    "Member": MEMBER,
    "Environment": ENVIRONMENT,
    "ApiKey": API_KEY,
    "FeatureFlag": FEATURE_FLAG,
    "Override": OVERRIDE,
}
