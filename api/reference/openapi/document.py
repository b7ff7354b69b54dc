"""The whole document."""

from __future__ import annotations

from functools import cache

from api.reference.openapi import (
    admin_paths,
    evaluation_paths,
    flag_paths,
    layer_paths,
    operation_paths,
    override_paths,
    segment_paths,
)
from api.reference.openapi.building import ADMIN, Json, in_header, one_of
from api.reference.openapi.schemas import SCHEMAS
from flagstaff import __version__

DESCRIPTION = """Feature flags: edited by people, evaluated by programs.

Bodies and answers are JSON. Fields are camelCase; requests may spell them in snake_case too. An environment comes from
the key, where that is bound to one, else from the request, else it is the default. Administrators send an admin key or
sign in by JWT; programs send a server or client key."""

TAGS = {
    "Evaluation": "What a program asks at run time.",
    "OFREP": "The OpenFeature Remote Evaluation Protocol, for every OpenFeature SDK.",
    "For SDKs": "Definitions to evaluate in one's own process, and news of their changes. Server and admin keys.",
    "Flags": "Creating and changing flags.",
    "Members": "Entities that get a given variant, whatever the rules say.",
    "Segments": "Groups of entities that rules refer to, the same in every environment.",
    "Layers": "Flags that share one hash and take disjoint ranges of it, so that nobody is in two.",
    "Changes": "Who did what, going back, and going from one environment to another.",
    "Environments": "Where a flag has a configuration of its own.",
    "Keys": "What programs and administrators identify themselves with.",
    "Per-user overrides": "Flags that are on or off, and users for whom it is otherwise. Times are epoch seconds.",
    "Cost brake": "How much evaluation may cost, in AWS.",
    "Operations": "How the process is.",
}

SECURITY: dict[str, Json] = {
    "adminKey": {"type": "apiKey", "in": "header", "name": "X-Admin-API-Key"},
    "adminToken": {"type": "apiKey", "in": "header", "name": "X-Admin-Token"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "sdkKey": {"type": "apiKey", "in": "header", "name": "X-SDK-Key"},
    "keyInQuery": {"type": "apiKey", "in": "query", "name": "key", "description": "For streams only"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key; for administrators also a JWT"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "flagstaff_session",
        "description": "A JWT; the name is a setting. Writes must come from the same origin",
    },
}


OF_CHANGES: list[Json] = [
    in_header("X-Change-Comment", "Why, as `comment` in the body; percent-encoded where it is not ASCII")
    | {"schema": {"type": "string", "maxLength": 1000}},
    in_header("X-Flagstaff-Source", "Which program of ours makes the change") | {"schema": one_of("cli", "console")},
]
"""The headers that every change may have."""


def with_headers_of_changes(methods: Json) -> Json:
    """Return the operations of a path, those that change something with the headers that say how and why."""
    return {
        method: {**operation, "parameters": [*operation.get("parameters", ()), *OF_CHANGES]}
        if method != "get" and operation["security"] is ADMIN
        else operation
        for method, operation in methods.items()
    }


@cache
def document() -> Json:
    """Return the OpenAPI document; the same object each time, never to be changed."""
    parts = (evaluation_paths, flag_paths, admin_paths, segment_paths, layer_paths, override_paths, operation_paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flagstaff",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": {path: with_headers_of_changes(methods) for part in parts for path, methods in part.PATHS.items()},
        "components": {"schemas": {**SCHEMAS, **evaluation_paths.SCHEMAS}, "securitySchemes": SECURITY},
    }
