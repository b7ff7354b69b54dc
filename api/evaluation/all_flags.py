"""`POST /api/evaluate`: all boolean flags for one user. Flask and the dispatch in front of it both call `evaluate_all`.

Like `api.evaluation.single` it touches no database, takes no lock and logs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from api.environment import ENVIRONMENT, environment_named, environment_of
from api.errors import RequestError, unknown_fields
from api.evaluation.single import about_entity, any_value, engine_for, read_request, wrong_field
from api.evaluation_service import EvaluationService
from api.http import JSON_HEADERS, Response, error_response
from api.request import Request
from flagstaff.engine import Engine, ErrorCode, Evaluation, Reason
from flagstaff.targeting import Kind

FIELDS = frozenset({"user", "flagKeys", "flag_keys", ENVIRONMENT})
PARAMETERS = frozenset({ENVIRONMENT})

MAX_KEYS = 1_000
"""How many flags a request may choose."""

USER = "user"
"""What the user is to members and splits: an entity of this type."""


class MatchReason(StrEnum):
    """What decided for the user. `NO_MATCH`: nothing did, or the user is outside the rollout."""

    RULE_MATCH = "RULE_MATCH"
    MEMBER_MATCH = "MEMBER_MATCH"
    ROLLOUT = "ROLLOUT"
    DISABLED = "DISABLED"
    NO_MATCH = "NO_MATCH"
    STATIC = "STATIC"
    ERROR = "ERROR"


BY_REASON = {
    Reason.DISABLED: MatchReason.DISABLED,
    Reason.STATIC: MatchReason.STATIC,
    Reason.DEFAULT: MatchReason.NO_MATCH,
}
"""The reasons that leave no question open; for others the branch that decided tells."""

BY_KIND = {Kind.MEMBERS: MatchReason.MEMBER_MATCH, Kind.ROLLOUT: MatchReason.ROLLOUT}


class BulkRequest(NamedTuple):
    """A user, as the context of rules, and the flags that are asked for; None: all of them."""

    context: Mapping[str, Any]
    keys: Sequence[str] | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> BulkRequest:
        """Read the body. Raises `RequestError` (400) that names the field which is missing or of the wrong type."""
        if not body.keys() <= FIELDS:
            raise unknown_fields(body.keys() - FIELDS, FIELDS - {"flag_keys"})
        user = body.get("user")
        if type(user) is not dict:
            raise wrong_field("user", "an object", missing="user" not in body)
        return cls(context_of(user), read_keys(body))


def context_of(user: dict[str, Any]) -> Mapping[str, Any]:
    """Return what rules see: the user's own fields. Its id is the entity, whatever else the user is said to be."""
    id_ = user.get("id")
    if id_ is not None and type(id_) not in (str, int, float):
        raise RequestError(400, "invalid_context", "user.id must be text or a number", field="user.id")
    return about_entity({**user, "targetingKey": id_, "entityId": id_, "entityType": USER})


def read_keys(body: Mapping[str, Any]) -> Sequence[str] | None:
    """Return the flags that a body chooses, each once. Raises `RequestError` (400)."""
    if "flag_keys" in body and "flagKeys" in body:
        raise RequestError(400, "ambiguous_field", "give flagKeys or flag_keys, not both", field="flagKeys")
    keys = body.get("flagKeys", body.get("flag_keys"))
    if keys is None:
        return None
    if type(keys) is not list or len(keys) > MAX_KEYS or not all(type(key) is str for key in keys):
        raise wrong_field("flagKeys", f"a list of at most {MAX_KEYS} strings", missing=False)
    return sorted(set(keys))


def evaluate_all(service: EvaluationService, request: Request) -> Response:
    """Answer for all boolean flags, or those chosen, sorted by key; whatever the request looks like."""
    try:
        key, body, query = read_request(service, request, PARAMETERS)
        asked = BulkRequest.from_json(body)
        engine = engine_for(service, key, environment_of(key, environment_named(body, query)))
        keys = engine.boolean_keys() if asked.keys is None else asked.keys
        results = [result(service, engine, key, asked.context) for key in keys]
        return Response(orjson.dumps({"results": results}), 200, JSON_HEADERS)
    except Exception as error:
        return error_response(error)


def result(service: EvaluationService, engine: Engine, key: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return one flag's answer. A flag without a default variant is off where nothing matched."""
    evaluation = engine.evaluate(key, context)
    code = evaluation.error_code
    if code is None and type(any_value(engine, key)) is not bool:
        code = ErrorCode.TYPE_MISMATCH
    service.counters.evaluated(evaluation.reason if code is None else Reason.ERROR)
    if code is not None:
        return {"flagKey": key, "enabled": False, "reason": MatchReason.ERROR, "errorCode": code}
    enabled = evaluation.value is True
    return {"flagKey": key, "enabled": enabled, "reason": decision(engine, key, context, evaluation)}


def decision(engine: Engine, key: str, context: Mapping[str, Any], evaluation: Evaluation) -> MatchReason:
    """Return what decided: by the reason, or by the branch of the targeting."""
    plain = BY_REASON.get(evaluation.reason)
    if plain is not None:
        return plain
    branch = engine.branch(key, context)
    kind = Kind.RULE if branch is None else branch.kind
    if kind is Kind.ROLLOUT and evaluation.value is not True:
        return MatchReason.NO_MATCH
    return BY_KIND.get(kind, MatchReason.RULE_MATCH)
