"""Reading the parts of a manifest: a few at a time, so that neither waiting nor memory adds up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

import orjson

from db.aws.s3 import Bucket, S3Error
from db.published.manifest import Part, PartRef, part_object

AT_ONCE: Final = 8
"""Connections that read parts. S3 takes some tens of milliseconds for each, however small it is."""


def read_parts(bucket: Bucket, parts: Sequence[PartRef], *, seconds: float) -> Iterator[tuple[PartRef, Part]]:
    """Give each part with what is in it; `seconds` limits how long S3 may be silent.

    Raises S3Error where one is missing or S3 does not answer, and ValueError where one is not what the manifest says.
    """
    if len(parts) <= 1:
        yield from ((part, _read(bucket, part, seconds)) for part in parts)
        return
    from concurrent.futures import ThreadPoolExecutor  # slow to import, and most processes read one part at a time

    buckets = [bucket.again() for _ in parts[:AT_ONCE]]
    with ExitStack() as stack:
        for each in buckets:
            stack.callback(each.close)
        pool = stack.enter_context(ThreadPoolExecutor(len(buckets)))
        for start in range(0, len(parts), AT_ONCE):
            batch = parts[start : start + AT_ONCE]
            yield from zip(batch, pool.map(_read, buckets, batch, [seconds] * len(batch)), strict=True)


def _read(bucket: Bucket, part: PartRef, seconds: float) -> Part:
    if part.content is not None:
        return part.content
    name = part_object(part.digest)
    found = bucket.read(name, seconds=seconds)
    if found is None or found.body is None:
        raise S3Error(f"the bucket does not have {name}")
    if hashlib.sha256(found.body).hexdigest() != part.digest:
        raise ValueError(f"{name} is not whole")
    return Part.from_json(orjson.loads(found.body))
