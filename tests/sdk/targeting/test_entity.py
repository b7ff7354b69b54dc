"""The entity of a context: the Python functions agree with the JsonLogic that other evaluators get."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagstaff.engine.compiler.parts import Parts
from flagstaff.jsonlogic import values
from flagstaff.jsonlogic.fractional import Bucketing
from flagstaff.targeting.entity import ENTITY_FIELDS, ENTITY_ID, ENTITY_TYPE, entity_id, entity_type

ODD = st.sampled_from([None, "", "0", 0, 0.0, -0.0, 1, 1.5, True, False, "john", " ", [], ["a", 1], [[]], "None"])
contexts = st.dictionaries(st.sampled_from([*ENTITY_FIELDS, "other"]), ODD | st.text(max_size=3) | st.integers())


def computed(logic: Any, context: dict[str, Any]) -> Any:
    return Parts("flag", Bucketing.V2, {}).evaluate(logic, context)


@given(contexts)
def test_both_give_the_same(context: dict[str, Any]) -> None:
    assert entity_id(context) == computed(ENTITY_ID, context)
    assert entity_type(context) == values.text(computed(ENTITY_TYPE, context))


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({}, ("", "user")),
        ({"targetingKey": "john"}, ("john", "user")),
        ({"entityId": "a", "targetingKey": "b", "entityType": "team"}, ("a", "team")),
        ({"entityId": "", "targetingKey": "b"}, ("b", "user")),
        ({"entityId": 0, "targetingKey": "b"}, ("0", "user")),
        ({"entityId": False, "targetingKey": "b"}, ("b", "user")),
    ],
)
def test_who_it_is(context: dict[str, Any], expected: tuple[str, str]) -> None:
    assert (entity_id(context), entity_type(context)) == expected
