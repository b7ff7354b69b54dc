"""What people edit of a flag itself: every such field is edited, logged, shown and restored, in every environment."""

from __future__ import annotations

from typing import Any

import pytest

from db.configuration.edits import FlagEdit, NewFlag
from db.configuration.flag_fields import FLAG_FIELDS
from db.flags import flags
from db.history import changes
from tests.db.helpers import ADA

VALUES: dict[str, tuple[Any, Any]] = {
    "name": ("Before", "After"),
    "description": ("before", "after"),
    "tags": (["before"], ["after", "web"]),
}


def test_the_table_has_every_field() -> None:
    assert VALUES.keys() == FLAG_FIELDS.keys()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("field", FLAG_FIELDS)
def test_a_field_is_edited_logged_and_restored_everywhere(field: str) -> None:
    before, after = VALUES[field]
    flags.create(NewFlag("beta", **{field: before}), "prod", actor=ADA)
    flags.update("beta", "prod", FlagEdit(**{field: after}), actor=ADA)
    newest = changes.page("beta", "prod").items[0]
    assert newest.before and newest.after
    assert (newest.before[field], newest.after[field]) == (before, after)
    assert [value_in(environment, field) for environment in ("prod", "dev")] == [after, after]
    changes.restore("beta", "prod", newest.id, actor=ADA)
    assert [value_in(environment, field) for environment in ("prod", "dev")] == [before, before]


def value_in(environment: str, field: str) -> Any:
    value = getattr(flags.get("beta", environment), field)
    return list(value) if isinstance(value, tuple) else value
