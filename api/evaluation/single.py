"""`POST /feature-flag/evaluate`: the main job. Flask and the dispatch in front of it both call `evaluate`.

Nothing here touches the database, takes a lock or logs. Neither Flask nor Peewee is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from openfeature.exception import InvalidContextError

from api.access import auth
from api.access.addresses import address_of
from api.environment import ENVIRONMENT, environment_named, environment_of, of_environment
from api.errors import RequestError, unknown_fields
from api.evaluation_service import EvaluationService
from api.http import EMPTY, JSON_HEADERS, Response, error_response, read_flag, read_object, read_query
from api.request import Request
from db.published.keyring import KeyRecord
from db.published.marks import is_client_side
from flagstaff.engine import Engine, ErrorCode, Reason
from flagstaff.openfeature_context import with_entity_as_text
from flagstaff.targeting import Known
from flagstaff.targeting.entity import ID_FIELDS, entity_id

FIELDS = frozenset({"flagKey", "defaultValue", "context", ENVIRONMENT})
PARAMETERS = frozenset({"explain", ENVIRONMENT})
SNAKE_CASE = (("flag_key", "flagKey"), ("default_value", "defaultValue"))

VALUE_TYPES = {bool: "boolean", str: "string", int: "number", float: "number", dict: "structured", list: "structured"}
"""JSON types as Python has them, and the value type of a flag that each belongs to. `null` belongs to all."""


class EvaluationRequest(NamedTuple):
    """One flag, asked for one context."""

    flag_key: str
    default: Any
    context: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> EvaluationRequest:
        """Read the body. Raises `RequestError` (400) that names the field which is missing or of the wrong type."""
        if "flag_key" in body or "default_value" in body:
            body = in_camel_case(body)
        key = body.get("flagKey")
        if type(key) is not str or not key:
            beside = body.keys() - FIELDS
            raise wrong_field("flagKey", "a string that is not empty", missing="flagKey" not in body, beside=beside)
        if "defaultValue" not in body:
            raise wrong_field("defaultValue", "a JSON value", missing=True, beside=body.keys() - FIELDS)
        context = body.get("context", EMPTY)
        if type(context) is not dict:
            raise wrong_field("context", "an object", missing=False)
        if not body.keys() <= FIELDS:
            raise unknown_fields(body.keys() - FIELDS, FIELDS)
        return cls(key, body["defaultValue"], about_entity(context))


def about_entity(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the context, with whom it is about as text. Raises `RequestError` (400) where that is neither text nor
    number.
    """
    try:
        return with_entity_as_text(context)
    except InvalidContextError as error:
        raise RequestError(400, "invalid_context", f"context.{error.error_message}", field="context") from None


def evaluate(service: EvaluationService, request: Request) -> Response:
    """Answer one evaluation, whatever the request looks like."""
    try:
        key, body, query = read_request(service, request, PARAMETERS)
        asked = EvaluationRequest.from_json(body)
        environment = environment_of(key, environment_named(body, query))
        engine = engine_for(service, key, environment)
        answer = resolve(engine, asked)
        if query and read_flag(query, "explain"):
            auth.check_may_explain(key, everyone_may=service.explain_open)
            known = of_environment(service.feeds, service.settings, environment).known
            answer["explanation"] = explanation(engine, asked, answer, known)
        service.counters.evaluated(answer["reason"])
        return Response(encode(answer), 200, JSON_HEADERS)
    except Exception as error:
        return error_response(error)


def explanation(engine: Engine, asked: EvaluationRequest, answer: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """Return the engine's steps; summed up by this endpoint where it is what found the error."""
    told: dict[str, Any] = engine.explain(asked.flag_key, asked.context, known).to_json()
    if (definition := engine.definition(asked.flag_key)) is not None:
        told["clientSide"] = is_client_side(definition)
    if "errorCode" in answer:
        told["summary"] = f"{asked.flag_key} serves the caller's default: {answer['errorMessage']}."
    return told


def read_request(
    service: EvaluationService, request: Request, parameters: frozenset[str]
) -> tuple[KeyRecord | None, dict[str, Any], Mapping[str, str]]:
    """Return the key, the body and the query of an evaluation, which may have these parameters.

    Raises `RequestError`: 400, 401, 403, 413, 415, 429 or 503.
    """
    key = admitted(service, request)
    body = read_object(request, service.settings.max_evaluation_bytes)
    query = read_query(request) if request.query_string else EMPTY
    if not query.keys() <= parameters:
        raise unknown_fields(query.keys() - parameters, parameters, "parameter")
    return key, body, query


def admitted(service: EvaluationService, request: Request) -> KeyRecord | None:
    """Return the key of an evaluation, which may be none. Raises `RequestError`: 401, 429 or 503."""
    settings = service.settings
    key = auth.optional_key(service.keys, request, required=not settings.evaluation_open)
    if service.limits.evaluation is not None:
        address = address_of(request, settings.trusted_proxies)
        service.limits.evaluation.count((key.id if key is not None else None, address))
    return key


def engine_of(service: EvaluationService, environment: str | None) -> Engine:
    """Return the engine of all flags of an environment, None standing for the default one.

    Raises `RequestError` (400, 503).
    """
    return of_environment(service.engines, service.settings, environment)


def engine_for(service: EvaluationService, key: KeyRecord | None, environment: str | None) -> Engine:
    """Return the engine that answers who has this key or none. Raises `RequestError` (400, 503)."""
    if auth.sees_all(key, open_sees_all=service.settings.open_sees_all):
        return of_environment(service.engines, service.settings, environment)
    return of_environment(service.client_engines, service.settings, environment)


def resolve(engine: Engine, asked: EvaluationRequest) -> dict[str, Any]:
    """Return the answer: what the engine says, seen by a caller who brings a default value."""
    value, variant, reason, error_code, message, _ = engine.evaluate(asked.flag_key, asked.context)
    if error_code is not None:
        return failure(asked, error_code, message or "")
    if variant is None:
        return without_variant(engine, asked, reason)
    if not same_type(value, asked.default):
        return mismatch(asked, value)
    return {"value": value, "reason": reason, "variant": variant}


def without_variant(engine: Engine, asked: EvaluationRequest, reason: str) -> dict[str, Any]:
    """Return the answer where the caller's default applies: the flag is disabled, or nothing matched and it has no
    default.
    """
    if reason == Reason.DISABLED:
        return {"value": asked.default, "reason": reason}
    sample = any_value(engine, asked.flag_key)
    if not same_type(sample, asked.default):
        return mismatch(asked, sample)
    if not entity_id(asked.context) and not engine.fields(asked.flag_key).isdisjoint(ID_FIELDS):
        message = "the flag targets entities, and the context has no entityId (or targetingKey)"
        return failure(asked, ErrorCode.TARGETING_KEY_MISSING, message)
    return {"value": asked.default, "reason": reason}


def failure(asked: EvaluationRequest, code: ErrorCode, message: str) -> dict[str, Any]:
    """Return the answer where the flag can't be evaluated for this caller."""
    return {"value": asked.default, "reason": Reason.ERROR, "errorCode": code, "errorMessage": message}


def mismatch(asked: EvaluationRequest, value: object) -> dict[str, Any]:
    """Return the answer to a caller whose default value is of another type than the flag."""
    message = f"the flag is {VALUE_TYPES[type(value)]}, and defaultValue is {VALUE_TYPES[type(asked.default)]}"
    return failure(asked, ErrorCode.TYPE_MISMATCH, message)


def any_value(engine: Engine, key: str) -> Any:
    """Return the value of one of the flag's variants, which are all of one type; None if the flag is gone by now."""
    definition = engine.definition(key)
    return next(iter(definition["variants"].values())) if definition else None


def same_type(value: object, default: object) -> bool:
    """Tell whether a caller who brings this default can take this value; null goes with every type."""
    if type(value) is type(default) or default is None or value is None:
        return True
    return VALUE_TYPES[type(value)] == VALUE_TYPES[type(default)]


def encode(answer: dict[str, Any]) -> bytes:
    """Return the answer as JSON. Raises `RequestError` (400) where what it repeats of the request is
    nested too deeply.
    """
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError:
        raise RequestError(400, "nested_too_deeply", "defaultValue or context is nested too deeply") from None


def in_camel_case(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with its snake_case fields renamed. Raises `RequestError` (400) for a field that is there both
    ways.
    """
    for snake, camel in SNAKE_CASE:
        if snake in body:
            if camel in body:
                raise RequestError(400, "ambiguous_field", f"give {camel} or {snake}, not both", field=camel)
            body = {name: value for name, value in body.items() if name != snake} | {camel: body[snake]}
    return body


def wrong_field(name: str, wanted: str, *, missing: bool, beside: Iterable[str] = ()) -> RequestError:
    """Return the error for a field that is missing, or not what it must be; `beside` is what nobody knows and may be
    meant for it.
    """
    if missing:
        instead = f"; there is {', '.join(sorted(beside))}" if beside else ""
        return RequestError(400, "missing_field", f"{name} is missing; it must be {wanted}{instead}", field=name)
    return RequestError(400, "invalid_field", f"{name} must be {wanted}", field=name)
