"""JsonLogic that earlier versions wrote. It is still read, in documents that were written before; never written.

The forms differ from those of `flagstaff.targeting.operators` and `flagstaff.targeting.branches` in their guards, with
which other evaluators than ours came to other answers. They mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flagstaff.targeting.operators import (
    CLOCK,
    FIELD,
    VALUE,
    Form,
    epoch_seconds,
    is_boolean,
    is_list_of,
    is_number,
    is_text,
    moment_text,
)

Logic = Any

ENTITY_TYPE: Logic = {"or": [{"cat": [{"var": ["entityType", ""]}]}, "user"]}
ENTITY_ID: Logic = {"or": [{"cat": [{"var": ["entityId", ""]}]}, {"cat": [{"var": ["targetingKey", ""]}]}]}
BUCKETING_TEXT: Logic = {"cat": [{"var": "$flagd.flagKey"}, ":", ENTITY_ID]}

IS_TEXT = {"===": [FIELD, {"cat": [FIELD]}]}
IS_BOOLEAN = {"in": [{"cat": [FIELD]}, ["true", "false", "True", "False"]]}


def _of_number(comparison: Logic, subject: Logic = FIELD) -> Logic:
    is_a_number = {"===": [subject, {"*": [subject, 1]}]}
    is_not_boolean = {"===": [{"cat": [subject]}, {"cat": [{"*": [subject, 1]}]}]}
    return {"and": [is_a_number, is_not_boolean, comparison]}


def _negated(form: Form) -> Form:
    return form._replace(logic={"!": [form.logic]})


_EQUAL = (
    Form({"===": [FIELD, VALUE]}, is_text),
    Form(_of_number({"===": [FIELD, VALUE]}), is_number),
    Form({"and": [IS_BOOLEAN, {"===": [FIELD, VALUE]}]}, is_boolean),
)
_ONE_OF = (Form({"in": [FIELD, VALUE]}, is_list_of(is_text)), Form(_of_number({"in": [FIELD, VALUE]})))
_CONTAINS = (Form({"in": [VALUE, FIELD]}),)


def _timed(sign: str) -> tuple[Form, ...]:
    of_clock = Form(_of_number({sign: [VALUE, CLOCK]}, CLOCK), of_clock=True, fill=epoch_seconds, recover=moment_text)
    return of_clock, Form(_of_number({sign: [VALUE, FIELD]}), fill=epoch_seconds, recover=moment_text)


FORMER_FORMS: Mapping[str, tuple[Form, ...]] = {
    "eq": _EQUAL,
    "neq": tuple(map(_negated, _EQUAL)),
    "in": _ONE_OF,
    "not_in": tuple(map(_negated, _ONE_OF)),
    "starts_with": (Form({"starts_with": [FIELD, VALUE]}),),
    "ends_with": (Form({"ends_with": [FIELD, VALUE]}),),
    "contains": _CONTAINS,
    "not_contains": tuple(map(_negated, _CONTAINS)),
    "gt": (Form(_of_number({">": [FIELD, VALUE]})),),
    "gte": (Form(_of_number({">=": [FIELD, VALUE]})),),
    "lt": (Form(_of_number({"<": [FIELD, VALUE]})),),
    "lte": (Form(_of_number({"<=": [FIELD, VALUE]})),),
    **{
        f"semver_{name}": (Form({"and": [IS_TEXT, {"sem_ver": [FIELD, sign, VALUE]}]}),)
        for name, sign in (("eq", "="), ("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<="))
    },
    "before": _timed(">"),
    "after": _timed("<"),
}
"""By operator, those that differ from the operator's forms of today."""
