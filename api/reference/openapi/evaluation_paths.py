"""Evaluation, OFREP, and what SDKs fetch."""

from __future__ import annotations

from api.reference.openapi.building import (
    BOOLEAN,
    EVALUATING,
    EVALUATION,
    SDK,
    TEXT,
    VALUE,
    YES_OR_NO,
    Json,
    answer,
    described,
    in_header,
    in_path,
    in_query,
    list_of,
    nullable,
    object_with,
    one_of,
    operation,
    ref,
)

TAG, OFREP, FEED = "Evaluation", "OFREP", "For SDKs"
NAMED = in_query("environment", "The environment, unless the key or the body says it", minLength=1)
CODES = one_of("FLAG_NOT_FOUND", "TYPE_MISMATCH", "TARGETING_KEY_MISSING", "PARSE_ERROR", "INVALID_CONTEXT", "GENERAL")
REASONS = one_of("STATIC", "TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED", "ERROR")
ENTITY = {"entityId": "john", "entityType": "user", "country": "US"}
USER = {"id": "user-123", "email": "john@example.com", "country": "US", "attributes": {"plan": "premium"}}

SINGLE = object_with(
    {
        "flagKey": {"type": "string", "minLength": 1},
        "defaultValue": described(VALUE, "What is answered where the flag decides nothing"),
        "context": described({"type": "object"}, "`entityId`, `entityType`, and whatever rules look at"),
        "environment": nullable(TEXT),
    },
    required=["flagKey", "defaultValue"],
    closed=False,
)
EVALUATED = object_with(
    {
        "value": VALUE,
        "reason": REASONS,
        "variant": TEXT,
        "errorCode": CODES,
        "errorMessage": TEXT,
        "explanation": described({"type": "object"}, "With `?explain=true`: why"),
    },
    required=["value", "reason"],
)
BULK = object_with(
    {
        "user": object_with(
            {"id": {"type": ["string", "integer", "null"]}, "email": VALUE, "country": VALUE, "attributes": VALUE},
            closed=False,
        ),
        "environment": nullable(TEXT),
        "flagKeys": described(nullable(list_of(TEXT, maxItems=1000)), "These flags only"),
    },
    required=["user"],
    closed=False,
)
RESULT = object_with(
    {
        "flagKey": TEXT,
        "enabled": BOOLEAN,
        "reason": one_of("RULE_MATCH", "MEMBER_MATCH", "ROLLOUT", "DISABLED", "NO_MATCH", "STATIC", "ERROR"),
        "errorCode": CODES,
    },
    required=["flagKey", "enabled", "reason"],
)
CONTEXT = object_with(
    {
        "context": object_with(
            {"targetingKey": described(TEXT, "The entity; absent where there is none")}, closed=False
        ),
        "environment": TEXT,
    },
    closed=False,
)
METADATA: Json = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
OFREP_ERROR = object_with({"key": TEXT, "errorCode": CODES, "errorDetails": TEXT, "metadata": METADATA}, closed=False)
OFREP_FLAG = object_with(
    {"key": TEXT, "value": VALUE, "reason": REASONS, "variant": TEXT, "metadata": METADATA}, required=["key", "reason"]
)
OFREP_ALL = object_with(
    {
        "flags": list_of({"anyOf": [ref("OfrepFlag"), ref("OfrepError")]}),
        "eventStreams": list_of({"type": "object"}),
        "metadata": METADATA,
    },
    required=["flags"],
)
CLIENT_FLAG = object_with(
    {
        "id": TEXT,
        "key": TEXT,
        "description": TEXT,
        "enabled": BOOLEAN,
        "rollout_percentage": {"type": ["number", "null"]},
        "targeted_users": list_of(TEXT),
    },
    required=["id", "key", "description", "enabled", "rollout_percentage", "targeted_users"],
)
CLIENT_FLAGS = object_with(
    {"revision": {"type": "integer"}, "flags": list_of(ref("ClientFlag"))}, required=["revision", "flags"]
)
SCHEMAS: dict[str, Json] = {
    "OfrepError": OFREP_ERROR,
    "OfrepFlag": OFREP_FLAG,
    "ClientFlag": CLIENT_FLAG,
    "Result": RESULT,
}
UNCHANGED: Json = {"description": "The client has this very answer already"}
ELSEWHERE: Json = {
    "description": "In AWS, where the answer is too large: it is in S3, and `Authorization` must not be sent there",
    "headers": {"Location": {"schema": TEXT, "description": "A signed URL, good for a minute"}},
}
IF_NONE_MATCH = in_header("If-None-Match", "The ETag of the answer that the client has")

PATHS: dict[str, Json] = {
    "/feature-flag/evaluate": {
        "post": operation(
            "evaluate",
            TAG,
            "Evaluate one flag",
            description="An unknown flag or one of another type is answered with the caller's default and reason "
            "`ERROR`: callers always get a value. `explain` needs an admin or a server key.",
            security=EVALUATION,
            parameters=[in_query("explain", "Add why", **YES_OR_NO), NAMED],
            body=SINGLE,
            example={"flagKey": "new-checkout", "defaultValue": False, "context": ENTITY},
            answers={200: answer("The value", EVALUATED)},
            errors=EVALUATING,
        )
    },
    "/api/evaluate": {
        "post": operation(
            "evaluateAll",
            TAG,
            "All boolean flags for one user",
            description="Rules see the user's own fields: `id`, `email`, `country`, `attributes.plan`. `NO_MATCH`: no "
            "member, rule or rollout decided, or the user is outside the rollout.",
            security=EVALUATION,
            parameters=[NAMED],
            body=BULK,
            example={"environment": "prod", "user": USER},
            answers={
                200: answer("Sorted by key", object_with({"results": list_of(ref("Result"))}, required=["results"]))
            },
            errors=EVALUATING,
        )
    },
    "/ofrep/v1/evaluate/flags/{key}": {
        "post": operation(
            "ofrepEvaluate",
            OFREP,
            "Evaluate one flag",
            security=EVALUATION,
            parameters=[in_path("key", "The flag's key", example="new-checkout"), NAMED],
            body=CONTEXT,
            example={"context": {"targetingKey": "john", "country": "US"}},
            answers={200: answer("Without `value` where the application's own default applies", ref("OfrepFlag"))},
            errors=[*EVALUATING, 404],
            error="OfrepError",
        )
    },
    "/ofrep/v1/evaluate/flags": {
        "post": operation(
            "ofrepEvaluateAll",
            OFREP,
            "Evaluate all flags",
            security=EVALUATION,
            parameters=[NAMED, IF_NONE_MATCH, in_query("flagConfigEtag", "What an event said of the definitions")],
            body=CONTEXT,
            example={"context": {"targetingKey": "john", "country": "US"}},
            answers={200: answer("All flags", OFREP_ALL, etag=True), 304: UNCHANGED},
            errors=EVALUATING,
            error="OfrepError",
        )
    },
    "/api/client/definitions": {
        "get": operation(
            "definitions",
            FEED,
            "The flagd document of an environment",
            description="https://flagd.dev/reference/flag-definitions/",
            security=SDK,
            parameters=[NAMED, IF_NONE_MATCH],
            answers={
                200: answer(
                    "The document",
                    object_with({"flags": {"type": "object"}, "metadata": METADATA}, required=["flags"], closed=False),
                    etag=True,
                ),
                304: UNCHANGED,
                307: ELSEWHERE,
            },
            errors=[400, 401, 403, 503],
        )
    },
    "/api/client/flags": {
        "get": operation(
            "clientFlags",
            FEED,
            "The boolean flags of an environment, in short",
            security=SDK,
            parameters=[NAMED],
            answers={200: answer("Sorted by key", CLIENT_FLAGS), 307: ELSEWHERE},
            errors=[400, 401, 403, 503],
        )
    },
    "/api/client/stream": {
        "get": {
            **operation(
                "stream",
                FEED,
                "Changes as they happen, as server-sent events",
                description="Events `flag_updated`, `flag_deleted` and `message`; a client key or a stream token gets "
                "`message` only. `Last-Event-ID` resumes. In AWS it answers 501: ask for the definitions instead.",
                security=[*SDK, {"keyInQuery": []}, {}],
                parameters=[
                    NAMED,
                    in_query("token", "The stream token of an OFREP answer"),
                    in_query("lastEventId", "In place of Last-Event-ID, for pages that may not send it"),
                    in_query("revision", "The revision that the client has, unless it has seen an event"),
                    in_header("Last-Event-ID", "The id of the last event that the client has seen"),
                ],
                answers={},
                errors=[400, 401, 403, 501, 503],
            ),
        }
    },
}
PATHS["/api/client/stream"]["get"]["responses"]["200"] = {
    "description": "A stream that does not end",
    "content": {"text/event-stream": {"schema": TEXT}},
}
