"""`/api/admin/flags` and `/feature-flag/admin`."""

from __future__ import annotations

from typing import Any

from api.reference.openapi.building import (
    BOOLEAN,
    ENVIRONMENT,
    KEY,
    READING,
    TEXT,
    VALUE,
    VERSION,
    WHOLE,
    WRITING,
    YES_OR_NO,
    Json,
    answer,
    described,
    in_header,
    in_path,
    in_query,
    list_of,
    object_with,
    operation,
    ref,
)
from api.reference.openapi.schemas import COMMON, OWN_FIELDS, TYPES

TAG = "Flags"
FLAG = in_path("idOrKey", "The flag's id, or the key of a live flag", example="new-checkout")
IF_MATCH = in_header("If-Match", "The version that the change is based on, as in the ETag")
EVERYWHERE = in_query("environment", "The environment; `*`: all, which can only disable", minLength=1, maxLength=128)

ONE = object_with({"flag": ref("Flag")}, required=["flag"])
MANY = object_with({"flags": list_of(ref("Flag"))}, required=["flags"])
LISTED = object_with({"flags": list_of(ref("Flag")), "total": WHOLE, "next": TEXT}, required=["flags", "total"])

WITH_ID: dict[str, Any] = {"parameters": {"idOrKey": "$response.body#/flag/id"}}
OF_A_FLAG = (
    "getFlag",
    "changeFlag",
    "toggleFlag",
    "archiveFlag",
    "addMembers",
    "removeMembers",
    "listMembers",
    "listFlagChanges",
    "promoteFlag",
    "restoreFlag",
)
"""The operations that an id leads to."""

LINKS: Json = {name: {"operationId": name, **WITH_ID} for name in OF_A_FLAG}

LIST_LINKS: Json = {
    name: {"operationId": name, "parameters": {"idOrKey": "$response.body#/flags/0/id"}} for name in LINKS
}

LIST_PARAMETERS = (
    ENVIRONMENT,
    in_query("search", "Part of the key, the name or the description", maxLength=256),
    in_query("type", "Only flags of this type", enum=["BOOLEAN", "STRING", "NUMBER", "STRUCTURED"]),
    in_query("static", "Only static, or only dynamic flags", **YES_OR_NO),
    in_query("enabled", "Only enabled, or only disabled flags", **YES_OR_NO),
    in_query("tag", "Only flags that have all of these tags, separated by commas"),
    in_query("owner", "Only flags of this owner", maxLength=256),
    in_query("purpose", "Only flags of this purpose", enum=["release", "experiment", "operational", "permission"]),
    in_query("clientSide", "Only flags that client keys see, or do not", **YES_OR_NO),
    in_query("archived", "Archived flags instead of live ones", **YES_OR_NO),
    in_query("sort", "By what", enum=["key", "name", "created", "updated"]),
    in_query("order", "In which direction", enum=["asc", "desc"]),
    in_query("limit", "How many on a page, 100 unless given", pattern="^(1000|[1-9][0-9]{0,2})$"),
    in_query("next", "The `next` of the page before"),
)

EXAMPLE = {
    "key": "new-checkout",
    "description": "Redesigned checkout experience",
    "enabled": True,
    "rolloutPercentage": 25,
    "targetedUsers": ["user-1", "user-3"],
}
EDIT_EXAMPLE = {
    "enabled": True,
    "rolloutPercentage": 50,
    "rules": [
        {"field": "email", "operator": "ends_with", "value": "@company.com"},
        {"field": "country", "operator": "in", "value": ["US", "CA", "UK"]},
    ],
}

SWITCH = object_with({"enabled": BOOLEAN, **COMMON, "version": VERSION})
OPTIONAL = object_with({**COMMON, "version": VERSION})
NEW_SIMPLE = object_with(
    {
        "flagKey": KEY,
        "type": TYPES,
        "isStatic": BOOLEAN,
        "staticValue": described(VALUE, "The value of a static flag"),
        **OWN_FIELDS,
        "enabled": BOOLEAN,
        **COMMON,
    },
    required=["flagKey"],
)
SIMPLE_EXAMPLE = {"flagKey": "hello", "description": "My first flag", "isStatic": True, "staticValue": True}

PATHS: dict[str, Json] = {
    "/api/admin/flags": {
        "get": operation(
            "listFlags",
            TAG,
            "List flags",
            parameters=LIST_PARAMETERS,
            answers={200: answer("One page of flags", LISTED, links=LIST_LINKS)},
            errors=READING,
        ),
        "post": operation(
            "createFlag",
            TAG,
            "Create a flag",
            description="A flag without `type` is boolean and dynamic. It is made in every environment with the same "
            "variants; `enabled` and targeting are for the environment asked for, and it is disabled in the others.",
            parameters=[ENVIRONMENT],
            body=ref("NewFlag"),
            example=EXAMPLE,
            answers={201: answer("The flag", ONE, etag=True, links=LINKS)},
            errors=WRITING,
        ),
    },
    "/api/admin/flags/{idOrKey}": {
        "get": operation(
            "getFlag",
            TAG,
            "One flag in one environment",
            parameters=[FLAG, ENVIRONMENT],
            answers={200: answer("The flag", ONE, etag=True)},
            errors=[*READING, 404],
        ),
        "put": operation(
            "changeFlag",
            TAG,
            "Change the fields that are given",
            description="Fields that are absent stay as they are; null clears one.",
            parameters=[FLAG, ENVIRONMENT, IF_MATCH],
            body=ref("FlagEdit"),
            example=EDIT_EXAMPLE,
            answers={200: answer("The flag", ONE, etag=True)},
            errors=WRITING,
        ),
        "delete": operation(
            "archiveFlag",
            TAG,
            "Archive a flag",
            description="It is gone from evaluation and its key is free; its history stays, and `restore` brings it "
            "back. By its id it can still be read.",
            parameters=[FLAG, ENVIRONMENT, IF_MATCH],
            body=OPTIONAL,
            body_required=False,
            answers={200: answer("The archived flag", ONE, etag=True)},
            errors=WRITING,
        ),
    },
    "/api/admin/flags/{idOrKey}/toggle": {
        "patch": operation(
            "toggleFlag",
            TAG,
            "Switch a flag, or disable it everywhere",
            parameters=[FLAG, EVERYWHERE, IF_MATCH],
            body=SWITCH,
            body_required=False,
            answers={200: answer("The flag; with `environment=*` every environment's", {"anyOf": [ONE, MANY]})},
            errors=WRITING,
        )
    },
    "/feature-flag/admin/list": {
        "get": operation(
            "listAllFlags",
            TAG,
            "Every live flag",
            parameters=[ENVIRONMENT],
            answers={200: answer("All of them", LISTED)},
            errors=READING,
        )
    },
    "/feature-flag/admin": {
        "post": operation(
            "createSimpleFlag",
            TAG,
            "Create a flag, enabled",
            parameters=[ENVIRONMENT],
            body=NEW_SIMPLE,
            example=SIMPLE_EXAMPLE,
            answers={201: answer("The flag", ONE, etag=True, links=LINKS)},
            errors=WRITING,
        )
    },
    "/feature-flag/admin/{flagKey}": {
        "delete": operation(
            "archiveSimpleFlag",
            TAG,
            "Archive a flag",
            parameters=[in_path("flagKey", "The flag's key or id", example="hello"), ENVIRONMENT, IF_MATCH],
            body=OPTIONAL,
            body_required=False,
            answers={200: answer("The archived flag", ONE, etag=True)},
            errors=WRITING,
        )
    },
}
