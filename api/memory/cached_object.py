"""An object of S3 in memory, which is asked for again when somebody uses it and it was asked for long enough ago."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from api.errors import not_loaded
from db.aws.s3 import Bucket, S3Error, S3Object

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_SECONDS: Final = 3.0
"""How long S3 may be silent while there is no copy to answer from."""
REFRESH_SECONDS: Final = 0.3
"""How long S3 may be silent when there is one."""
FIRST_PAUSE_SECONDS: Final = 1.0
"""How long S3 is not asked again at most while there is none: each request would wait for it, and hold a process."""


class NotThereError(S3Error):
    """S3 has no such object."""


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

    def __init__(
        self, bucket: Bucket, silence: Silence, name: str, read: Callable[[S3Object], T], every: float
    ) -> None:
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

    def refresh(self, *, other_copy: bool = False) -> T | None:
        """Return the value, asked for anew if it was last asked for longer ago than the interval.

        What can't be fetched or read leaves the last good one; None if there has been none. With `other_copy` there is
        something else to answer from meanwhile, so that nobody has to wait long.
        """
        now, has_copy = time.monotonic(), other_copy or self.value is not None
        pause = self._every if has_copy else min(self._every, FIRST_PAUSE_SECONDS)
        if now - self._tried_at >= pause and not (has_copy and self._silence.lasts):
            self._tried_at = now  # a failing S3 is asked once in an interval, not by every invocation
            try:
                self._fetch(now, REFRESH_SECONDS if has_copy else FIRST_SECONDS)
                self._is_failing = False
            except (S3Error, ValueError) as error:
                self._is_failing = True
                if not isinstance(error, NotThereError | ValueError):
                    self._silence.note(now)
                log.warning("%s is not up to date: %s", self._name, error)
        return self.value

    @property
    def lateness(self) -> float:
        """Seconds from when it was current to the last attempt, if that failed: it does not grow while nobody asks."""
        return self._tried_at - self.current_at if self._is_failing else 0.0

    def current(self) -> T:
        """Return the value, brought up to date. Raises `RequestError` (503) where there has been none yet."""
        value = self.refresh()
        if value is None:
            raise not_loaded()
        return value

    def forget(self) -> None:
        """Give back the memory; it is read anew when somebody asks for it."""
        self.value = self.etag = None

    def _fetch(self, now: float, seconds: float) -> None:
        found = self._ask(seconds)
        if found is None:
            raise NotThereError("the bucket does not have it")
        if found.etag != self.etag:
            self.value = self._read(found)
            self.etag = found.etag
        self.current_at = now

    def _ask(self, seconds: float) -> S3Object | None:
        return self._bucket.read(self._name, etag=self.etag, seconds=seconds)


class LookedAtObject(CachedObject[S3Object]):
    """What S3 says of an object that this process does not read."""

    def __init__(self, bucket: Bucket, silence: Silence, name: str, every: float) -> None:
        super().__init__(bucket, silence, name, lambda found: found, every)

    def url(self, method: str) -> str:
        """Return where the object itself can be had by this method, for a minute."""
        return self._bucket.url(self._name, method=method)

    def _ask(self, seconds: float) -> S3Object | None:
        return self._bucket.look(self._name, seconds=seconds)
