"""From what is committed to the parts of an environment: those that an edit touched, or all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from db.aws.s3 import ATTEMPTS, Bucket, ObjectChangedError
from db.definitions import document as definitions
from db.definitions.ranges import EnvironmentState, FlagInEnvironment, committed_state, knows, read_range, touched_keys
from db.published.manifest import Manifest, Part, PartRef, RetiredPart, part_object
from db.publishing.packing import EncodedFlag, Range, packed, part_bytes, to_remake

INLINE: Final = 16 << 10
"""Bytes up to which a part is in the manifest itself: a small environment is one object, read at once."""
KEPT: Final = timedelta(hours=1)
"""How long a part stays after the last manifest that had it: readers want it for seconds, the worker for minutes."""
DELETED_AT_ONCE: Final = 10
"""Parts that one publication deletes at most, since somebody waits for it."""


class PartsWriter:
    """Writes the parts of one environment."""

    def __init__(self, bucket: Bucket, environment: str, before: Manifest | None) -> None:
        self._bucket = bucket
        self._environment = environment
        self._before = before
        self._there = {part.digest for part in before.all_parts if part.digest} if before else set()
        self._evaluators = {part.first: part for part in before.evaluators} if before else {}

    def write_committed(self, *, bucketing: str, everything: bool) -> Manifest:
        """Write the parts that are not there yet, and return the manifest of the committed state.

        Whoever commits takes a revision, so what was read is of one moment if the revision is the same after reading
        it; what was touched meanwhile is read again. Raises S3Error and UnknownEnvironmentError.
        """
        state, before = committed_state(self._environment), self._before
        goes_on = before is not None and before.revision <= state.revision and knows(state, before.history)
        parts: Sequence[PartRef] = before.parts if before else ()
        since = before.revision if before and goes_on and not everything else None
        while since != state.revision:
            parts = self._remade(state, parts, None if since is None else touched_keys(state, since))
            since, state = state.revision, committed_state(self._environment)
        metadata = definitions.metadata(self._environment, state.revision, bucketing)
        evaluators = [self._evaluators[name] for name in sorted({name for part in parts for name in part.evaluators})]
        retired = self._retired({part.digest for part in (*parts, *evaluators)})
        return Manifest(self._environment, state.revision, state.history, metadata, parts, evaluators, retired)

    def _remade(
        self, state: EnvironmentState, parts: Sequence[PartRef], touched: Collection[str] | None
    ) -> list[PartRef]:
        made: list[PartRef] = []
        seen: set[str] = set()
        for part in to_remake(parts, touched):
            if isinstance(part, Range):
                flags = (self._encoded(flag, seen) for flag in read_range(state, part.first, part.until))
                made += map(self._with_flags, packed(flags))
            else:
                made.append(part)
        return made

    def _encoded(self, flag: FlagInEnvironment, seen: set[str]) -> EncodedFlag:
        """Encode a flag, and write the evaluators that it refers to, unless an earlier flag has: whatever changes one
        touches all flags that refer to it.
        """
        for name in flag.evaluators.keys() - seen:
            seen.add(name)
            body = part_bytes(self._environment, evaluators={name: flag.evaluators[name]})
            self._evaluators[name] = self._written(PartRef(name, 0, len(body), ""), body)
        return EncodedFlag.of(flag)

    def _with_flags(self, flags: Sequence[EncodedFlag]) -> PartRef:
        body = part_bytes(self._environment, flags)
        names = sorted({name for flag in flags for name in flag.evaluators})
        return self._written(PartRef(flags[0].key, len(flags), len(body), "", evaluators=names), body)

    def _written(self, part: PartRef, body: bytes) -> PartRef:
        """Return the part with its content, or with the name under which that is in the bucket."""
        if len(body) <= INLINE:
            return replace(part, content=Part.from_json(orjson.loads(body)))
        digest = hashlib.sha256(body).hexdigest()
        if digest not in self._there:
            write_once(self._bucket, part_object(digest), body)
            self._there.add(digest)
        return replace(part, digest=digest)

    def _retired(self, used: set[str]) -> list[RetiredPart]:
        """Return the parts that nobody needs any more, without those that are deleted now.

        They are deleted here and nowhere else: publishers are one at a time, so that none deletes what another is
        about to use again.
        """
        now, before = datetime.now(UTC), self._before
        if before is None:
            return []
        earlier = [part for part in before.retired if part.digest not in used]
        newly = [RetiredPart(digest, now) for digest in sorted(self._there - used)]
        gone = [part for part in earlier if part.since < now - KEPT][:DELETED_AT_ONCE]
        for part in gone:
            self._bucket.delete(part_object(part.digest))
        return [part for part in [*earlier, *newly] if part not in gone]


def write_once(bucket: Bucket, name: str, body: bytes) -> None:
    """Put an object there whose name is its content's, unless it is there. Raises S3Error."""
    for attempt in range(ATTEMPTS):
        try:
            bucket.write(name, body, over=None)
            return
        except ObjectChangedError:
            if bucket.look(name) is not None:
                return
            if attempt == ATTEMPTS - 1:
                raise
