"""What a feed keeps ready for its streams: what many ask for, and no more than there is room for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from api.feeds import events
from api.feeds import feed as feeds
from api.feeds.feed import Feed
from api.feeds.snapshot import Position
from db.definitions.reader import Delta
from db.definitions.summaries import FlagSummary
from db.vocabulary import ValueType


def delta(revision: int, *keys: str) -> Delta:
    """One in which these flags changed at this revision."""
    definitions: dict[str, Any] = {key: {"state": "ENABLED", "variants": {"on": True}} for key in keys}
    summaries = {
        key: FlagSummary(key, key, "x" * 1000, ValueType.BOOLEAN, True, None, frozenset(), 0, revision) for key in keys
    }
    return Delta(revision, definitions, set(), {"revision": revision}, False, summaries, {}, {}, {}, revision)


@pytest.fixture
def feed() -> Feed:
    return Feed(delta(5, *(f"flag-{number}" for number in range(20)))._replace(complete=True))


def kept(feed: Feed) -> int:
    return sum(len(told) for _, told in feed._batches.values())


def test_all_who_ask_for_the_same_get_the_same_bytes(feed: Feed) -> None:
    (_, one), (_, other) = (feed.batch(Position(4), include_definitions=True) for _ in range(2))
    assert one is other and b"flag-19" in one


def test_what_is_kept_has_a_bound_in_bytes(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_BATCHES_BYTES", 50_000)
    answers = {feed.batch(Position(seen), include_definitions=True)[1] for seen in range(5)}
    assert len(answers) == 1 and 20_000 < kept(feed) <= 50_000


def test_an_answer_that_is_too_large_is_given_and_not_kept(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_BATCHES_BYTES", 1_000)
    assert len(feed.batch(Position(0), include_definitions=True)[1]) > 20_000
    assert kept(feed) == 0


def test_answers_of_an_earlier_revision_go(feed: Feed) -> None:
    feed.batch(Position(0), include_definitions=True)
    feed.take_in(delta(6, "flag-1"))
    (now, told) = feed.batch(Position(5), include_definitions=True)
    assert now.revision == 6 and kept(feed) == len(told)


def test_the_latest_answers_are_those_that_are_kept(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_BATCHES_BYTES", 70_000)
    for seen in range(4):
        feed.batch(Position(seen), include_definitions=True)
    assert feed.batch(Position(3), include_definitions=True)[1] is feed.batch(Position(3), include_definitions=True)[1]
    assert feed.batch(Position(0), include_definitions=True)[1] is not None and 20_000 < kept(feed) <= 70_000


def test_nothing_of_an_earlier_revision_is_kept_when_nobody_asks_again(feed: Feed) -> None:
    feed.batch(Position(0), include_definitions=True)
    feed.document()
    feed.take_in(delta(6, "flag-1"))
    assert kept(feed) == 0 and not feed.has_document
    assert feed.document().etag == '"6"' and feed.has_document


def test_what_is_told_at_once_has_a_bound_and_the_rest_is_told_in_outlines(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_BATCH_BYTES", 5_000)
    told = [
        orjson.loads(line[6:])
        for line in feed.batch(Position(0), include_definitions=True)[1].splitlines()
        if line[:6] == b"data: "
    ]
    flags = [event for event in told if "key" in event]
    assert len(flags) == 20
    whole = [event for event in flags if "definition" in event]
    assert 3 <= len(whole) <= 5
    assert all(event["refetch"] is True for event in flags if event not in whole)
