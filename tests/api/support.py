"""A service with flags in memory, and requests to it without a server."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from api.access.auth import Keys
from api.access.limits import Limits
from api.access.stream_capacity import StreamCapacity
from api.feeds.feed import Feed
from api.http import Response
from api.memory.client_engine import client_engine
from api.memory.follower import DefinitionsFollower
from api.request import Request, WsgiRequest
from api.services import Services
from db.definitions.document import metadata
from db.definitions.reader import Delta
from db.published.keyring import KeyRecord, hash_secret
from db.settings import Settings
from db.vocabulary import Scope
from flagstaff import targeting
from flagstaff.engine import Engine
from tests.targetings import logic_of

ON_OFF = {"on": True, "off": False}
JOHN = logic_of({("on", "user"): ["john", "1"]}, [], None)
LIST = [1, {"two": None}]

FLAGS: dict[str, Any] = {
    "test-bool-flag": {"state": "ENABLED", "variants": ON_OFF, "defaultVariant": "on"},
    "text": {"state": "ENABLED", "variants": {"value": "hello"}, "defaultVariant": "value"},
    "whole": {"state": "ENABLED", "variants": {"value": 10}, "defaultVariant": "value"},
    "decimal": {"state": "ENABLED", "variants": {"value": 0.5}, "defaultVariant": "value"},
    "object": {"state": "ENABLED", "variants": {"value": {"a": [1]}}, "defaultVariant": "value"},
    "array": {"state": "ENABLED", "variants": {"value": LIST}, "defaultVariant": "value"},
    "members": {"state": "ENABLED", "variants": ON_OFF, "targeting": JOHN},
    "members-and-default": {"state": "ENABLED", "variants": ON_OFF, "defaultVariant": "off", "targeting": JOHN},
    "by-country": {
        "state": "ENABLED",
        "variants": ON_OFF,
        "targeting": {"if": [{"===": [{"var": "country"}, "US"]}, "on"]},
    },
    "split": {
        "state": "ENABLED",
        "variants": ON_OFF,
        "targeting": logic_of({}, [], (targeting.Share("on", 100_000), targeting.Share("off", 0))),
    },
    "text-members": {
        "state": "ENABLED",
        "variants": {"red": "red", "blue": "blue"},
        "targeting": logic_of({("red", "team"): ["a"]}, [], None),
    },
    "empty": {"state": "ENABLED", "variants": {"empty": {}}},
    "disabled": {"state": "DISABLED", "variants": ON_OFF, "defaultVariant": "on", "targeting": JOHN},
    "broken": {"state": "ENABLED", "variants": ON_OFF, "targeting": {"no_such_operation": []}},
}

SECRETS = {
    "client": KeyRecord("1", "web", hash_secret("client"), Scope.CLIENT, "prod"),
    "server": KeyRecord("2", "backend", hash_secret("server"), Scope.SERVER, "dev"),
    "admin": KeyRecord("3", "ci", hash_secret("admin"), Scope.ADMIN, None),
    "expired": KeyRecord("4", "old", hash_secret("expired"), Scope.CLIENT, "prod", datetime(2020, 1, 1, tzinfo=UTC)),
}


def make_services(*, loaded: bool = True, explain_open: bool = False, **settings: Any) -> Services:
    """A service that has these flags in `prod`, and others in `dev`; nothing follows a database."""
    keys = Keys()
    follower = DefinitionsFollower("postgresql://nobody@127.0.0.1:1/none", keys, bucketing="v2", refresh_seconds=5)
    if loaded:
        keys.replace(SECRETS.values())
        load(follower, "prod", FLAGS)
        load(follower, "dev", {"only-dev": FLAGS["test-bool-flag"]})
    chosen = Settings(**{"evaluation_open": True, **settings})
    slots = StreamCapacity(chosen.streams)
    return Services(chosen, keys, follower, follower.engines, explain_open, slots, limits=Limits.of(chosen))


def load(follower: DefinitionsFollower, environment: str, flags: dict[str, Any], revision: int = 1) -> None:
    """Serve these flags, as if they had been read from a database."""
    about = metadata(environment, revision, "v2")
    follower.engines[environment] = Engine({"flags": flags, "metadata": about})
    follower.client_engines[environment] = client_engine(follower.engines[environment], revision)
    follower.feeds[environment] = Feed(Delta(revision, flags, set(), about, True, {}, {}, {}, {}, revision))


def request_of(
    body: object,
    headers: Mapping[str, str] | None = None,
    query: str = "",
    path: str = "/feature-flag/evaluate",
    **environ: object,
) -> Request:
    """A POST as it comes by WSGI; bytes are sent as they are, all else as JSON. `environ` may say other things."""
    return WsgiRequest(environ_of(body, headers, query, path) | environ)


def environ_of(
    body: object, headers: Mapping[str, str] | None = None, query: str = "", path: str = "/feature-flag/evaluate"
) -> dict[str, Any]:
    """The WSGI environ of a POST."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(raw)),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "wsgi.input": io.BytesIO(raw),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()},
    }


def json_of(response: Response) -> Any:
    """The body of an answer."""
    return orjson.loads(response.body)


def assert_error(response: Response, status: int, code: str) -> dict[str, Any]:
    """The one shape that all errors have."""
    body: dict[str, Any] = json_of(response)
    assert (response.status, body["code"]) == (status, code), body
    assert isinstance(body["error"], str)
    assert len(body["error"]) > 10
    return body
