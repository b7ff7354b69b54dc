"""What client keys are told, and when they are woken."""

from __future__ import annotations

from api.feeds.feed import Feed
from api.feeds.news import Position
from db.definitions.reader import Delta
from flagstaff.engine import Engine


def delta(revision: int, client_revision: int) -> Delta:
    return Delta(revision, {}, set(), {"revision": revision}, False, {}, {}, {}, {}, client_revision)


def test_clients_are_woken_by_what_they_see_and_by_nothing_else() -> None:
    feed, woken = Feed(delta(4, 2)), list[str]()
    feed.subscribe(lambda: woken.append("server"))
    feed.for_clients.subscribe(lambda: woken.append("client"))
    feed.take_in(delta(5, 2))
    feed.pass_moment(1_700_000_000, for_clients=False)
    assert (woken, feed.for_clients.position) == (["server", "server"], Position(2))
    feed.take_in(delta(6, 6))
    feed.pass_moment(1_800_000_000, for_clients=True)
    assert (woken[2:], feed.for_clients.position) == (["server", "client"] * 2, Position(6, 1_800_000_000))
    feed.wake_all()
    assert woken[6:] == ["server", "client"]


def test_clients_are_told_to_ask_again_once() -> None:
    feed = Feed(delta(9, 7)).for_clients
    now, told = feed.since(Position(3), include_definitions=True)
    assert now == Position(7)
    assert told == b'event: message\ndata: {"type":"refetchEvaluation","etag":"\\"7\\""}\nid: 7\n\n'
    assert feed.since(now, include_definitions=True) == (now, b"")


def test_a_selection_of_an_engine_shares_what_is_compiled() -> None:
    flag = {"state": "ENABLED", "variants": {"on": True}, "defaultVariant": "on"}
    engine = Engine(
        {"flags": {"a": flag, "b": {**flag, "metadata": {"clientSide": False}}}, "metadata": {"revision": 3}}
    )
    part = engine.selection(lambda definition: "metadata" not in definition, {"revision": 2})
    assert (part.sorted_keys(), part.boolean_keys(), part.metadata) == (("a",), ("a",), {"revision": 2})
    assert part.evaluate("a") is engine.evaluate("a")
    assert part.evaluate("b").error_code == "FLAG_NOT_FOUND"
    engine.update({}, ["a"])
    assert (engine.sorted_keys(), part.sorted_keys()) == (("b",), ("a",))
