"""Whom a context is about, at every door: text or a number, and nothing that would cost time by its size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import InvalidContextError

from api.evaluation import ofrep
from api.evaluation.all_flags import evaluate_all
from api.evaluation.single import evaluate
from api.http import Response
from api.paths import OFREP_ONE
from api.request import Request
from flagstaff.openfeature_context import attributes_of
from tests.api.support import json_of, make_services, request_of

FIELDS = ["entityId", "entityType", "targetingKey"]
WRONG = [True, False, [], ["john"], {}, {"id": "john"}]

Door = Callable[[Any, Request], Response]


def ask(door: Door, context: Any, flag: str = "members") -> Response:
    body = {"flagKey": flag, "defaultValue": False, "context": context}
    return door(make_services(), request_of(body, path=f"{OFREP_ONE}{flag}"))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_neither_text_nor_number_is_refused(field: str, wrong: Any) -> None:
    refused = ask(evaluate, {field: wrong})
    assert (refused.status, json_of(refused)["code"]) == (400, "invalid_context")
    assert field in json_of(refused)["error"]
    for door in (ofrep.evaluate_one, ofrep.evaluate_all):
        refused = ask(door, {field: wrong})
        assert (refused.status, json_of(refused)["errorCode"]) == (400, "INVALID_CONTEXT")
    with pytest.raises(InvalidContextError, match=field):
        attributes_of(EvaluationContext(None, {field: wrong}))


@pytest.mark.parametrize("number", [1234567890123456.0, 1.234567890123456e15, 1234567890123456, "1234567890123456"])
def test_a_whole_number_is_the_same_entity_however_it_is_written(number: Any) -> None:
    assert attributes_of(EvaluationContext(None, {"entityId": number}))["entityId"] == "1234567890123456"


@pytest.mark.parametrize(("number", "text"), [(1e21, "1e+21"), (0.5, "0.5"), (-0.0, "0"), (1e300, "1e+300")])
def test_other_numbers_are_text_as_evaluators_write_them(number: float, text: str) -> None:
    assert attributes_of(EvaluationContext(None, {"entityId": number}))["entityId"] == text


def test_a_number_without_a_text_is_refused() -> None:
    with pytest.raises(InvalidContextError, match="entityId"):
        attributes_of(EvaluationContext(None, {"entityId": 10**5_000}))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_user_is_text_or_a_number_too(wrong: Any) -> None:
    refused = evaluate_all(make_services(), request_of({"user": {"id": wrong}}))
    assert (refused.status, json_of(refused)["code"]) == (400, "invalid_context")


@pytest.mark.parametrize(
    "context", [{"entityId": None}, {"entityType": None, "entityId": "john"}, {"targetingKey": ""}]
)
def test_null_is_absent(context: dict[str, Any]) -> None:
    assert ask(evaluate, context).status == 200


def test_numbers_are_their_texts() -> None:
    assert attributes_of(EvaluationContext(None, {"entityId": 7, "entityType": 1.5, "age": 7})) == {
        "entityId": "7",
        "entityType": "1.5",
        "age": 7,
    }
    assert attributes_of(EvaluationContext(7))["targetingKey"] == "7"  # type: ignore[arg-type]
    user_7, text_7 = (ask(evaluate, {"targetingKey": key}, "split").body for key in (7, "7"))
    assert user_7 == text_7


def test_ofrep_takes_a_targeting_key_that_is_text_and_no_other() -> None:
    for wrong in (None, 7):
        refused = ask(ofrep.evaluate_one, {"targetingKey": wrong})
        assert json_of(refused)["errorCode"] == "INVALID_CONTEXT"


@pytest.mark.parametrize("door", [evaluate, evaluate_all, ofrep.evaluate_one, ofrep.evaluate_all])
def test_an_evaluation_has_a_smaller_body_than_other_requests(door: Door) -> None:
    body = {"flagKey": "members", "defaultValue": 1, "user": {}, "context": {"a": "x" * 66_000}}
    assert door(make_services(), request_of(body, path=f"{OFREP_ONE}members")).status == 413
