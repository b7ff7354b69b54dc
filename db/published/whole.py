"""The whole flagd document and the list of flags, made from a manifest and its parts for whoever reads no parts.

Neither is ever held: parts are written to a file as they come, a few at a time, and the file is sent to S3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from db.aws.large_body import LargeBody, large_body
from db.aws.s3 import ATTEMPTS, Bucket, ObjectChangedError
from db.published import overtaking
from db.published.manifest import Manifest, Part, manifest_object
from db.published.objects import definitions_object, flags_object
from db.published.parts import read_parts
from flagstaff import targeting

PART_SECONDS: Final = 5.0
"""How long S3 may be silent."""
LISTED: Final = ("on", "user")
"""The list of flags has the entities of this variant and type."""


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
        for entry in _entries(part):
            listed.add(list_comma + orjson.dumps(entry))
            list_comma = b","
    document.add(b'},"metadata":%b}' % orjson.dumps(manifest.metadata))
    listed.add(b"]}")


def _entries(part: Part) -> Iterator[Mapping[str, Any]]:
    """Give what the list says of each flag, as `db.definitions.summaries.to_json` does."""
    for key, said in part.listed.items():
        flag = part.flags[key]
        branches = targeting.read(flag.get("targeting"))
        users = [id_ for branch in branches if (branch.serves, branch.entity_type) == LISTED for id_ in branch.members]
        yield {
            "id": said["id"],
            "key": key,
            "description": said["description"],
            "enabled": flag["state"] == "ENABLED",
            "rollout_percentage": said["rollout_percentage"],
            "targeted_users": users,
        }
