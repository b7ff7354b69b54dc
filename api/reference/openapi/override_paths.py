"""`/feature-flags` and `/users/{userId}/feature-flags`, and the cost brake beside them."""

from __future__ import annotations

from api.reference.openapi.building import (
    ADMIN,
    ENVIRONMENT,
    NAME,
    READING,
    TEXT,
    VERSION,
    WRITING,
    Json,
    answer,
    in_path,
    list_of,
    object_with,
    operation,
    ref,
)
from api.reference.openapi.flag_paths import IF_MATCH
from api.reference.openapi.schemas import COMMON, STATUS, WHO

TAG, BRAKE = "Per-user overrides", "Cost brake"
FLAG = in_path("flagId", "The flag's id, or the key of a live flag", example="Test-flag")
USER = in_path("userId", "The user", example="user-123")

NEW = object_with({"name": {**NAME, "minLength": 1}, "description": TEXT, **COMMON}, required=["name"])
MADE = object_with({"data": ref("FeatureFlag"), "message": TEXT}, required=["data", "message"])
SWITCH = object_with({"status": STATUS, **COMMON, "version": VERSION}, required=["status"])
WITH_FLAG: Json = {"parameters": {"flagId": "$response.body#/data/id"}}
LINKS: Json = {
    name: {"operationId": name, **WITH_FLAG}
    for name in ("getFeatureFlag", "switchFeatureFlag", "createOverride", "getOverride")
}
PENDING = object_with({"pendingLimit": {"type": "integer", "minimum": 0}, **WHO}, required=["pendingLimit"])
LIMITED = object_with({"message": TEXT}, closed=False)

PATHS: dict[str, Json] = {
    "/feature-flags": {
        "get": operation(
            "listFeatureFlags",
            TAG,
            "Every boolean flag, newest first",
            parameters=[ENVIRONMENT],
            answers={200: answer("All of them", list_of(ref("FeatureFlag")))},
            errors=READING,
        ),
        "post": operation(
            "createFeatureFlag",
            TAG,
            "Create a flag that is on for everyone",
            description="Its key is the name in the characters of a key.",
            parameters=[ENVIRONMENT],
            body=NEW,
            example={"name": "Test flag", "description": "Made by hand", "userId": "vikhyat"},
            answers={201: answer("The flag", MADE, links=LINKS)},
            errors=WRITING,
        ),
    },
    "/feature-flags/{flagId}": {
        "get": operation(
            "getFeatureFlag",
            TAG,
            "One flag",
            parameters=[FLAG, ENVIRONMENT],
            answers={200: answer("The flag", ref("FeatureFlag"))},
            errors=[*READING, 404],
        ),
        "patch": operation(
            "switchFeatureFlag",
            TAG,
            "The kill switch, both ways",
            parameters=[FLAG, ENVIRONMENT, IF_MATCH],
            body=SWITCH,
            example={"status": "DISABLED", "userId": "vikhyat"},
            answers={200: answer("The flag", ref("FeatureFlag"))},
            errors=WRITING,
        ),
    },
    "/users/{userId}/feature-flags": {
        "get": operation(
            "listOverrides",
            TAG,
            "A user's overrides, newest first",
            parameters=[USER, ENVIRONMENT],
            answers={200: answer("At least one", list_of(ref("Override"), minItems=1))},
            errors=[*READING, 404],
        )
    },
    "/users/{userId}/feature-flags/{flagId}": {
        "get": operation(
            "getOverride",
            TAG,
            "What a user gets of a flag",
            parameters=[USER, FLAG, ENVIRONMENT],
            answers={200: answer("The override", ref("Override"))},
            errors=[*READING, 404],
        ),
        "post": operation(
            "createOverride",
            TAG,
            "Override a flag for a user",
            description="An override is a member of type `user`; it wins while the flag is enabled.",
            parameters=[USER, FLAG, ENVIRONMENT, IF_MATCH],
            body=SWITCH,
            example={"status": "DISABLED", "userId": "vikhyat"},
            answers={200: answer("The override", ref("Override"))},
            errors=WRITING,
        ),
        "patch": operation(
            "changeOverride",
            TAG,
            "Switch a user's override",
            parameters=[USER, FLAG, ENVIRONMENT, IF_MATCH],
            body=SWITCH,
            example={"status": "ENABLED", "userId": "vikhyat"},
            answers={200: answer("The override", ref("Override"))},
            errors=WRITING,
        ),
    },
    "/reset-limit": {
        "post": operation(
            "resetLimit",
            BRAKE,
            "How many evaluations may run at once, in AWS",
            security=ADMIN,
            body=PENDING,
            example={"pendingLimit": 20},
            answers={200: answer("The limit is set", LIMITED)},
            errors=[*WRITING, 501],
        )
    },
    "/mark-concurrency-zero": {
        "patch": operation(
            "markConcurrencyZero",
            BRAKE,
            "Stop evaluation, in AWS",
            body=object_with(WHO),
            body_required=False,
            answers={200: answer("Evaluation is stopped", LIMITED)},
            errors=[*WRITING, 501],
        )
    },
}
