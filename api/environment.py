"""Which environment a request is about: the one of its key, else the one it names, else the default one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from api.errors import RequestError, not_loaded
from db.errors import UnknownEnvironmentError
from db.published.keyring import KeyRecord
from db.settings import Settings

T = TypeVar("T")

ENVIRONMENT = "environment"


def environment_named(body: Mapping[str, Any], query: Mapping[str, str]) -> str | None:
    """Return the environment that a request names, in its body or its query string.

    Raises `RequestError` (400) for one that is not text, for two different ones, and for an empty one: a script whose
    variable is not set must not change the default environment.
    """
    in_body, in_query = body.get(ENVIRONMENT), query.get(ENVIRONMENT)
    if in_body == "" or in_query == "":
        raise RequestError(400, "unknown_environment", "environment is empty", field=ENVIRONMENT)
    if in_body is None:
        return in_query
    if type(in_body) is not str:
        raise RequestError(400, "invalid_field", "environment must be a string", field=ENVIRONMENT)
    if in_query is not None and in_query != in_body:
        raise RequestError(
            400, "ambiguous_environment", f"the body names environment {in_body!r}, the query string {in_query!r}"
        )
    return in_body


def environment_of(key: KeyRecord | None, named: str | None) -> str | None:
    """Return the environment of a request: its key's, else the one it names, else None for the default.

    Raises `RequestError` (403) where it names another than its key's.
    """
    if key is None or key.environment is None:
        return named
    if named is not None and named != key.environment:
        message = f"this key is for the environment {key.environment!r}"
        raise RequestError(403, "wrong_environment", message, environment=key.environment)
    return key.environment


def of_environment(loaded: Mapping[str, T], settings: Settings, environment: str | None) -> T:
    """Return what there is of an environment, None standing for the default one.

    Raises `RequestError`: 400 for an unknown environment, 503 before the first load.
    """
    name = environment or settings.default_environment
    found = loaded.get(name)
    if found is not None:
        return found
    if not loaded:
        raise not_loaded()
    message = str(UnknownEnvironmentError(name, sorted(loaded)))
    raise RequestError(400, "unknown_environment", message, field=ENVIRONMENT)
