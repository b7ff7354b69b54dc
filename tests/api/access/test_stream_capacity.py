"""Places for streams: enough for all, then shared out by key and address."""

from __future__ import annotations

from api.access.stream_capacity import Holder, StreamCapacity


def test_everyone_gets_a_place_while_there_are_plenty() -> None:
    capacity = StreamCapacity(16)
    assert all(capacity.acquire(Holder("one key", "one address")) for _ in range(12))


def test_then_those_who_hold_many_get_no_more_and_others_do() -> None:
    capacity = StreamCapacity(16)
    for _ in range(12):
        capacity.acquire(Holder("greedy", "10.0.0.1"))
    assert not capacity.acquire(Holder("greedy", "10.0.0.2"))
    assert not capacity.acquire(Holder("modest", "10.0.0.1"))
    assert capacity.acquire(Holder("modest", "10.0.0.2"))
    assert capacity.acquire(Holder("modest", "10.0.0.2"))
    assert not capacity.acquire(Holder("modest", "10.0.0.2"))
    assert capacity.acquire(Holder(None, "10.0.0.3"))


def test_there_is_an_end_to_them() -> None:
    capacity = StreamCapacity(4)
    holders = [Holder(f"key {number}", f"10.0.0.{number}") for number in range(4)]
    assert all(map(capacity.acquire, holders))
    last = Holder("key 5", "10.0.0.5")
    assert not capacity.has_room(last) and not capacity.acquire(last)
    capacity.release(holders[0])
    assert capacity.has_room(last) and capacity.acquire(last)


def test_nothing_is_left_of_those_who_went() -> None:
    capacity = StreamCapacity(4)
    holder = Holder("key", "10.0.0.1")
    for _ in range(100):
        assert capacity.acquire(holder)
        capacity.release(holder)
    assert capacity.taken == 0 and not capacity._by_key and not capacity._by_address
