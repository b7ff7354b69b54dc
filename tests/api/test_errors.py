"""Every error of `db` has a status; what nobody foresaw says nothing of the inside."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from api.errors import STATUS_AND_CODE, describe
from api.evaluation.single import evaluate
from db import errors as db_errors
from db.errors import FlagstaffError
from tests.api.support import json_of, make_services, request_of


def subclasses(of: type[FlagstaffError]) -> set[type[FlagstaffError]]:
    return {kind for direct in of.__subclasses__() for kind in {direct, *subclasses(direct)}}


def test_the_table_has_every_error_of_db() -> None:
    assert set(STATUS_AND_CODE) == {
        kind for kind in subclasses(FlagstaffError) if kind.__module__ == db_errors.__name__
    }


def test_an_unforeseen_error_is_logged_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    services = make_services(open_sees_all=True)

    class Broken:
        def evaluate(self, key: str, context: dict[str, Any]) -> None:
            raise RuntimeError("the password is s3cret")

    services.follower.engines["prod"] = Broken()  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR, logger="api"):
        response = evaluate(services, request_of({"flagKey": "a", "defaultValue": 1}))
    body = json_of(response)
    assert (response.status, body["code"]) == (500, "internal_error")
    assert "s3cret" not in json.dumps(body)
    assert body["incident"] == caplog.records[0].__dict__["facts"]["incident"]


def test_a_database_that_is_away_is_worth_another_attempt() -> None:
    status, _, headers = describe(db_errors.DatabaseUnavailableError("gone"))
    assert (status, dict(headers)) == (503, {"Retry-After": "1"})
