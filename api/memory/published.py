"""Definitions and keys in memory as S3 has them: what evaluates in AWS knows no database.

Between invocations the process is frozen, for hours perhaps. So nothing runs in the background: each invocation first
looks whether what it is about to use was checked lately enough, and if not asks S3 whether it has changed.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar

import orjson
from openfeature.exception import ParseError

from api.access.auth import Keys
from api.errors import not_loaded
from api.feeds.document import Document
from db.aws.s3 import Bucket, S3Error
from db.published.objects import KEYS_OBJECT, Access, definitions_object, flags_object
from flagstaff.engine import Engine
from flagstaff.targeting import NOTHING_KNOWN, Known

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_SECONDS: Final = 3.0
"""How long S3 may be silent while there is no copy to answer from."""
REFRESH_SECONDS: Final = 0.3
"""How long S3 may be silent when there is one."""
FIRST_PAUSE_SECONDS: Final = 1.0
"""How long S3 is not asked again at most while there is none: each request would wait for it, and hold a process."""

CHANGES_ALWAYS: Final = ("revision", "version")
"""Metadata of a document that every answer would carry, so that each revision would make all flags anew."""


class Silence:
    """When S3 last gave no answer in time: who has a copy does not wait for it again at once."""

    def __init__(self) -> None:
        self._noticed_at = -math.inf

    def note(self, began: float) -> None:
        """Note a failure, if it was one to answer."""
        now = time.monotonic()
        if now - began >= REFRESH_SECONDS * 0.9:
            self._noticed_at = now

    @property
    def lasts(self) -> bool:
        """Whether it was noticed less than a second ago."""
        return time.monotonic() - self._noticed_at < FIRST_PAUSE_SECONDS


class CachedObject(Generic[T]):
    """What was last read of one object, and when it was last known to be current."""

    def __init__(self, bucket: Bucket, silence: Silence, name: str, read: Callable[[bytes], T], every: float) -> None:
        self._bucket = bucket
        self._silence = silence
        self._name = name
        self._read = read
        self._every = every
        self._tried_at = -math.inf
        self.etag: str | None = None
        """What S3 calls the version that the value was read from."""
        self.current_at = -math.inf
        self._is_failing = False  # whether the last attempt to bring it up to date did
        self.value: T | None = None

    def refresh(self) -> T | None:
        """Return the value, asked for anew if it was last asked for longer ago than the interval.

        What can't be fetched or read leaves the last good one; None if there has been none.
        """
        now = time.monotonic()
        pause = self._every if self.value is not None else min(self._every, FIRST_PAUSE_SECONDS)
        if now - self._tried_at >= pause and not (self.value is not None and self._silence.lasts):
            self._tried_at = now  # a failing S3 is asked once in an interval, not by every invocation
            try:
                self._fetch(now)
                self._is_failing = False
            except (S3Error, ValueError) as error:
                self._is_failing = True
                self._silence.note(now)
                log.warning("%s is not up to date: %s", self._name, error)
        return self.value

    @property
    def lateness(self) -> float:
        """Seconds from when it was current to the last attempt, if that failed: it does not grow while nobody asks."""
        return self._tried_at - self.current_at if self._is_failing else 0.0

    def url(self, method: str) -> str:
        """Return where the object itself can be had by this method, for a minute."""
        return self._bucket.url(self._name, method=method)

    def _fetch(self, now: float) -> None:
        seconds = FIRST_SECONDS if self.value is None else REFRESH_SECONDS
        found = self._bucket.read(self._name, etag=self.etag, seconds=seconds)
        if found is None:
            raise S3Error("the bucket does not have it")
        if found.body is not None:
            self.value = self._read(found.body)
            self.etag = found.etag
        self.current_at = now


class LoadedDefinitions(NamedTuple):
    """One environment's definitions: to evaluate by, and as they are sent."""

    engine: Engine
    document: Document


class PublishedFeed:
    """What S3 has of one environment. Each object is fetched and revalidated when it is asked for.

    Everything here raises `RequestError` (503) where there has been no good copy yet.
    """

    def __init__(self, bucket: Bucket, silence: Silence, environment: str, every: float) -> None:
        definitions, flags = definitions_object(environment), flags_object(environment)
        self.definitions = CachedObject(bucket, silence, definitions, DocumentReader().read, every)
        self.flag_list = CachedObject(bucket, silence, flags, read_flag_list, every)

    @property
    def engine(self) -> Engine:
        """What evaluates the definitions."""
        return current(self.definitions).engine

    @property
    def etag(self) -> str:
        """The entity tag of the document."""
        return current(self.definitions).document.etag

    @property
    def known(self) -> Known:
        """Nothing: the document does not say what it refers to."""
        return NOTHING_KNOWN

    def document(self) -> Document:
        """Return the whole flagd document."""
        return current(self.definitions).document

    def flags(self) -> bytes:
        """Return the list of the boolean flags."""
        return current(self.flag_list)


class PublishedFeeds(Mapping[str, PublishedFeed]):
    """Every environment that there is, whether anything of it has been fetched or not."""

    def __init__(self, bucket: Bucket, silence: Silence, every: float) -> None:
        self._bucket = bucket
        self._silence = silence
        self._every = every
        self._feeds: dict[str, PublishedFeed] = {}

    def know(self, environments: Iterable[str]) -> None:
        """Take note of which environments there are."""
        self._feeds = {
            name: self._feeds.get(name) or PublishedFeed(self._bucket, self._silence, name, self._every)
            for name in environments
        }

    def __getitem__(self, environment: str) -> PublishedFeed:
        return self._feeds[environment]

    def __iter__(self) -> Iterator[str]:
        return iter(self._feeds)

    def __len__(self) -> int:
        return len(self._feeds)

    def ages(self) -> dict[str, float]:
        """Seconds since the definitions of each environment in memory were last known to be current."""
        now = time.monotonic()
        return {name: now - copy.current_at for name, copy in self._copies().items()}

    def lateness(self) -> dict[str, float]:
        """Seconds for which the definitions of each environment in memory could not be brought up to date.

        0 for those that nobody has asked for lately: they are brought up to date when somebody does.
        """
        return {name: copy.lateness for name, copy in self._copies().items()}

    def _copies(self) -> dict[str, CachedObject[LoadedDefinitions]]:
        copies = {name: feed.definitions for name, feed in self._feeds.items()}
        return {name: copy for name, copy in copies.items() if copy.value is not None}


class PublishedEngines(Mapping[str, Engine]):
    """The engine of every environment, brought up to date when it is asked for."""

    def __init__(self, feeds: PublishedFeeds) -> None:
        self._feeds = feeds

    def __getitem__(self, environment: str) -> Engine:
        return self._feeds[environment].engine

    def __iter__(self) -> Iterator[str]:
        return iter(self._feeds)

    def __len__(self) -> int:
        return len(self._feeds)


class DocumentReader:
    """Turns a document into an engine, and the next one into changes to that engine. It keeps the bytes as well."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def read(self, data: bytes) -> LoadedDefinitions:
        """Return the engine and the document. Raises ValueError for what is no document of ours, or of a later release
        whose form this one does not know: the last good copy is kept then.
        """
        try:
            return self._read(data)
        except ParseError as error:
            raise ValueError(error.error_message) from error

    def _read(self, data: bytes) -> LoadedDefinitions:
        document = orjson.loads(data)
        match document:
            case {"flags": dict(flags), "metadata": {"revision": int(revision)} as about}:
                metadata = {name: value for name, value in about.items() if name not in CHANGES_ALWAYS}
            case _:
                raise ValueError("this is no flagd document with a revision")
        if self._engine is None:
            self._engine = Engine({**document, "metadata": metadata})
        else:
            self._update(self._engine, flags, metadata)
        return LoadedDefinitions(self._engine, Document(revision, data))

    def _update(self, engine: Engine, flags: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        changed = {key: flag for key, flag in flags.items() if flag != engine.definition(key)}
        engine.update(changed, set(engine.keys()) - flags.keys(), dict(metadata))


def current(copy: CachedObject[T]) -> T:
    """Return the value, brought up to date. Raises `RequestError` (503) where there has been none yet."""
    value = copy.refresh()
    if value is None:
        raise not_loaded()
    return value


def read_flag_list(data: bytes) -> bytes:
    """Return the list as it is. Raises ValueError for what is none."""
    match orjson.loads(data):
        case {"flags": list()}:
            return data
    raise ValueError("this is no list of flags")


class Published:
    """Keys and definitions as S3 has them."""

    def __init__(self, bucket: Bucket, every: float) -> None:
        self.keys = Keys()
        silence = Silence()
        self.feeds = PublishedFeeds(bucket, silence, every)
        self.engines = PublishedEngines(self.feeds)
        self._access = CachedObject(bucket, silence, KEYS_OBJECT, Access.from_bytes, every)
        self._taken: Access | None = None

    def refresh_keys(self) -> None:
        """Bring the keys up to date, and which environments there are. The definitions follow when they are used."""
        access = self._access.refresh()
        if access is not None and access is not self._taken:
            self._taken = access
            self.keys.replace(access.keys)
            self.feeds.know(access.environments)
