"""Sets that change a little, however large they are."""

from __future__ import annotations

import random
import time
from collections.abc import Set

import pytest

from db.definitions import id_sets
from db.definitions.id_sets import EntityIds, changed


@pytest.mark.parametrize("small", [0, 10, 10_000])
def test_any_number_of_changes_gives_the_same_set_as_plain_ones(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_sets, "SMALL", small)
    chance = random.Random(1)
    ids: Set[str] = frozenset(map(str, range(300)))
    plain = set(ids)
    for _ in range(400):
        added = {str(chance.randrange(400)) for _ in range(chance.randrange(5))}
        removed = {str(chance.randrange(400)) for _ in range(chance.randrange(5))} - added
        ids = changed(ids, added=added, removed=removed)
        plain = (plain | added) - removed
        assert ids == plain
        assert sorted(ids) == sorted(plain)
        assert len(ids) == len(plain)
        assert all((str(number) in ids) == (str(number) in plain) for number in range(0, 400, 7))
    assert 5 not in ids


def test_the_set_before_a_change_stays_as_it_was() -> None:
    before = changed(frozenset(map(str, range(60_000))), added=["x"], removed=["0"])
    after = changed(before, added=["0", "y"], removed=["x"])
    assert isinstance(before, EntityIds)
    assert ("x" in before, "0" in before, "y" in before) == (True, False, False)
    assert ("x" in after, "0" in after, "y" in after) == (False, True, True)


def test_ten_of_a_million_take_no_time_of_note() -> None:
    million: Set[str] = frozenset(map(str, range(1_000_000)))
    started = time.perf_counter()
    for number in range(100):
        million = changed(million, added=[f"new-{number}-{part}" for part in range(10)], removed=[str(number)])
    # Making a set of a million anew takes some 30 ms, so a hundred of them 3 s.
    assert time.perf_counter() - started < 1
    assert len(million) == 1_000_900


def test_a_change_that_has_grown_is_folded_in() -> None:
    ids: Set[str] = frozenset(map(str, range(60_000)))
    ids = changed(ids, added=[f"new-{number}" for number in range(4_000)], removed=[])
    assert isinstance(ids, frozenset)
    assert len(ids) == 64_000
