"""Definitions and keys in memory as S3 has them: what evaluates in AWS knows no database.

Between invocations the process is frozen, for hours perhaps. So nothing runs in the background: each invocation first
looks whether what it is about to use was checked lately enough, and if not asks S3 whether it has changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import orjson

from api.access.auth import Keys
from api.errors import not_loaded
from api.feeds.document import Document, etag_of
from api.memory.cached_object import CachedObject, LookedAtObject, Silence
from api.memory.readers import DocumentReader, LoadedDefinitions, ManifestReader
from db.aws.s3 import Bucket, S3Object
from db.published.manifest import manifest_object
from db.published.objects import KEYS_OBJECT, Access, definitions_object, flags_object
from flagstaff.engine import Engine
from flagstaff.targeting import NOTHING_KNOWN, Known

LARGE: Final = 4 << 20
"""Bytes of an environment from which on its document and its list are never sent from here: Lambda hands on 6 MB, of
which base64 leaves 4.5 to what gzip makes of a document that it can't make smaller.
"""


class PublishedFeed:
    """What S3 has of one environment. Each object is fetched and revalidated when it is asked for.

    Everything here raises `RequestError` (503) where there has been no good copy yet.
    """

    def __init__(self, bucket: Bucket, silence: Silence, environment: str, every: float) -> None:
        document, listed = definitions_object(environment), flags_object(environment)
        by_parts, whole = ManifestReader(bucket, environment), DocumentReader()
        self._silence = silence
        self._manifest = CachedObject(bucket, silence, manifest_object(environment), by_parts.read, every)
        self._whole = CachedObject(bucket, silence, document, whole.read, every)
        self._flag_list = CachedObject(bucket, silence, listed, read_flag_list, every)
        self.large_document = LookedAtObject(bucket, silence, document, every)
        """Where the document is, for those to whom it can't be sent from here."""
        self.large_flag_list = LookedAtObject(bucket, silence, listed, every)
        """The same of the list of flags."""

    @property
    def engine(self) -> Engine:
        """What evaluates the definitions."""
        return self._loaded().engine

    @property
    def client_engine(self) -> Engine:
        """What evaluates those that client keys see."""
        return self._loaded().client_engine

    @property
    def etag(self) -> str:
        """The entity tag of the document."""
        return etag_of(self._loaded().revision)

    @property
    def is_large(self) -> bool:
        """Whether the document and the list have to be fetched from S3 itself."""
        return self._loaded().size > LARGE

    @property
    def known(self) -> Known:
        """Nothing: the document does not say what it refers to."""
        return NOTHING_KNOWN

    def document(self) -> Document:
        """Return the whole flagd document."""
        return self._loaded().document

    def flags(self) -> bytes:
        """Return the list of the boolean flags."""
        return self._flag_list.current()

    @property
    def copy(self) -> CachedObject[LoadedDefinitions]:
        """What is in use: the manifest with its parts, or the whole document where there is none that can be read."""
        return self._whole if self._manifest.value is None else self._manifest

    def _loaded(self) -> LoadedDefinitions:
        loaded = self._manifest.refresh(other_copy=self._whole.value is not None)
        if loaded is not None:
            self._whole.forget()
        elif self._whole.value is not None or not self._silence.lasts:
            loaded = self._whole.refresh()
        if loaded is None:
            raise not_loaded()
        return loaded


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
        copies = {name: feed.copy for name, feed in self._feeds.items()}
        return {name: copy for name, copy in copies.items() if copy.value is not None}


class PublishedEngines(Mapping[str, Engine]):
    """An engine of every environment, brought up to date when it is asked for."""

    def __init__(self, feeds: PublishedFeeds, engine_of: Callable[[PublishedFeed], Engine]) -> None:
        self._feeds = feeds
        self._engine_of = engine_of

    def __getitem__(self, environment: str) -> Engine:
        return self._engine_of(self._feeds[environment])

    def __iter__(self) -> Iterator[str]:
        return iter(self._feeds)

    def __len__(self) -> int:
        return len(self._feeds)


def read_flag_list(found: S3Object) -> bytes:
    """Return the list as it is. Raises ValueError for what is none."""
    data = found.body or b""
    match orjson.loads(data):
        case {"flags": list()}:
            return data
    raise ValueError("this is no list of flags")


def read_access(found: S3Object) -> Access:
    """Return the keys. Raises ValueError for what holds none."""
    return Access.from_bytes(found.body or b"")


class Published:
    """Keys and definitions as S3 has them."""

    def __init__(self, bucket: Bucket, every: float) -> None:
        self.keys = Keys()
        silence = Silence()
        self.feeds = PublishedFeeds(bucket, silence, every)
        self.engines = PublishedEngines(self.feeds, lambda feed: feed.engine)
        self.client_engines = PublishedEngines(self.feeds, lambda feed: feed.client_engine)
        self._access = CachedObject(bucket, silence, KEYS_OBJECT, read_access, every)
        self._taken: Access | None = None

    def refresh_keys(self) -> None:
        """Bring the keys up to date, and which environments there are. The definitions follow when they are used."""
        access = self._access.refresh()
        if access is not None and access is not self._taken:
            self._taken = access
            self.keys.replace(access.keys)
            self.feeds.know(access.environments)
