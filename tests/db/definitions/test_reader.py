"""What a reader is told, step by step."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import pytest

from db.administration import environments
from db.configuration.edits import Members
from db.database import database as pool
from db.database import session
from db.definitions.reader import Delta, EnvironmentReader
from db.errors import UnknownEnvironmentError
from db.flags import flags, members
from db.history import changes
from db.models import Environment
from flagstaff.engine import Engine
from tests.db.helpers import ADA, edit, make

pytestmark = pytest.mark.usefixtures("database")


def ids(delta: Delta, key: str = "checkout") -> dict[str, set[str]]:
    """Members by variant, as the definition has them."""
    parts: list[Any] = delta.changed[key].get("targeting", {}).get("if", [])  # type: ignore[union-attr]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {variant: set(test["and"][1]["in"][1]) for test, variant in pairs if "and" in test}


def test_first_everything_then_nothing_then_what_changed() -> None:
    make("a")
    make("b")
    make("gone")
    flags.archive("gone", actor=ADA)
    reader = EnvironmentReader("prod", bucketing="v3")
    first = reader.refresh()
    assert (first.complete, set(first.changed), first.removed, first.revision) == (True, {"a", "b"}, set(), 4)
    assert first.metadata == {"environment": "prod", "revision": 4, "fractionalBucketing": "v3", "version": "4"}
    quiet = reader.refresh()
    assert (quiet.complete, quiet.changed, quiet.removed, quiet.revision) == (False, {}, set(), 4)
    flags.update("b", "prod", edit(rollout=[{"variant": "on", "weight": 100}]), actor=ADA)
    delta = reader.refresh()
    assert (set(delta.changed), delta.removed, delta.revision) == ({"b"}, set(), 5)
    flags.set_enabled("b", "dev", actor=ADA)
    assert reader.refresh() == quiet._replace(revision=5, metadata=delta.metadata)


def test_members_come_as_sets_and_only_those_that_changed_are_read() -> None:
    make(members=[Members("user", ["a", "b"], "on"), Members("user", ["c"], "off"), Members("team", ["a"], "on")])
    reader = EnvironmentReader("prod")
    first = reader.refresh()
    lists = [part["and"][1]["in"][1] for part in first.changed["checkout"]["targeting"]["if"][::2]]  # type: ignore[index,call-overload]
    assert len(lists) == 3
    assert all(isinstance(one, Set) for one in lists)
    members.add("checkout", "prod", "user", ["b", "d"], variant="off", actor=ADA)
    assert ids(reader.refresh())["off"] == {"b", "c", "d"}
    members.remove("checkout", "prod", "user", ["c", "d", "b"], actor=ADA)
    assert set(ids(reader.refresh())) == {"on"}
    flags.set_enabled("checkout", "prod", actor=ADA)
    assert ids(reader.refresh())["on"] == {"a"}


def test_what_an_evaluation_holds_is_never_changed_under_it() -> None:
    make(members=[Members("user", ["a"], "on")])
    reader = EnvironmentReader("prod")
    before = reader.refresh().changed["checkout"]
    members.add("checkout", "prod", "user", ["b"], variant="on", actor=ADA)
    members.remove("checkout", "prod", "user", ["a"], actor=ADA)
    reader.refresh()
    old = Engine({"flags": {"checkout": before}})
    assert [old.evaluate("checkout", {"targetingKey": id_}).variant for id_ in "ab"] == ["on", None]


def test_a_key_that_is_given_up_and_taken_again_is_not_gone() -> None:
    old = make(members=[Members("user", ["a"], "on")])
    reader = EnvironmentReader("prod")
    reader.refresh()
    flags.archive("checkout", actor=ADA)
    make(members=[Members("user", ["b"], "off")])
    delta = reader.refresh()
    assert (ids(delta), delta.removed) == ({"off": {"b"}}, set())
    flags.archive("checkout", actor=ADA)
    assert reader.refresh().removed == {"checkout"}
    archiving = changes.page(old.id, "prod", limit=1).items[0]
    changes.restore(old.id, "prod", archiving.id, actor=ADA)
    assert ids(reader.refresh()) == {"on": {"a"}}


def test_a_database_that_was_set_back_is_read_anew() -> None:
    make()
    reader = EnvironmentReader("prod")
    reader.refresh()
    flags.set_enabled("checkout", "prod", actor=ADA)
    reader.refresh()
    with session(), pool.atomic():
        Environment.update(revision=1).where(Environment.key == "prod").execute()
    delta = reader.refresh()
    assert (delta.complete, delta.revision, set(delta.changed)) == (True, 1, {"checkout"})


def test_environments_that_are_not_there_yet() -> None:
    reader = EnvironmentReader("qa")
    with pytest.raises(UnknownEnvironmentError):
        reader.refresh()
    environments.create("qa", actor=ADA)
    assert reader.refresh().complete
