"""The few shapes of which an OpenAPI document repeats itself: operations, parameters, answers, errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

ADMIN: list[Json] = [{"adminKey": []}, {"adminToken": []}, {"bearer": []}, {"session": []}]
SDK: list[Json] = [{"sdkKey": []}, {"apiKey": []}, {"bearer": []}]
EVALUATION: list[Json] = [*SDK, {}]
"""Whether evaluation needs a key is a setting of the deployment."""
OPEN: list[Json] = []

ERRORS: Mapping[int, str] = {
    400: "The request can't be read: malformed, a field missing, unknown or of the wrong type, an unknown environment",
    401: "No key or token, or one that is not in force",
    403: "The key or person may not do this, or not in this environment",
    404: "No such thing",
    408: "The body did not arrive in time",
    409: "Taken, or changed by somebody else meanwhile",
    413: "The body is over the limit",
    415: "The body is not declared as JSON",
    422: "Readable, but against the rules of the model",
    429: "Too many calls; Retry-After says when to come back",
    501: "Not possible in this deployment; the error says why",
    503: "The database can't be reached, or nothing is loaded yet; Retry-After says when to try again",
}

READING = (400, 401, 403, 422, 429, 503)
"""What any admin call may be refused with."""
WRITING = (*READING, 404, 408, 409, 413, 415)
EVALUATING = (400, 401, 403, 408, 413, 415, 429, 503)


def ref(name: str) -> Json:
    """Return a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def operation(
    name: str,
    tag: str,
    summary: str,
    *,
    answers: Mapping[int, Json],
    errors: Iterable[int] = (),
    error: str = "Error",
    security: list[Json] = ADMIN,
    parameters: Sequence[Json] = (),
    body: Json | None = None,
    example: Any = None,
    body_required: bool = True,
    description: str = "",
) -> Json:
    """Return one method of one path."""
    said: Json = {"operationId": name, "tags": [tag], "summary": summary}
    if description:
        said["description"] = description
    if parameters:
        said["parameters"] = list(parameters)
    if body is not None:
        content = {"schema": body, **({"example": example} if example is not None else {})}
        said["requestBody"] = {"required": body_required, "content": {"application/json": content}}
    refusals = {status: refusal(status, error) for status in sorted(set(errors))}
    said["responses"] = {str(status): answer for status, answer in {**answers, **refusals}.items()}
    said["security"] = security
    return said


def answer(description: str, schema: Json, *, etag: bool = False, links: Json | None = None, **more: Any) -> Json:
    """Return a successful answer with a JSON body."""
    said: Json = {"description": description, "content": {"application/json": {"schema": schema, **more}}}
    if etag:
        said["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "Its version"}}
    if links:
        said["links"] = links
    return said


def refusal(status: int, schema: str) -> Json:
    """Return an answer that tells of an error."""
    said: Json = {"description": ERRORS[status], "content": {"application/json": {"schema": ref(schema)}}}
    if status in (429, 503):
        said["headers"] = {"Retry-After": {"schema": {"type": "string"}, "description": "Seconds"}}
    return said


def in_path(name: str, description: str, *, example: str) -> Json:
    """Describe a part of the path. The page's request shows the example in its place."""
    schema = {"type": "string", "minLength": 1, "maxLength": 256}
    described = {"name": name, "in": "path", "required": True, "description": description, "schema": schema}
    return described | {"example": example}


def in_query(name: str, description: str, **schema: Any) -> Json:
    """Return a parameter of the query string."""
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string", **schema}}


def in_header(name: str, description: str) -> Json:
    """Return a header of the request."""
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


def one_of(*values: str) -> Json:
    """Return one of these texts."""
    return {"type": "string", "enum": list(values)}


def list_of(items: Json, **more: Any) -> Json:
    """Return a list."""
    return {"type": "array", "items": items, **more}


def object_with(properties: Mapping[str, Json], *, required: Iterable[str] = (), closed: bool = True) -> Json:
    """Return an object with these members; a closed one has no others."""
    said: Json = {"type": "object", "properties": dict(properties)}
    if required:
        said["required"] = list(required)
    if closed:
        said["additionalProperties"] = False
    return said


def nullable(schema: Json) -> Json:
    """Return the schema, or null."""
    if "type" in schema and isinstance(schema["type"], str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def described(schema: Json, description: str) -> Json:
    """Return the schema with words about it."""
    return {**schema, "description": description}


ENVIRONMENT = in_query("environment", "The environment; the default one unless given", minLength=1, maxLength=128)
"""Of nearly every admin call."""

YES_OR_NO: Json = {"enum": ["true", "false", "1", "0"]}
"""How a query string says it."""

TEXT: Json = {"type": "string"}
NAME: Json = {"type": "string", "maxLength": 256}
WHOLE: Json = {"type": "integer"}
BOOLEAN: Json = {"type": "boolean"}
TIME: Json = {"type": "string", "format": "date-time"}
SECONDS: Json = {"type": "integer", "description": "Epoch seconds"}
VALUE: Json = {"description": "Any JSON value"}
KEY: Json = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"}
USER_ID: Json = {"type": ["string", "null"], "description": "The person on whose behalf the key is used"}
COMMENT: Json = {
    "type": ["string", "null"],
    "maxLength": 1000,
    "description": "Why; the change log keeps it. 422 `comment_required` where the environment asks for it",
}
VERSION: Json = {
    "type": ["integer", "null"],
    "minimum": 0,
    "description": "The version that the change is based on: 409 if there is a later one",
}
