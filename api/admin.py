"""What all admin calls have in common: a key, an environment, a version to guard, an actor, and a line in the log."""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any

from flask import Blueprint, g, request
from flask.wrappers import Response as FlaskResponse

from api import auth, fields
from api.context import services
from api.errors import RequestError
from api.fields import Fields
from api.http import ENVIRONMENT, Response, environment_named, json_response, read_object, read_query
from db.words import Actor

log = logging.getLogger(__name__)


def guard(blueprint: Blueprint) -> Blueprint:
    """Let only admins call what is in this blueprint, and log what they write."""
    blueprint.before_request(begin)
    blueprint.after_request(finish)
    return blueprint


def begin() -> None:
    """Find out who calls. Raises `RequestError` (401, 403) for anyone but an admin."""
    g.request_id = request.environ.get("flagstaff.request_id") or secrets.token_hex(8)
    g.began = time.perf_counter()
    g.actor = None
    g.admin = auth.admin(services().keys, request.environ)


def finish(response: FlaskResponse) -> FlaskResponse:
    """Give the answer its id, keep it out of caches, and log a write: who, what, with what result."""
    response.headers["X-Request-Id"] = g.request_id
    response.headers["Cache-Control"] = "no-store"
    if request.method not in ("GET", "HEAD"):
        log.info("admin", extra={"facts": line_of(response)})
    return response


def line_of(response: FlaskResponse) -> dict[str, Any]:
    """What the log says of a request; never its query string, body or key."""
    actor = g.actor or (g.admin.actor(None) if "admin" in g else None)
    return {
        "requestId": g.request_id,
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "actor": actor.name if actor else None,
        "milliseconds": round((time.perf_counter() - g.began) * 1000, 1),
    }


class Call:
    """An admin call, read: its body or query, field by field, and what every call may say."""

    def __init__(self, body: dict[str, Any], query: dict[str, str]) -> None:
        named = environment_named(body, query)
        self.environment = named or services().settings.default_environment
        self.names_environment = bool(named)
        self.query = Fields({name: value for name, value in query.items() if name != ENVIRONMENT})
        self.body = Fields({name: value for name, value in body.items() if name != ENVIRONMENT})
        self.version = guarded_version(self.body)
        self.actor = read_actor(self.body)

    def finish(self) -> None:
        """Raise `RequestError` (400) that names fields and parameters which mean nothing here."""
        self.query.finish()
        self.body.finish()


def read_call(*, body: bool = False) -> Call:
    """The request at hand; with `body`, its body must be a JSON object."""
    environ = request.environ
    limit = services().settings.max_body_bytes
    return Call(read_object(environ, limit) if body else {}, read_query(environ))


def read_call_with_optional_body() -> Call:
    """The request at hand, whose body may be missing."""
    environ = request.environ
    empty = (environ.get("CONTENT_LENGTH") or "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environ
    return read_call(body=not empty)


def read_actor(body: Fields) -> Actor:
    """Who makes the change: the person that the body names, and the key."""
    user_id = body.take("userId", read_user_id, None, nullable=True)
    g.actor = g.admin.actor(user_id)
    return g.actor  # type: ignore[no-any-return]


def read_user_id(value: Any) -> str:
    """A person's name, as the change log can show it."""
    name = fields.text(value).strip()
    if not 0 < len(name) <= 256 or not name.isprintable():
        raise ValueError("a string of 1 to 256 printable characters")
    return name


def guarded_version(body: Fields) -> int | None:
    """The version that the caller has seen, from the body or If-Match; None where the write is not guarded."""
    in_body: int | None = body.take("version", fields.whole_number, None, nullable=True)
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return in_body
    digits = header.removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        message = 'If-Match must be a version as the ETag has it, such as "7"'
        raise RequestError(400, "invalid_if_match", message, field="If-Match")
    if in_body is not None and in_body != int(digits):
        raise RequestError(400, "ambiguous_field", "version and If-Match differ", field="version")
    return int(digits)


def flag_response(status: int, flag: dict[str, Any], **beside: object) -> Response:
    """The answer with a flag, whose version is its ETag."""
    return json_response(status, {"flag": flag, **beside}, [("ETag", f'"{flag["version"]}"')])
