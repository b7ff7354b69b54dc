"""What can go wrong, and how each reads on the wire: `{"error": "in words", "code": "machine_readable", ...}`.

Errors of `db` know no HTTP; `STATUS_AND_CODE` is the one place that gives them a status.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NamedTuple

from db import errors as db_errors

log = logging.getLogger(__name__)


class RequestError(Exception):
    """A request that can't be answered as it stands. Further facts go beside `error` and `code` in the body."""

    def __init__(
        self, status: int, code: str, message: str, headers: Iterable[tuple[str, str]] = (), **facts: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = tuple(headers)
        self.facts = facts


@contextmanager
def rename_fields(names: Mapping[str, str]) -> Iterator[None]:
    """Name what `db` refuses in this block as the client did: in `field`, and where the text begins with it.

    `names` leads from the field's name, or its beginning, in `db` to the one in the request.
    """
    try:
        yield
    except db_errors.InvalidInputError as error:
        ours = next((name for name in names if re.match(rf"{re.escape(name)}\b", error.field)), None)
        if ours is None:
            raise
        field, text = names[ours] + error.field.removeprefix(ours), str(error)
        text = field + text.removeprefix(error.field) if text.startswith(error.field) else text
        raise db_errors.InvalidInputError(error.code, field, text) from None


class Description(NamedTuple):
    """An error as it is answered."""

    status: int
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()


STATUS_AND_CODE: dict[type[db_errors.FlagstaffError], tuple[HTTPStatus, str | None]] = {
    db_errors.InvalidInputError: (HTTPStatus.UNPROCESSABLE_ENTITY, None),  # it brings a code of its own
    db_errors.StaticFlagError: (HTTPStatus.UNPROCESSABLE_ENTITY, "static_flag"),
    db_errors.FlagNotFoundError: (HTTPStatus.NOT_FOUND, "flag_not_found"),
    db_errors.ChangeNotFoundError: (HTTPStatus.NOT_FOUND, "change_not_found"),
    db_errors.KeyNotFoundError: (HTTPStatus.NOT_FOUND, "key_not_found"),
    db_errors.KeyMadeError: (HTTPStatus.CONFLICT, "key_made"),
    db_errors.OverrideNotFoundError: (HTTPStatus.NOT_FOUND, "override_not_found"),
    db_errors.OverrideExistsError: (HTTPStatus.CONFLICT, "override_exists"),
    db_errors.UnknownEnvironmentError: (HTTPStatus.BAD_REQUEST, "unknown_environment"),
    db_errors.FlagKeyTakenError: (HTTPStatus.CONFLICT, "flag_key_taken"),
    db_errors.EnvironmentExistsError: (HTTPStatus.CONFLICT, "environment_exists"),
    db_errors.DefaultEnvironmentError: (HTTPStatus.CONFLICT, "default_environment"),
    db_errors.EnvironmentProtectedError: (HTTPStatus.CONFLICT, "environment_protected"),
    db_errors.SegmentNotFoundError: (HTTPStatus.NOT_FOUND, "segment_not_found"),
    db_errors.SegmentKeyTakenError: (HTTPStatus.CONFLICT, "segment_key_taken"),
    db_errors.SegmentInUseError: (HTTPStatus.CONFLICT, "segment_in_use"),
    db_errors.LayerNotFoundError: (HTTPStatus.NOT_FOUND, "layer_not_found"),
    db_errors.LayerKeyTakenError: (HTTPStatus.CONFLICT, "layer_key_taken"),
    db_errors.LayerInUseError: (HTTPStatus.CONFLICT, "layer_in_use"),
    db_errors.RangeTakenError: (HTTPStatus.CONFLICT, "range_taken"),
    db_errors.RequiredByError: (HTTPStatus.CONFLICT, "required_by"),
    db_errors.VersionConflictError: (HTTPStatus.CONFLICT, "version_conflict"),
    db_errors.DatabaseUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable"),
    db_errors.DatabaseWakingError: (HTTPStatus.SERVICE_UNAVAILABLE, "database_waking"),
    db_errors.NotMigratedError: (HTTPStatus.SERVICE_UNAVAILABLE, "database_not_migrated"),
    db_errors.WriteBlockedError: (HTTPStatus.SERVICE_UNAVAILABLE, "write_blocked"),
}

RETRY_LATER = (("Retry-After", "1"),)
RETRY_WHEN_AWAKE = (("Retry-After", "10"),)
"""A paused database takes some 15 seconds as a rule, some of which have passed before this is answered."""


def unknown_fields(unknown: Iterable[str], known: Iterable[str], kind: str = "field") -> RequestError:
    """Return the error for fields, or parameters, that mean nothing where they are; it says which mean something."""
    names = sorted(unknown)
    said = f"unknown {kind}{'s' if len(names) > 1 else ''}: {', '.join(names)}"
    meant = ", ".join(sorted(known))
    return RequestError(400, "unknown_field", f"{said}; known here: {meant}" if meant else said, fields=names)


def not_loaded() -> RequestError:
    """Return what is said before the first load of the definitions that a request needs."""
    return RequestError(503, "definitions_not_loaded", "the flags have not been loaded yet", RETRY_LATER)


def describe(error: Exception) -> Description:
    """Return how an error is answered."""
    if isinstance(error, RequestError):
        return Description(error.status, {"error": str(error), "code": error.code} | error.facts, error.headers)
    if isinstance(error, db_errors.FlagstaffError) and type(error) in STATUS_AND_CODE:
        return describe_db_error(error)
    return describe_unexpected(error)


def describe_unexpected(error: Exception) -> Description:
    """Return how an error that nobody foresaw is answered: by a number under which the log has it."""
    incident = secrets.token_hex(8)
    log.error("unexpected error", exc_info=error, extra={"facts": {"incident": incident}})
    return Description(
        500, {"error": "something went wrong in the service", "code": "internal_error", "incident": incident}
    )


def describe_db_error(error: db_errors.FlagstaffError) -> Description:
    """Return how an error of `db` is answered."""
    status, code = STATUS_AND_CODE[type(error)]
    headers = RETRY_LATER if status == HTTPStatus.SERVICE_UNAVAILABLE else ()
    if isinstance(error, db_errors.DatabaseWakingError):
        headers = RETRY_WHEN_AWAKE
    return Description(status, {"error": str(error), "code": code} | facts(error), headers)


def facts(error: db_errors.FlagstaffError) -> dict[str, Any]:
    """Return what a program may want to know of the error besides its code."""
    match error:
        case db_errors.InvalidInputError():
            return {"code": error.code, "field": error.field}
        case db_errors.SegmentInUseError() | db_errors.LayerInUseError() | db_errors.RequiredByError():
            return {"usedBy": [{"environment": name, "flags": flags} for name, flags in error.users.items()]}
        case db_errors.RangeTakenError():
            return {
                "takenBy": [
                    {"environment": each.environment, "flag": each.flag, **each.span.to_json()} for each in error.taken
                ]
            }
        case db_errors.VersionConflictError():
            return {
                "environment": error.environment,
                "version": error.version,
                "changedBy": error.changed_by,
                "changedAt": error.changed_at,
            }
    return {}
