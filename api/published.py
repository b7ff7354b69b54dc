"""Definitions and keys in memory as S3 has them: what evaluates in AWS knows no database.

Between invocations the process is frozen, for hours perhaps. So nothing runs in the background: each invocation first
looks whether what it is about to use was checked lately enough, and if not asks S3 whether it has changed.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import orjson

from api.auth import Keys
from db.published import KEYS_OBJECT, Access, definitions_object
from db.s3 import Bucket, S3Error
from flagstaff.engine import Engine

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_SECONDS: Final = 3.0
"""How long S3 may be silent while there is no copy to answer from."""
REFRESH_SECONDS: Final = 0.3
"""How long S3 may be silent when there is one."""

CHANGES_ALWAYS: Final = ("revision", "version")
"""Metadata of a document that every answer would carry, so that each revision would make all flags anew."""


class Copy(Generic[T]):
    """What was last read of one object, and when it was last known to be current."""

    def __init__(self, bucket: Bucket, name: str, read: Callable[[bytes], T], every: float) -> None:
        self._bucket = bucket
        self._name = name
        self._read = read
        self._every = every
        self._etag: str | None = None
        self._tried_at = -math.inf
        self.current_at = -math.inf
        self.value: T | None = None

    def refresh(self) -> T | None:
        """The value, asked for anew if it was last asked for longer ago than the interval.

        What can't be fetched or read leaves the last good one; None if there has been none.
        """
        now = time.monotonic()
        if self.value is None or now - self._tried_at >= self._every:
            self._tried_at = now  # a failing S3 is asked once in an interval, not by every invocation
            try:
                self._fetch(now)
            except (S3Error, ValueError) as error:
                log.warning("%s is not up to date: %s", self._name, error)
        return self.value

    def _fetch(self, now: float) -> None:
        seconds = FIRST_SECONDS if self.value is None else REFRESH_SECONDS
        found = self._bucket.read(self._name, etag=self._etag, seconds=seconds)
        if found is None:
            raise S3Error("the bucket does not have it")
        if found.body is not None:
            self.value = self._read(found.body)
            self._etag = found.etag
        self.current_at = now


class PublishedDefinitions(Mapping[str, Engine]):
    """The engine of each environment, fetched and revalidated when it is asked for."""

    def __init__(self, bucket: Bucket, every: float) -> None:
        self._bucket = bucket
        self._every = every
        self._names: frozenset[str] = frozenset()
        self._copies: dict[str, Copy[Engine]] = {}

    def know(self, environments: frozenset[str]) -> None:
        """These are the environments that there are."""
        self._names = environments
        for gone in self._copies.keys() - environments:
            del self._copies[gone]

    def __getitem__(self, environment: str) -> Engine:
        if environment not in self._names:
            raise KeyError(environment)
        copy = self._copies.get(environment)
        if copy is None:
            reader = Reader()
            copy = Copy(self._bucket, definitions_object(environment), reader.read, self._every)
            self._copies[environment] = copy
        engine = copy.refresh()
        if engine is None:
            raise KeyError(environment)
        return engine

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, copy in self._copies.items() if copy.value is not None])

    def __len__(self) -> int:
        return sum(copy.value is not None for copy in self._copies.values())

    def ages(self) -> dict[str, float]:
        """Seconds since each environment in memory was last known to be current."""
        now = time.monotonic()
        return {name: now - copy.current_at for name, copy in self._copies.items() if copy.value is not None}


class Reader:
    """Turns a document into an engine, and the next one into changes to that engine."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def read(self, data: bytes) -> Engine:
        """The engine of this document. Raises ValueError for what is no document."""
        document = orjson.loads(data)
        if not isinstance(document, dict) or not isinstance(document.get("flags"), dict):
            raise ValueError("this is no flagd document")
        metadata = {name: value for name, value in document.get("metadata", {}).items() if name not in CHANGES_ALWAYS}
        if self._engine is None:
            self._engine = Engine({**document, "metadata": metadata})
        else:
            self._update(self._engine, document["flags"], metadata)
        return self._engine

    def _update(self, engine: Engine, flags: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        changed = {key: flag for key, flag in flags.items() if flag != engine.definition(key)}
        engine.update(changed, set(engine.keys()) - flags.keys(), dict(metadata))


class Published:
    """Keys and definitions as S3 has them."""

    def __init__(self, bucket: Bucket, every: float) -> None:
        self.keys = Keys()
        self.engines = PublishedDefinitions(bucket, every)
        self._access = Copy(bucket, KEYS_OBJECT, Access.from_bytes, every)
        self._taken: Access | None = None

    def refresh_keys(self) -> None:
        """Bring the keys up to date, and which environments there are. The definitions follow when they are used."""
        access = self._access.refresh()
        if access is not None and access is not self._taken:
            self._taken = access
            self.keys.replace(access.keys)
            self.engines.know(frozenset(access.environments))
