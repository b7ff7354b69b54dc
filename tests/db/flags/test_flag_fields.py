"""What people edit of a flag itself: every such field is edited, logged, shown and restored, in every environment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from db.configuration.edits import FlagEdit, NewFlag
from db.configuration.flag_fields import FLAG_FIELDS
from db.configuration.state import canonical_json
from db.flags import flags
from db.history import changes
from db.vocabulary import Purpose
from tests.db.helpers import ADA

VALUES: dict[str, tuple[Any, Any]] = {
    "name": ("Before", "After"),
    "description": ("before", "after"),
    "tags": (["before"], ["after", "web"]),
    "owner": ("ada@example.com", "team-checkout"),
    "purpose": (Purpose.RELEASE, None),
    "expected_end": (date(2026, 1, 31), date(2027, 1, 31)),
    "links": ([{"title": "Ticket", "url": "https://example.com/1"}], []),
    "metadata": ({"cost": 1}, {"cost": True}),
    "client_side": (True, False),
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
    logged = FLAG_FIELDS[field]
    kept = (newest.before[logged.json], newest.after[logged.json])
    assert canonical_json(kept) == canonical_json([logged.to_json(before), logged.to_json(after)])
    assert [value_in(environment, field) for environment in ("prod", "dev")] == [after, after]
    changes.restore("beta", "prod", newest.id, actor=ADA)
    assert [value_in(environment, field) for environment in ("prod", "dev")] == [before, before]


def value_in(environment: str, field: str) -> Any:
    value = getattr(flags.get("beta", environment), field)
    return list(value) if isinstance(value, tuple) else value
