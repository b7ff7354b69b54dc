"""How the process is, and what describes it."""

from __future__ import annotations

from api.reference.openapi.building import BOOLEAN, OPEN, TEXT, Json, answer, object_with, one_of, operation

TAG = "Operations"

READINESS = object_with(
    {
        "ready": BOOLEAN,
        "following": {"type": "boolean", "description": "Whether edits are taken in; false: what is served grows old"},
        "database": one_of("reachable", "unreachable", "unknown"),
        "environments": {
            "type": "object",
            "additionalProperties": object_with(
                {"revision": {"type": "integer"}, "age": {"type": "number", "description": "Seconds"}}, closed=False
            ),
        },
        "error": {"type": "string", "description": "A mistake in the settings, where there is one"},
    },
    required=["ready", "database", "environments"],
    closed=False,
)


def text_answer(description: str, *media_types: str) -> Json:
    """Return an answer that is not JSON."""
    return {"description": description, "content": {name: {"schema": TEXT} for name in media_types}}


PATHS: dict[str, Json] = {
    "/": {
        "get": operation(
            "root",
            TAG,
            "Leads browsers to the console, everybody else to `/docs`",
            security=OPEN,
            answers={302: text_answer("To `/console/flags` or `/docs`", "text/html")},
        )
    },
    "/health": {
        "get": operation(
            "health",
            TAG,
            "The process answers",
            security=OPEN,
            answers={200: answer("It does", object_with({"status": one_of("ok")}, required=["status"]))},
        )
    },
    "/ready": {
        "get": operation(
            "ready",
            TAG,
            "Whether there is something to evaluate by",
            security=OPEN,
            answers={
                200: answer("There is, at which revision and age", READINESS),
                503: answer("There is not", READINESS),
            },
        )
    },
    "/metrics": {
        "get": operation(
            "metrics",
            TAG,
            "Counts and gauges for Prometheus",
            security=OPEN,
            answers={200: text_answer("Metrics", "text/plain", "application/openmetrics-text")},
        )
    },
    "/openapi.json": {
        "get": operation(
            "openapi",
            TAG,
            "This document",
            security=OPEN,
            answers={200: answer("OpenAPI 3.1", {"type": "object"})},
        )
    },
    "/docs": {
        "get": operation(
            "docs", TAG, "This document, to read", security=OPEN, answers={200: text_answer("A page", "text/html")}
        )
    },
}
