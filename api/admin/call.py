"""What all admin calls have in common: an admin, an environment, a version to guard, an actor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, g, request
from flask.wrappers import Response as FlaskResponse

from api.access import auth
from api.access.addresses import address_of
from api.access.auth import Admin
from api.admin import fields
from api.admin.fields import Fields
from api.current import current_request, services
from api.environment import ENVIRONMENT, environment_named
from api.errors import RequestError
from api.http import Response, has_body, json_response, read_exact_object, read_query
from api.services import Services
from db.vocabulary import Actor, Source
from flagstaff.digits import parse_digits

COUNTED_AS_ATTEMPTS = frozenset({"invalid_key", "invalid_token"})
"""Failed sign-ins that may be somebody's trying; a key of another scope or a token that has expired is none."""


COMMENT_HEADER = "X-Change-Comment"
SOURCE_HEADER = "X-Flagstaff-Source"
SOURCES = (Source.CLI, Source.CONSOLE)
"""What the header may say: programs of ours that work through this API."""


BESIDE = ("userId", "user_id", "comment")
"""What a body says of a change as such: it may stand beside an answer that is sent back, too."""


def guard(blueprint: Blueprint) -> Blueprint:
    """Let only admins call what is in this blueprint, and count what they write."""
    blueprint.before_request(authenticate_request)
    blueprint.after_request(after_request)
    return blueprint


def authenticate_request() -> None:
    """Find out who calls, and whether not too often. Raises `RequestError` (401, 403, 429) for anyone but an admin."""
    service = services()
    g.actor = None
    address = address_of(current_request(), service.settings.trusted_proxies)
    g.admin = signed_in(service, address)
    if service.limits.admin is not None:
        service.limits.admin.count((g.admin.identity, address))


def signed_in(service: Services, address: str) -> Admin:
    """Return the admin who calls. Raises `RequestError` (401, 403), or 429 in place of 401 after too many wrong keys.

    The key is looked up first: whoever has a right one is let in, whatever others at the same address do.
    """
    limit = service.limits.sign_in
    try:
        return auth.admin(service.keys, service.sign_in, current_request())
    except RequestError as error:
        if limit is not None and error.code in COUNTED_AS_ATTEMPTS:
            limit.count(address)
        raise


def after_request(response: FlaskResponse) -> FlaskResponse:
    """Keep the answer out of caches, and count a write."""
    response.headers["Cache-Control"] = "no-store"
    if request.method not in ("GET", "HEAD"):
        status = response.status_code
        services().counters.wrote("done" if status < 400 else "refused" if status < 500 else "failed")
    return response


class AdminRequest:
    """An admin call, read: its body or query, field by field, and what most calls may say."""

    def __init__(self, body: dict[str, Any], query: dict[str, str], *, in_environment: bool, guarded: bool) -> None:
        named = environment_named(body, query) if in_environment else None
        known = (ENVIRONMENT,) if in_environment else ()
        if in_environment:
            body, query = without_environment(body), without_environment(query)
        self.environment = named or services().settings.default_environment
        self.names_environment = bool(named)
        self.query = Fields(query, "parameter", known)
        self.body = Fields(body, known=known)
        self.version = guarded_version(self.body) if guarded else None
        self.actor = read_actor(self.body)

    def finish(self) -> None:
        """Raise `RequestError` (400) that names fields and parameters which mean nothing here."""
        self.query.finish()
        self.body.finish()


def without_environment(given: dict[str, Any]) -> dict[str, Any]:
    """Return what is given besides the environment."""
    return {name: value for name, value in given.items() if name != ENVIRONMENT}


def read_call(
    *, body: bool = False, in_environment: bool = True, guarded: bool = False, inside: str | None = None
) -> AdminRequest:
    """Return the request at hand; with `body`, its body must be a JSON object.

    Only a call `in_environment` may name one, and only a `guarded` one may say which version it is based on: what would
    mean nothing is refused, like any other field that means nothing.
    """
    asked = current_request()
    limit = services().settings.max_body_bytes
    said = read_exact_object(asked, limit) if body else {}
    if inside is not None and said.keys() <= {inside, *BESIDE} and isinstance(said.get(inside), dict):
        said = said.pop(inside) | said
    return AdminRequest(said, read_query(asked), in_environment=in_environment, guarded=guarded)


def read_call_with_optional_body(*, in_environment: bool = True, guarded: bool = False) -> AdminRequest:
    """Return the request at hand, whose body may be missing; else as `read_call`."""
    return read_call(body=has_body(current_request()), in_environment=in_environment, guarded=guarded)


def read_actor(body: Fields) -> Actor:
    """Return who makes the change (the person that the body names, and the key), by which way, and why."""
    user_id = body.take("userId", read_user_id, None, nullable=True)
    by: Actor = g.admin.actor(user_id)
    g.actor = replace(by, source=read_source() or by.source, comment=read_comment(body))
    return g.actor  # type: ignore[no-any-return]


def read_source() -> Source | None:
    """Return the program that says it makes the change, of those that are ours."""
    named = request.headers.get(SOURCE_HEADER)
    if named is not None and named not in SOURCES:
        message = f"{SOURCE_HEADER} must be {' or '.join(SOURCES)}; leave it out for the API itself"
        raise RequestError(400, "invalid_source", message, field=SOURCE_HEADER)
    return Source(named) if named is not None else None


def read_comment(body: Fields) -> str | None:
    """Return why the change is made, from the body or the header."""
    in_body: str | None = body.take("comment", fields.text, None, nullable=True)
    header = request.headers.get(COMMENT_HEADER)
    if header is None:
        return in_body
    comment = decoded(header)
    if in_body is not None and in_body != comment:
        raise RequestError(400, "ambiguous_field", f"comment and {COMMENT_HEADER} differ", field="comment")
    return comment


def decoded(header: str) -> str:
    """Return the text that a percent-encoded header stands for: not every server hands on others than ASCII.

    Raises `RequestError` (400) for what is not ASCII, or no UTF-8 when it is decoded.
    """
    try:
        header.encode("ascii")
        return unquote(header, errors="strict")
    except UnicodeError:
        message = f"{COMMENT_HEADER} must be ASCII, with any other character percent-encoded; the body takes any text"
        raise RequestError(400, "invalid_comment", message, field=COMMENT_HEADER) from None


def read_user_id(value: Any) -> str:
    """Return a person's name, as the change log can show it."""
    name = fields.text(value).strip()
    if not 0 < len(name) <= 256 or not name.isprintable():
        raise ValueError("a string of 1 to 256 printable characters")
    return name


def guarded_version(body: Fields) -> int | None:
    """Return the version that the caller has seen, from the body or If-Match; None where the write is not guarded."""
    in_body: int | None = body.take("version", fields.whole_number, None, nullable=True)
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return in_body
    version = parse_digits(header.removeprefix("W/").strip('"'))
    if version is None:
        message = 'If-Match must be a version as the ETag has it, such as "7"'
        raise RequestError(400, "invalid_if_match", message, field="If-Match")
    if in_body is not None and in_body != version:
        raise RequestError(400, "ambiguous_field", "version and If-Match differ", field="version")
    return version


def flag_response(status: int, flag: dict[str, Any], **beside: object) -> Response:
    """Return the answer with a flag, whose version is its ETag."""
    return versioned_response(status, "flag", flag, **beside)


def versioned_response(status: int, name: str, one: dict[str, Any], **beside: object) -> Response:
    """Return the answer with a flag, a segment or a layer, as which it is named; its version is its ETag."""
    return json_response(status, {name: one, **beside}, [("ETag", f'"{one["version"]}"')])
