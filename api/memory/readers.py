"""From objects of S3 to an engine, and from later ones to changes of that engine."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from functools import cached_property
from typing import Any, Final

import orjson
from openfeature.exception import ParseError

from api.feeds.document import Document
from api.memory.cached_object import FIRST_SECONDS, REFRESH_SECONDS
from api.memory.client_engine import client_engine
from db.aws.s3 import Bucket, S3Object
from db.published import overtaking
from db.published.manifest import Manifest, Part, PartRef
from db.published.parts import read_parts
from flagstaff.engine import Engine

CHANGES_ALWAYS: Final = ("revision", "version")
"""Metadata of a document that every answer would carry, so that each revision would make all flags anew."""

Flags = Mapping[str, Any]


class LoadedDefinitions:
    """One environment's definitions: to evaluate by, and as they are sent."""

    def __init__(
        self,
        engine: Engine,
        revision: int,
        metadata: Mapping[str, Any],
        evaluators: Mapping[str, Any],
        size: int,
    ) -> None:
        self.engine = engine
        self.revision = revision
        self.size = size
        """Bytes of the document, more or less."""
        self._metadata = metadata
        self._evaluators = evaluators

    @cached_property
    def client_engine(self) -> Engine:
        """What evaluates for client keys; made when one first asks."""
        return client_engine(self.engine)

    @cached_property
    def document(self) -> Document:
        """The document as it is sent; made when it is first asked for, since most processes are never asked."""
        flags = {key: self.engine.definition(key) for key in self.engine.sorted_keys()}
        shared = {"$evaluators": dict(sorted(self._evaluators.items()))} if self._evaluators else {}
        return Document(self.revision, orjson.dumps({"flags": flags, "metadata": self._metadata, **shared}))


class ManifestReader:
    """Reads the parts that it has not read yet. One environment."""

    def __init__(self, bucket: Bucket, environment: str) -> None:
        self._bucket = bucket
        self._environment = environment
        self._engine: Engine | None = None
        self._keys: Mapping[str, frozenset[str]] = {}
        """Of the flags of each part that the engine has, by the part's digest."""
        self._evaluators: Mapping[str, Any] = {}

    def read(self, found: S3Object) -> LoadedDefinitions:
        """Return what a manifest and its parts say. Raises ValueError for what can't be read, or is of a later release
        whose form this one does not know, and S3Error: the last good copy is kept then.
        """
        manifest = Manifest.from_bytes(found.body or b"")
        if self._engine is None:
            overtaking.check(self._bucket, self._environment, found)
        known = {part.digest: self._keys[part.digest] for part in manifest.all_parts if part.digest in self._keys}
        keys, changed = set[str]().union(*known.values()), dict[str, Any]()
        evaluators = {part.first: self._evaluators[part.first] for part in manifest.evaluators if part.digest in known}
        for ref, part in self._unknown(manifest, known):
            # What is the same as before is let go at once: memory has room for the flags once and for what changed.
            changed |= differing(self._engine, part.flags)
            keys |= part.flags.keys()
            evaluators |= part.evaluators
            if ref.digest:
                known[ref.digest] = frozenset(part.flags)
        self._engine = brought_up_to_date(self._engine, changed, keys, manifest.metadata, evaluators)
        self._keys, self._evaluators = known, evaluators
        return LoadedDefinitions(self._engine, manifest.revision, manifest.metadata, evaluators, manifest.size)

    def _unknown(self, manifest: Manifest, known: Collection[str]) -> Iterator[tuple[PartRef, Part]]:
        seconds = FIRST_SECONDS if self._engine is None else REFRESH_SECONDS
        unknown = [part for part in manifest.all_parts if part.digest not in known]
        return read_parts(self._bucket, unknown, seconds=seconds)


class DocumentReader:
    """Reads whole documents, which are there before anything else is, or where the manifest can't be read."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def read(self, found: S3Object) -> LoadedDefinitions:
        """Return what a document says. Raises ValueError as `ManifestReader.read` does."""
        data = found.body or b""
        document = orjson.loads(data)
        match document:
            case {"flags": dict(flags), "metadata": {"revision": int(revision)} as metadata}:
                evaluators = document.get("$evaluators") or {}
            case _:
                raise ValueError("this is no flagd document with a revision")
        changed = differing(self._engine, flags)
        self._engine = brought_up_to_date(self._engine, changed, flags.keys(), metadata, evaluators)
        return LoadedDefinitions(self._engine, revision, metadata, evaluators, len(data))


def differing(engine: Engine | None, flags: Flags) -> Flags:
    """Return the flags that are others than in the engine."""
    return {key: flag for key, flag in flags.items() if engine is None or flag != engine.definition(key)}


def brought_up_to_date(
    engine: Engine | None, changed: Flags, keys: Set[str], metadata: Mapping[str, Any], evaluators: Mapping[str, Any]
) -> Engine:
    """Return the engine with these flags changed and with no others than those of these keys; a new one for None.

    Raises ValueError for metadata or evaluators that can't be read.
    """
    about = {name: value for name, value in metadata.items() if name not in CHANGES_ALWAYS}
    try:
        if engine is None:
            return Engine({"flags": changed, "metadata": about, "$evaluators": evaluators})
        engine.update(changed, set(engine.keys()) - keys, about, evaluators=evaluators)
    except ParseError as error:
        raise ValueError(error.error_message) from error
    return engine
