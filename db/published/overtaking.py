"""Releases before this one publish whole documents and know no manifest: which of both is the later?

While a stage is upgraded or rolled back, processes of both publish. Whoever publishes a manifest does so for good; what
an older release publishes afterwards counts until the next manifest.
"""

from __future__ import annotations

from db.aws.s3 import Bucket, S3Object
from db.published.objects import definitions_object


def made_from(manifest: S3Object, revision: int, bucketing: str) -> str:
    """Return the state of a whole document that is made from this manifest."""
    return f"{revision} {bucketing} {manifest.etag}"


def manifest_etag_of(document: S3Object | None) -> str | None:
    """Return the entity tag of the manifest that a whole document was made from; None where an older release wrote
    it.
    """
    words = document.state.split() if document else []
    return words[2] if len(words) == 3 else None


def is_overtaken(manifest: S3Object, document: S3Object | None) -> bool:
    """Tell whether an older release has published the document after the manifest."""
    if document is None or manifest_etag_of(document) is not None:
        return False
    return _order(document) > _order(manifest)


def check(bucket: Bucket, environment: str, manifest: S3Object) -> None:
    """Raise ValueError where the manifest is overtaken, and S3Error where S3 does not say."""
    if is_overtaken(manifest, bucket.look(definitions_object(environment))):
        raise ValueError("an older release has published since")


def _order(found: S3Object) -> tuple[float, int]:
    """Return when something was published: to the second, and within it by revision."""
    revision = found.state.partition(" ")[0]
    at = found.written_at.timestamp() if found.written_at else 0.0
    return at, int(revision) if revision.isdigit() else 0
