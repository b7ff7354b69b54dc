"""What a change did, by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.history import changes
from db.vocabulary import Action
from db.wording.actions import action
from tests.db.helpers import make


@pytest.mark.usefixtures("database")
def test_every_action_has_a_name() -> None:
    make("checkout")
    change = changes.page(limit=1).items[0]
    named = [action(replace(change, action=one)) for one in Action]
    assert all(named) and len(set(named)) >= len(named) - 1  # members that were given other values are changed ones
