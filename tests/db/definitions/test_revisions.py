"""Many who write, many who read: no reader misses a change, and no write is lost."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from db.administration import environments, keys
from db.configuration.edits import NewFlag
from db.database import rows, session
from db.definitions import document as definitions
from db.definitions.reader import EnvironmentReader
from db.errors import FlagKeyTakenError, FlagstaffError, VersionConflictError
from db.flags import flags, members, promotion
from db.history import changes
from db.views import FlagView
from tests.db.helpers import ADA, BOB, edit, make, revisions

pytestmark = pytest.mark.usefixtures("database")

WRITERS = 10
WRITES = 25
KEYS = ["a", "b", "c", "d"]


class Follower:
    """What a process that follows an environment has in memory."""

    def __init__(self, environment: str) -> None:
        self.reader = EnvironmentReader(environment)
        self.flags: dict[str, Any] = {}
        self.revisions = [-1]

    def look(self) -> None:
        """Take in what changed since the last look."""
        delta = self.reader.refresh()
        if delta.complete:
            self.flags.clear()
        self.flags.update(delta.changed)
        for key in delta.removed:
            self.flags.pop(key, None)
        assert delta.revision >= self.revisions[-1], "a reader went back"
        self.revisions.append(delta.revision)

    def document(self) -> bytes:
        return definitions.to_bytes({"flags": self.flags, "metadata": self.reader.refresh().metadata})


@contextmanager
def following(*followers: Follower) -> Iterator[None]:
    """Followers that look again and again, each in a thread of its own, while the block runs."""
    done = threading.Event()

    def follow(follower: Follower) -> None:
        while not done.is_set():
            follower.look()
        follower.look()

    with ThreadPoolExecutor(len(followers)) as pool:
        looking = [pool.submit(follow, follower) for follower in followers]
        try:
            yield
        finally:
            done.set()
        for look in looking:
            look.result()


def some_write(chance: random.Random) -> None:
    """Any of the writes there are; some are refused, as the flag is archived or its key taken just then."""
    key, environment = chance.choice(KEYS), chance.choice(["dev", "prod"])
    ids = [f"user-{chance.randrange(40)}"]
    writes: list[Callable[[], object]] = [
        lambda: flags.create(NewFlag(key), environment, actor=ADA),
        lambda: flags.set_enabled(key, environment, actor=ADA),
        lambda: flags.update(key, environment, edit(description=str(chance.random())), actor=ADA),
        lambda: flags.update(key, environment, edit(rollout=[{"variant": "on", "weight": 100}]), actor=ADA),
        lambda: members.add(key, environment, "user", ids, variant=chance.choice(["on", "off"]), actor=ADA),
        lambda: members.remove(key, environment, "user", ids, actor=ADA),
        lambda: promotion.promote(key, "dev", "prod", actor=ADA),
        lambda: promotion.promote(key, "prod", "dev", actor=ADA),
        lambda: flags.disable_everywhere(key, actor=ADA),
        lambda: flags.archive(key, actor=ADA),
        lambda: keys.create("ci", "server", environment=environment, actor=ADA),
        lambda: _restore_something(chance, environment),
    ]
    weights = [4, 3, 2, 2, 6, 3, 1, 1, 1, 1, 1, 2]
    with suppress(FlagstaffError):
        chance.choices(writes, weights)[0]()


def _restore_something(chance: random.Random, environment: str) -> None:
    logged = [change for change in changes.page(environment=environment, limit=20).items if change.flag_id]
    if not logged:
        return
    change = chance.choice(logged)
    changes.restore(str(change.flag_id), environment, change.id, actor=BOB)


def test_no_reader_ever_misses_a_change() -> None:
    followers = [Follower(environment) for environment in ("dev", "dev", "prod", "prod", "staging")]
    with following(*followers), ThreadPoolExecutor(WRITERS) as pool:

        def write(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(WRITES):
                some_write(chance)

        list(pool.map(write, range(WRITERS)))
    assert min(revisions()["dev"], revisions()["prod"]) > WRITERS, "too few of the writes were any"
    for follower in followers:
        environment = follower.reader.environment
        assert follower.document() == definitions.to_bytes(definitions.document(environment))
        assert follower.reader.revision == revisions()[environment]


def test_revisions_have_no_gaps_and_the_log_is_in_their_order() -> None:
    make("a", "dev")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: flags.set_enabled("a", "dev", actor=ADA), range(80)))
    logged = [change.revision for change in changes.page(environment="dev", limit=200).items]
    assert logged == list(range(81, 0, -1))
    assert flags.get("a", "dev").version == 81


def test_a_commit_is_seen_whole_or_not_at_all() -> None:
    make("a", "prod", rollout=[{"variant": "on", "weight": 100}])
    follower = Follower("prod")
    torn: list[Any] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            follower.look()
            targeting = follower.flags["a"]["targeting"]["if"]
            ids = next((part["and"][1]["in"][1] for part in targeting if isinstance(part, dict) and "and" in part), ())
            if len(ids) % 50:
                torn.append(len(ids))

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(12):
        ids = [f"{number}-{part}" for part in range(50)]
        members.add("a", "prod", "user", ids, variant="on", actor=ADA)
        if number % 3 == 2:
            members.remove("a", "prod", "user", ids, actor=ADA)
    stop.set()
    thread.join()
    assert torn == []


def test_of_those_who_create_the_same_flag_exactly_one_wins() -> None:
    barrier = threading.Barrier(8)

    def create(number: int) -> FlagView | FlagKeyTakenError:
        barrier.wait()
        try:
            return make("same", ["dev", "staging", "prod"][number % 3])
        except FlagKeyTakenError as refused:
            return refused

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(create, range(8)))
    assert sum(isinstance(result, FlagView) for result in results) == 1
    assert changes.page("same").total == 3


def test_of_those_who_edit_the_same_version_exactly_one_wins() -> None:
    seen = make("a")
    barrier = threading.Barrier(8)

    def write(number: int) -> str:
        barrier.wait()
        asked = edit(description=f"by {number}")
        try:
            return flags.update("a", "prod", asked, actor=ADA, version=seen.version).description
        except VersionConflictError:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(write, range(8)))
    assert results.count("refused") == 7
    assert flags.get("a", "prod").description in results


def test_a_flag_and_an_environment_made_at_the_same_time_know_each_other() -> None:
    def make_flags() -> None:
        for number in range(10):
            make(f"flag-{number}")

    def make_environments() -> None:
        for number in range(5):
            environments.create(f"env-{number}", actor=BOB)

    with ThreadPoolExecutor(2) as pool:
        for done in (pool.submit(make_flags), pool.submit(make_environments)):
            done.result()
    with session():
        ((configurations,),) = rows("SELECT count(*) FROM configuration")
    assert configurations == 10 * 8
