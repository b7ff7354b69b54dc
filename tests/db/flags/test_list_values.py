"""Structured values that are lists: none is taken anew, and those of former times stay."""

from __future__ import annotations

from typing import Any

import pytest

from db.configuration.edits import FlagEdit, NewFlag
from db.database import session
from db.errors import InvalidInputError
from db.flags import flags, members
from db.models import Configuration
from tests.db.helpers import ADA, footprint, make

pytestmark = pytest.mark.usefixtures("database")

OBJECT = {"items": [1, 2]}


def with_lists(key: str, variants: dict[str, Any], default: str | None) -> None:
    """A flag from the time when lists were taken: static, where its one variant is called value."""
    static = list(variants) == ["value"]
    value = {"value": {}} if static else {"variants": {}}
    flag = make(key, value_type="structured", is_static=static, **value)
    columns = {Configuration.variants: list(variants.items()), Configuration.default_variant: default}
    with session():
        Configuration.update(columns).where(Configuration.flag == flag.id).execute()


@pytest.mark.parametrize(
    "new",
    [
        pytest.param({"is_static": True, "value": [1]}, id="a value"),
        pytest.param({"variants": {"a": {}, "b": []}}, id="a variant"),
    ],
)
def test_a_new_flag_has_none(new: dict[str, Any]) -> None:
    before = footprint()
    with pytest.raises(InvalidInputError, match="must be a JSON object, such as") as refused:
        flags.create(NewFlag("list", value_type="structured", **new), "prod", actor=ADA)
    assert refused.value.code == "list_value"
    assert footprint() == before


def test_a_flag_of_objects_gets_none() -> None:
    make("static", value_type="structured", is_static=True, value=OBJECT)
    make("dynamic", value_type="structured", variants={"a": OBJECT})
    before = footprint()
    with pytest.raises(InvalidInputError, match="value must be"):
        flags.update("static", "prod", FlagEdit(value=[1]), actor=ADA)
    with pytest.raises(InvalidInputError, match=r"variants\.b must be"):
        flags.update("dynamic", "prod", FlagEdit(variants={"a": OBJECT, "b": [1]}), actor=ADA)
    with pytest.raises(InvalidInputError, match="value must be"):
        members.add("dynamic", "prod", "user", ["john"], value=[1], actor=ADA)
    assert footprint() == before


def test_a_flag_that_has_lists_stays_editable() -> None:
    with_lists("static", {"value": [1]}, "value")
    with_lists("dynamic", {"a": [1], "b": [2]}, "a")
    assert flags.update("static", "prod", FlagEdit(value=[1, 2]), actor=ADA).value == [1, 2]
    assert flags.update("static", "prod", FlagEdit(value=OBJECT), actor=ADA).value == OBJECT
    changed = flags.update("dynamic", "prod", FlagEdit(variants={"a": [1], "b": [3]}, default_variant="b"), actor=ADA)
    assert changed.variants == {"a": [1], "b": [3]}
    assert members.add("dynamic", "prod", "user", ["john"], value=[4], actor=ADA).variant == "v1"
