"""The whole flagd document and the list of flags, made from a manifest and its parts for whoever reads no parts.

Neither is ever held: parts are written to a file as they come, a few at a time, and the file is sent to S3.
"""

from __future__ import annotations

from typing import Final

import orjson

from db.aws.large_body import LargeBody, large_body
from db.aws.s3 import ATTEMPTS, Bucket, ObjectChangedError
from db.published import flag_list, overtaking
from db.published.manifest import Manifest, manifest_object
from db.published.objects import definitions_object, flags_object
from db.published.parts import read_parts

PART_SECONDS: Final = 5.0
"""How long S3 may be silent."""


def bring_up_to_date(bucket: Bucket, environment: str) -> Manifest | None:
    """Make document and list of the published manifest, and return it; None where they are of that one already.

    None, too, where there is no manifest, or an older release has published whole documents since. Raises S3Error, and
    ValueError for a manifest or a part that can't be read.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _bring_up_to_date(bucket, environment)
        except ObjectChangedError:
            pass  # another worker, or an older release: what it wrote may be what is to be there
    return _bring_up_to_date(bucket, environment)


def _bring_up_to_date(bucket: Bucket, environment: str) -> Manifest | None:
    # First what is to be replaced, then what it is made from: so what is written is never older than what was there.
    list_there = bucket.look(flags_object(environment))
    there = bucket.look(definitions_object(environment))
    found = bucket.read(manifest_object(environment), etag=overtaking.manifest_etag_of(there))
    if found is None or found.body is None or overtaking.is_overtaken(found, there):
        return None
    manifest = Manifest.from_bytes(found.body)
    bucketing = str(manifest.metadata.get("fractionalBucketing", ""))
    state = overtaking.made_from(found, manifest.revision, bucketing)
    with large_body() as document, large_body() as listed:
        _write(bucket, manifest, document, listed)
        bucket.write(flags_object(environment), listed, over=list_there, state=state)
        # Last, because its state says that both are there.
        bucket.write(definitions_object(environment), document, over=there, state=state)
    return manifest


def _write(bucket: Bucket, manifest: Manifest, document: LargeBody, listed: LargeBody) -> None:
    """Write the bytes that `db.definitions.document.to_bytes` and `summaries.to_bytes` would give."""
    document.add(b'{"flags":{')
    listed.add(b'{"revision":%d,"flags":[' % manifest.revision)
    flags_comma = list_comma = b""
    for _, part in read_parts(bucket, manifest.parts, seconds=PART_SECONDS):
        document.add(flags_comma)
        document.add(memoryview(orjson.dumps(part.flags))[1:-1])
        flags_comma = b","
        for entry in flag_list.entries(part):
            listed.add(list_comma + orjson.dumps(entry))
            list_comma = b","
    document.add(b'},"metadata":%b' % orjson.dumps(manifest.metadata))
    listed.add(b"]}")
    start = b',"$evaluators":{'
    for _, part in read_parts(bucket, manifest.evaluators, seconds=PART_SECONDS):
        document.add(start)
        document.add(memoryview(orjson.dumps(part.evaluators))[1:-1])
        start = b","
    document.add(b"}}" if manifest.evaluators else b"}")
