"""OFREP 0.3, the OpenFeature Remote Evaluation Protocol (https://github.com/open-feature/protocol).

`POST /ofrep/v1/evaluate/flags/{key}` evaluates one flag, `POST /ofrep/v1/evaluate/flags` all of them. Errors are in
OFREP's own shape. Nothing here touches the database, except after a client said that this process is behind; neither
Flask nor Peewee is imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from api.access import auth, stream_tokens
from api.access.addresses import address_of, origin_of
from api.access.stream_capacity import Holder
from api.environment import environment_named, environment_of
from api.errors import RequestError, describe
from api.evaluation.prepared import PreparedAnswers
from api.evaluation.single import about_entity, admitted, engine_for
from api.evaluation_service import EvaluationService
from api.http import EMPTY, JSON_HEADERS, Response, has_etag, json_response, read_object, read_query
from api.paths import OFREP_ONE, STREAM, without_double_slash
from api.request import Request
from db.published.keyring import KeyRecord
from flagstaff.digits import parse_digits
from flagstaff.engine import Engine, ErrorCode, Evaluation

INACTIVITY_SECONDS = 120
"""After so long in the background a client should close its stream (OFREP's own default)."""

UNREADABLE = frozenset({"malformed_json", "not_an_object", "incomplete_body"})
"""Our codes for what OFREP calls `PARSE_ERROR`."""

CONTEXT = "invalid_context"


def evaluate_one(service: EvaluationService, request: Request) -> Response:
    """Answer one flag, which the path names."""
    key = key_in(request)
    try:
        record, environment, context = read_request(service, request)
        answer = engine_for(service, record, environment).evaluate(key, context)
        service.counters.evaluated(answer.reason)
        return Response(orjson.dumps(to_wire(key, answer)), status_of(answer), JSON_HEADERS)
    except Exception as error:
        return failure(error, key)


def evaluate_all(service: EvaluationService, request: Request) -> Response:
    """Answer all flags of the environment, or 304 to a client that has this very answer for this very context."""
    if without_double_slash(request.path) == OFREP_ONE:
        return evaluate_one(service, request)  # a client that asks for one flag has lost its key
    try:
        record, environment, context = read_request(service, request)
        name = environment or service.settings.default_environment
        hear_of_changes(service, request, record, name)
        engine = engine_for(service, record, environment)
        event_streams = streams(service, request, record, name, engine.metadata.get("revision"))
        body = orjson.dumps(all_flags(service, engine, context, event_streams))
        etag = etag_of(context, body)
        headers = [*JSON_HEADERS, ("ETag", etag), ("Cache-Control", "private, no-cache")]
        return Response(b"", 304, headers[1:]) if has_etag(request, etag) else Response(body, 200, headers)
    except Exception as error:
        return failure(error)


def read_request(
    service: EvaluationService, request: Request
) -> tuple[KeyRecord | None, str | None, Mapping[str, Any]]:
    """Return who asks, for which environment, and the context. Raises `RequestError`."""
    record = admitted(service, request)
    body = read_object(request, service.settings.max_evaluation_bytes)
    query = read_query(request) if request.query_string else EMPTY
    return record, environment_of(record, environment_named(body, query)), context_of(body)


def context_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the context. Its `targetingKey` may be missing: released providers send none where the application has
    none. Fields beside it are left to later versions of the protocol.
    """
    if body and "context" not in body:
        raise RequestError(400, CONTEXT, "the attributes belong into context, which is missing")
    context = body.get("context", EMPTY)
    if type(context) is not dict:
        raise RequestError(400, CONTEXT, "context must be an object")
    if type(context.get("targetingKey", "")) is not str:
        raise RequestError(400, CONTEXT, "context.targetingKey must be a string")
    return about_entity(context)


def key_in(request: Request) -> str:
    """Return the flag's key, which is the rest of the path."""
    return without_double_slash(request.path).removeprefix(OFREP_ONE)


def to_wire(key: str, answer: Evaluation) -> dict[str, Any]:
    """Return an evaluation in OFREP's words. Without a `value` where the application's own default applies."""
    value, variant, reason, error_code, message, metadata = answer
    if error_code is not None:
        failed = {"key": key, "errorCode": error_code, "errorDetails": message or ""}
        return {**failed, "metadata": metadata} if metadata else failed
    if variant is None:
        return {"key": key, "reason": reason, "metadata": metadata}
    return {"key": key, "value": value, "reason": reason, "variant": variant, "metadata": metadata}


PREPARED = PreparedAnswers(to_wire)


def status_of(answer: Evaluation) -> int:
    """Return the status that goes with an evaluation."""
    if answer.error_code is None:
        return 200
    return 404 if answer.error_code is ErrorCode.FLAG_NOT_FOUND else 400


def all_flags(
    service: EvaluationService, engine: Engine, context: Mapping[str, Any], event_streams: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return every flag in OFREP's words, sorted by key; one that fails does so by itself."""
    metadata = engine.metadata
    flags = []
    for key in engine.sorted_keys():
        answer = engine.evaluate(key, context)
        service.counters.evaluated(answer.reason)
        flags.append(PREPARED.json_of(key, answer))
    more = {"eventStreams": event_streams} if event_streams else {}
    return {"flags": flags, **more, "metadata": metadata}


def streams(
    service: EvaluationService, request: Request, record: KeyRecord | None, environment: str, revision: object
) -> list[dict[str, Any]]:
    """Return where a client hears of changes, if there is room for it.

    The URL carries a token that is good for a few minutes, never the key, and the revision of this answer: what has
    changed until the stream is opened is told then.
    """
    holder = Holder(record.id if record else None, address_of(request, service.settings.trusted_proxies))
    if not service.has_stream_room(holder):
        return []
    token = stream_tokens.issue(record, environment)
    since = "" if revision is None else f"&revision={revision}"
    url = f"{service.settings.public_url or origin_of(request)}{STREAM}?token={token}{since}"
    return [{"type": "sse", "url": url, "inactivityDelaySec": INACTIVITY_SECONDS}]


def hear_of_changes(service: EvaluationService, request: Request, record: KeyRecord | None, environment: str) -> None:
    """Take note of the revision that an event told the client of, which this process may not have heard of yet.

    Behind the revision, and a hyphen, an event may tell of a moment at which a schedule changed something.
    """
    told_of = parse_digits(read_query(request).get("flagConfigEtag", "").strip('"').partition("-")[0])
    if told_of is not None:
        sees_all = auth.sees_all(record, open_sees_all=service.settings.open_sees_all)
        service.refresh_if_behind(environment, told_of, sees_all=sees_all)


def etag_of(context: Mapping[str, Any], body: bytes) -> str:
    """Return the entity tag of an answer: of the context too, so that no other context is ever told that nothing
    changed.

    The answer itself is part of it because rules may depend on the time, and because stream tokens are renewed.
    """
    try:
        asked = orjson.dumps(context, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise RequestError(400, CONTEXT, "context is nested too deeply") from None
    digest = hashlib.sha256(asked, usedforsecurity=False)  # processors have instructions for this one
    digest.update(b"|")
    digest.update(body)
    return f'"{digest.hexdigest()[:32]}"'


def failure(error: Exception, key: str | None = None) -> Response:
    """Return the answer that tells of an error, in OFREP's shape."""
    status, body, headers = describe(error)
    if status == 500:
        return json_response(500, {"errorDetails": body["error"]})
    about = {} if key is None else {"key": key}
    return json_response(
        status, {**about, "errorCode": error_code_of(body["code"]), "errorDetails": body["error"]}, headers
    )


def error_code_of(code: str) -> ErrorCode:
    """Our error code as one of the few that OFREP has."""
    if code in UNREADABLE:
        return ErrorCode.PARSE_ERROR
    return ErrorCode.INVALID_CONTEXT if code == CONTEXT else ErrorCode.GENERAL
