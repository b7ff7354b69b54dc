"""Reading requests and writing answers, for Flask and the dispatch in front of it alike: no Flask in here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from api.errors import RequestError, describe
from api.request import Request

Headers = list[tuple[str, str]]

JSON_HEADERS: Headers = [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")]
"""Shared by all answers without headers of their own: never change it."""

CLOSE = ("Connection", "close")
"""Says that the connection ends after this answer, since the request's body is left unread."""

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

MAX_DROPPED_BYTES = 32 << 20
"""How much of a body that is refused for its size is still taken off the line."""


LONG_NUMBER = re.compile(rb"[0-9]{19}")
"""What every whole number beyond 64 bits has, and hardly any other body."""

EMPTY: dict[str, Any] = {}
"""An absent object or query; never changed."""


class Response(NamedTuple):
    """An answer, as bytes; in the order in which Flask takes it from a view."""

    body: bytes
    status: int
    headers: Headers


def json_response(status: int, value: object, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """Return the answer with this value as its JSON body, and these headers besides the content type."""
    return Response(
        orjson.dumps(value, option=orjson.OPT_UTC_Z), status, [*JSON_HEADERS, *headers] if headers else JSON_HEADERS
    )


def as_answered(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object as a client reads it."""
    answered: dict[str, Any] = orjson.loads(json_response(200, value).body)
    return answered


def has_body(request: Request) -> bool:
    """Tell whether a request says that it has a body."""
    return request.headers.get("content-length", "0") not in ("", "0") or "transfer-encoding" in request.headers


def read_object(request: Request, limit: int) -> dict[str, Any]:
    """Return the JSON object that is the request's body; one of more than `limit` bytes is refused.

    Raises `RequestError`: 400, 413 or 415.
    """
    return parse_object(read_json_body(request, limit))


def read_exact_object(request: Request, limit: int) -> dict[str, Any]:
    """Return the same as `read_object`, with every whole number as it was written.

    Beyond 64 bits the fast parser rounds to a float, and nobody could tell any more that digits are lost (RFC 8259,
    section 6). Raises `RequestError` as `read_object` does, and 400 for a number of more than 4,300 digits.
    """
    body = read_json_body(request, limit)
    value = parse_object(body)
    if LONG_NUMBER.search(body) is None:
        return value
    try:
        exact: dict[str, Any] = json.loads(body)
    except ValueError:
        raise RequestError(400, "malformed_json", "the body has a number of too many digits") from None
    return exact


def read_json_body(request: Request, limit: int) -> bytes:
    """Return the body, which is declared as JSON. Raises `RequestError`: 400, 413 or 415."""
    if request.headers.get("content-type") != "application/json":
        check_content_type(request.headers.get("content-type") or "")
    return read_body(request, limit)


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the object that a body is. Raises `RequestError` (400) for anything else."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed_json(body, error) from None
    if type(value) is not dict:
        raise RequestError(400, "not_an_object", "the body must be a JSON object")
    return value


def read_body(request: Request, limit: int) -> bytes:
    """Return the bytes of the body. Raises `RequestError`: 413 for more than `limit`, 400 where some are missing."""
    declared = request.headers.get("content-length")
    length = int(declared) if declared and declared.isdecimal() else None
    body = request.read(limit + 1)
    if len(body) > limit:
        drop_rest(request, length, len(body))
        raise RequestError(413, "body_too_large", f"the body has more than {limit} bytes", limit=limit)
    if length is not None and len(body) != length:
        raise RequestError(400, "incomplete_body", "the body ended before the length that Content-Length gives")
    return body


def drop_rest(request: Request, length: int | None, read: int) -> None:
    """Read on without keeping: a client that is still sending when the connection closes never sees the answer."""
    left = MAX_DROPPED_BYTES if length is None else length - read
    if left <= MAX_DROPPED_BYTES:
        while left > 0 and (part := request.read(min(left, 65_536))):
            left -= len(part)


def check_content_type(content_type: str) -> None:
    """Raise `RequestError` (415) unless this is JSON in UTF-8."""
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")]
    if media_type != "application/json" or any(charset not in ("utf-8", "utf8") for charset in charsets):
        said = f"not {content_type!r}" if content_type else "and it is missing"
        raise RequestError(
            415, "unsupported_media_type", f"the Content-Type must be application/json (in UTF-8), {said}"
        )


def malformed_json(body: bytes, error: orjson.JSONDecodeError) -> RequestError:
    """Return the error for a body that is not JSON, saying where it goes wrong."""
    if not body:
        return RequestError(400, "malformed_json", "the body is empty; it must be a JSON object")
    return RequestError(400, "malformed_json", f"the body is not JSON: {error}")


def read_query(request: Request) -> dict[str, str]:
    """Return the parameters of the query string. Raises `RequestError` (400) for one given twice."""
    text = request.query_string
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=64, errors="strict")
    except (ValueError, UnicodeError):
        raise RequestError(400, "malformed_query", "the query string can't be read") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        twice = next(name for name in query if sum(name == given for given, _ in pairs) > 1)
        raise RequestError(400, "repeated_parameter", f"the query string has {twice!r} more than once")
    return query


def read_flag(query: Mapping[str, str], name: str, default: bool | None = None) -> bool | None:
    """Return a query parameter that is `true`, `false`, `1` or `0`. Raises `RequestError` (400) for anything else."""
    text = query.get(name)
    if text is None:
        return default
    if text not in ("true", "false", "1", "0"):
        raise RequestError(400, "invalid_parameter", f"{name} must be true or false, not {text!r}", field=name)
    return text in ("true", "1")


def has_etag(request: Request, etag: str) -> bool:
    """Tell whether the client says, in If-None-Match, that it has what this strong entity tag stands for."""
    given = request.headers.get("if-none-match")
    if not given:
        return False
    return given == etag or any(tag.strip().removeprefix("W/") in (etag, "*") for tag in given.split(","))


def error_response(error: Exception) -> Response:
    """Return the answer that tells of an error."""
    status, body, headers = describe(error)
    return json_response(status, body, headers)
