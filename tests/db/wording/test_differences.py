"""What a change did, in words: all of it, and in short."""

from __future__ import annotations

import pytest

from db.administration import environments
from db.configuration.edits import Members, NewFlag
from db.flags import flags, members
from db.history import changes
from db.segments import segments
from db.segments.edits import NewSegment, SegmentEdit
from db.wording import differences
from tests.db.helpers import ADA, country_is, edit, make

pytestmark = pytest.mark.usefixtures("database")

HALF = [{"variant": "on", "weight": 50}, {"variant": "off", "weight": 50}]
QUARTER = [{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}]
IN_US = {"name": "near", "conditions": [country_is("US", "CA")], "variant": "on"}


def told() -> str:
    """The newest change in short."""
    return differences.summary(differences.of_change(changes.page(limit=1).items[0]))


def test_changes_of_a_flag_in_words() -> None:
    make(default_variant="off", rollout=QUARTER)
    flags.update("checkout", "prod", edit(rollout=HALF), actor=ADA)
    assert told() == "rollout: 25 % on, 75 % off → 50 % on, 50 % off"
    flags.update("checkout", "prod", edit(rules=[IN_US], default_variant=None), actor=ADA)
    assert (
        told() == "default variant: off → none: the caller's default; rule 1 added: near: country is one of US, CA → on"
    )
    flags.set_enabled("checkout", "prod", actor=ADA)
    assert told() == "status: enabled → disabled"
    members.add("checkout", "prod", "user", ["john"], variant="on", actor=ADA)
    assert told() == "members (user: john): - → on"
    flags.update("checkout", "prod", edit(tags=["web"], description="The page"), actor=ADA)
    assert told() in ("description: The page; tags: web", "tags: web; description: The page")


def test_what_is_made_and_what_goes_in_words() -> None:
    environments.create("qa", actor=ADA)
    assert told() == "name: qa; protected: no; comments asked for: no"
    environments.delete("qa", actor=ADA, default="prod")
    assert told() == "name: was qa; protected: was no; comments asked for: was no"
    segments.create(NewSegment("staff", description="Us"), actor=ADA)
    assert told() == "description: Us"
    segments.update("staff", SegmentEdit(description=None), actor=ADA)
    assert told() == "description: was Us"
    make(tags=["web"])
    assert told().startswith("tags: web; seen by client keys: no; status: enabled; ")


def test_a_summary_is_short_whatever_changed() -> None:
    flags.create(
        NewFlag("huge", "string", variants={f"v{number}": "x" * 5_000 for number in range(90)}), "prod", actor=ADA
    )
    assert len(told()) == differences.MAX_SUMMARY
    make(members=[Members("user", [f"user-{number}" for number in range(5_000)], "on")])
    assert len(told()) <= differences.MAX_SUMMARY
    assert "and 4,990 more" in told()
