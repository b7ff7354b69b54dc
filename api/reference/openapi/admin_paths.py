"""Members, changes, environments and keys."""

from __future__ import annotations

from api.reference.openapi.building import (
    BOOLEAN,
    ENVIRONMENT,
    KEY,
    NAME,
    READING,
    TEXT,
    TIME,
    VALUE,
    VERSION,
    WHOLE,
    WRITING,
    Json,
    answer,
    described,
    in_path,
    in_query,
    list_of,
    nullable,
    object_with,
    one_of,
    operation,
    ref,
)
from api.reference.openapi.flag_paths import FLAG, IF_MATCH, ONE
from api.reference.openapi.schemas import COMMON, WHO

MEMBERS, HISTORY, PLACES, KEYS = "Members", "Changes", "Environments", "Keys"
PAGE = (
    in_query("limit", "How many on a page", pattern="^(1000|[1-9][0-9]{0,2})$"),
    in_query("next", "The `next` of the page before"),
)

ENTITIES: dict[str, Json] = {
    "entityType": described({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}, "`user` unless given"),
    "entityIds": list_of({"type": "string", "minLength": 1, "maxLength": 256}, minItems=1, maxItems=100_000),
    **COMMON,
    "version": VERSION,
}
NEW_MEMBERS = object_with(
    {**ENTITIES, "value": described(VALUE, "Either the value …"), "variant": described(TEXT, "… or the variant")},
    required=["entityIds"],
)
ADDED = object_with(
    {"flag": ref("Flag"), "added": WHOLE, "changed": WHOLE, "unchanged": WHOLE, "variant": TEXT},
    required=["flag", "added", "changed", "unchanged", "variant"],
)
REMOVED = object_with({"flag": ref("Flag"), "removed": WHOLE, "absent": WHOLE}, required=["flag", "removed", "absent"])
CHANGES_PAGE = "One page of changes; of large ones it has fewer than `limit`: go on with `next`"
CHANGES = object_with({"changes": list_of(ref("Change")), "total": WHOLE, "next": TEXT}, required=["changes", "total"])
PREVIEW = object_with({"difference": ref("Difference")}, required=["difference"])
RESTORE = object_with(
    {
        "changeId": {"type": "integer", "minimum": 0},
        "to": one_of("before", "after"),
        "preview": described(BOOLEAN, "Only show what would change"),
        **COMMON,
        "version": VERSION,
    },
    required=["changeId"],
)
PROMOTE = object_with(
    {
        "from": KEY,
        "to": KEY,
        "preview": described(BOOLEAN, "Only show what would change"),
        **WHO,
        "version": VERSION,
    },
    required=["from", "to"],
)
NEW_KEY = object_with(
    {
        "name": {**NAME, "minLength": 1},
        "scope": one_of("admin", "reader", "server", "client"),
        "expiresAt": nullable(TIME),
        "environment": described(nullable(KEY), "What the key is bound to; not for admin and reader keys"),
        **WHO,
    },
    required=["name", "scope"],
)
NEW_ENVIRONMENT = object_with(
    {
        "key": KEY,
        "name": nullable(NAME),
        "protected": BOOLEAN,
        "commentRequired": BOOLEAN,
        "copyOf": described(KEY, "Whose variants it starts with"),
        **WHO,
    },
    required=["key"],
)
CHANGED_ENVIRONMENT = object_with({"name": nullable(NAME), "protected": BOOLEAN, "commentRequired": BOOLEAN, **WHO})
ONE_ENVIRONMENT = object_with({"environment": ref("Environment")}, required=["environment"])
ONE_KEY = object_with({"key": ref("ApiKey")}, required=["key"])
MADE_KEY = object_with({"key": ref("ApiKey"), "secret": described(TEXT, "Shown this once")}, required=["key", "secret"])
REVOKE_LINK: Json = {"revokeKey": {"operationId": "revokeKey", "parameters": {"keyId": "$response.body#/key/id"}}}

OF_SEGMENT = in_query("segment", "Only of segments of this key", maxLength=128)
OF_LAYER = in_query("layer", "Only of layers of this key", maxLength=128)

PATHS: dict[str, Json] = {
    "/api/admin/flags/{idOrKey}/members": {
        "get": operation(
            "listMembers",
            MEMBERS,
            "List members",
            parameters=[
                FLAG,
                ENVIRONMENT,
                in_query("entityType", "Only of this type", maxLength=64),
                in_query("search", "Part of the id", maxLength=256),
                *PAGE,
            ],
            answers={
                200: answer(
                    "One page of members",
                    object_with(
                        {"members": list_of(ref("Member")), "total": WHOLE, "next": TEXT}, required=["members", "total"]
                    ),
                )
            },
            errors=[*READING, 404],
        ),
        "post": operation(
            "addMembers",
            MEMBERS,
            "Give entities a value or a variant",
            parameters=[FLAG, ENVIRONMENT, IF_MATCH],
            body=NEW_MEMBERS,
            example={"entityType": "user", "entityIds": ["john", "mary"], "value": True},
            answers={200: answer("What that changed", ADDED, etag=True)},
            errors=WRITING,
        ),
        "delete": operation(
            "removeMembers",
            MEMBERS,
            "Make entities members no longer",
            parameters=[FLAG, ENVIRONMENT, IF_MATCH],
            body=object_with(ENTITIES, required=["entityIds"]),
            example={"entityType": "user", "entityIds": ["john"]},
            answers={200: answer("What that changed", REMOVED, etag=True)},
            errors=WRITING,
        ),
    },
    "/api/admin/changes": {
        "get": operation(
            "listChanges",
            HISTORY,
            "The change log, newest first",
            parameters=[ENVIRONMENT, in_query("flag", "Only of this flag: id or key"), OF_SEGMENT, OF_LAYER, *PAGE],
            answers={200: answer(CHANGES_PAGE, CHANGES)},
            errors=[*READING, 404],
        )
    },
    "/api/admin/flags/{idOrKey}/changes": {
        "get": operation(
            "listFlagChanges",
            HISTORY,
            "The changes of one flag, newest first",
            parameters=[FLAG, ENVIRONMENT, *PAGE],
            answers={200: answer(CHANGES_PAGE, CHANGES)},
            errors=[*READING, 404],
        )
    },
    "/api/admin/flags/{idOrKey}/restore": {
        "post": operation(
            "restoreFlag",
            HISTORY,
            "Bring a flag back to before or after a change",
            parameters=[FLAG, ENVIRONMENT, IF_MATCH],
            body=RESTORE,
            example={"changeId": 7, "to": "before", "preview": True},
            answers={200: answer("The flag, or what would change", {"anyOf": [ONE, PREVIEW]})},
            errors=WRITING,
        )
    },
    "/api/admin/flags/{idOrKey}/promote": {
        "post": operation(
            "promoteFlag",
            HISTORY,
            "Make a flag in one environment what it is in another",
            parameters=[FLAG, IF_MATCH],
            body=PROMOTE,
            example={"from": "staging", "to": "prod", "preview": True},
            answers={200: answer("The flag, or what would change", {"anyOf": [ONE, PREVIEW]})},
            errors=WRITING,
        )
    },
    "/api/admin/environments": {
        "get": operation(
            "listEnvironments",
            PLACES,
            "List environments",
            answers={
                200: answer(
                    "All of them",
                    object_with({"environments": list_of(ref("Environment"))}, required=["environments"]),
                )
            },
            errors=READING,
        ),
        "post": operation(
            "createEnvironment",
            PLACES,
            "Add an environment",
            description="Every flag is disabled in it, with the variants that it has in `copyOf`.",
            body=NEW_ENVIRONMENT,
            example={"key": "qa", "name": "Quality assurance"},
            answers={201: answer("The environment", ONE_ENVIRONMENT)},
            errors=WRITING,
        ),
    },
    "/api/admin/environments/{environmentKey}": {
        "put": operation(
            "updateEnvironment",
            PLACES,
            "Give an environment another name, protect it or not, have it ask for comments or not",
            description="Its key stays for ever.",
            parameters=[in_path("environmentKey", "The environment's key", example="qa")],
            body=CHANGED_ENVIRONMENT,
            example={"name": "Acceptance", "protected": False},
            answers={200: answer("The environment", ONE_ENVIRONMENT)},
            errors=WRITING,
        ),
        "delete": operation(
            "deleteEnvironment",
            PLACES,
            "Delete an environment",
            description="Its keys are revoked and what flags are in it is gone; the change log stays. Not for the"
            " default environment, nor for a protected one.",
            parameters=[in_path("environmentKey", "The environment's key", example="qa")],
            body=object_with(WHO),
            body_required=False,
            answers={200: answer("The environment as it was", ONE_ENVIRONMENT)},
            errors=WRITING,
        ),
    },
    "/api/admin/keys": {
        "get": operation(
            "listKeys",
            KEYS,
            "List API keys, without their secrets",
            answers={200: answer("All of them", object_with({"keys": list_of(ref("ApiKey"))}, required=["keys"]))},
            errors=READING,
        ),
        "post": operation(
            "createKey",
            KEYS,
            "Create an API key",
            body=NEW_KEY,
            parameters=[ENVIRONMENT],
            example={"name": "web shop", "scope": "client", "environment": "prod"},
            answers={201: answer("The key, and its secret, shown this once", MADE_KEY, links=REVOKE_LINK)},
            errors=WRITING,
        ),
    },
    "/api/admin/keys/{keyId}": {
        "delete": operation(
            "revokeKey",
            KEYS,
            "Revoke an API key",
            parameters=[in_path("keyId", "The key's id", example="$KEY_ID")],
            body=object_with(WHO),
            body_required=False,
            answers={200: answer("The revoked key", ONE_KEY)},
            errors=WRITING,
        )
    },
}
