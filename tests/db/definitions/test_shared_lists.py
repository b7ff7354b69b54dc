"""Lists that flags share: a reader that follows ends with the document that is read at once."""

from __future__ import annotations

import pytest

from db.configuration.edits import Members, NewFlag
from db.definitions import document as definitions
from db.definitions.document import to_bytes, whole
from db.definitions.reader import Delta, EnvironmentReader
from db.flags import flags
from db.segments import segments
from db.segments.edits import NewSegment
from db.targeting.rules import read_rules
from flagstaff.targeting import Prerequisite
from tests.db.helpers import ADA, edit

OF_BETA = read_rules([{"conditions": [{"operator": "in_segment", "value": ["beta"]}], "variant": "on"}])
MANY = [f"user-{number}" for number in range(1_100)]


class Follower:
    """What follows the reader."""

    def __init__(self) -> None:
        self.reader = EnvironmentReader("prod")
        self.definitions: dict[str, object] = {}

    def catch_up(self) -> Delta:
        """Take in what is new; it must come to the whole document."""
        delta = self.reader.refresh()
        self.definitions |= delta.changed
        for key in delta.removed:
            self.definitions.pop(key, None)
        ordered = {key: self.definitions[key] for key in sorted(self.definitions)}
        followed = to_bytes(whole(ordered, delta.metadata, delta.evaluators))  # type: ignore[arg-type]
        assert followed == to_bytes(definitions.document("prod"))
        return delta


@pytest.mark.usefixtures("database")
def test_a_reader_follows_shared_lists() -> None:
    segments.create(NewSegment("beta", included={"user": MANY[:10]}), actor=ADA)
    flags.create(NewFlag("beta", rules=OF_BETA), "prod", actor=ADA)
    members = [Members("user", MANY, variant="on")]
    flags.create(NewFlag("needed", members=members), "prod", actor=ADA)
    follower = Follower()
    assert not follower.catch_up().evaluators
    segments.add("beta", "user", MANY[10:], actor=ADA)
    delta = follower.catch_up()
    assert (set(delta.changed), set(delta.evaluators)) == ({"beta"}, {"segment-beta-in-0"})
    assert delta.summaries["beta"].evaluators == {"segment-beta-in-0"}
    flags.update("beta", "prod", edit(prerequisites=(Prerequisite("needed", ("on",)),)), actor=ADA)
    assert set(follower.catch_up().evaluators) == {"segment-beta-in-0", "members-needed-0"}
    flags.update("beta", "prod", edit(rules=()), actor=ADA)
    assert set(follower.catch_up().evaluators) == {"members-needed-0"}
    flags.archive("beta", actor=ADA)
    assert not follower.catch_up().evaluators
