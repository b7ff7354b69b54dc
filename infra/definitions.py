"""The bucket that programs' flags are read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import policies
import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

KEYS: Final = ("keys.json",)
PARTS: Final = ("manifest/*", "parts/*")
"""What publishers write of environments: db/published."""
DOCUMENTS: Final = ("definitions/*",)
"""What the worker makes of them."""
READ: Final = ("s3:GetObject",)
WRITE: Final = ("s3:GetObject", "s3:PutObject")
"""To write over what is there, and over nothing else, one has to be allowed to read it."""
OLD_VERSIONS_DAYS: Final = 30
OLD_DOCUMENTS_DAYS: Final = 1
"""Of whole documents, which an edit of a large environment replaces by tens of megabytes."""


@dataclass(frozen=True)
class DefinitionsArgs:
    """What the bucket needs to know."""

    name: str
    protected: bool
    read_by_pages: bool
    """Whether pages of other origins may call the API, which leads them here where a document is large."""


class DefinitionsBucket(pulumi.ComponentResource):
    """A private, encrypted bucket that keeps old versions for a while, and talks TLS only."""

    def __init__(self, name: str, args: DefinitionsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Definitions", name, None, opts)
        child = ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket(
            name,
            bucket_prefix=f"{args.name}-",  # names of buckets are the world's, so AWS adds to it
            force_destroy=not args.protected,
            opts=ResourceOptions(parent=self, protect=args.protected),
        )
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=self.bucket.id, rules=[_encryption()], opts=child)
        aws.s3.BucketVersioning(
            name,
            bucket=self.bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(name, bucket=self.bucket.id, rules=_expiry(), opts=child)
        aws.s3.BucketPolicy(name, bucket=self.bucket.id, policy=policies.document([self._tls_only()]), opts=child)
        if args.read_by_pages:
            aws.s3.BucketCorsConfiguration(name, bucket=self.bucket.id, cors_rules=[_reading_pages()], opts=child)
        self.register_outputs({"bucket": self.bucket.id})

    def reading(self) -> Sequence[policies.Statement]:
        """May read whatever is published."""
        return [self._allow(READ, *KEYS, *PARTS, *DOCUMENTS)]

    def reading_keys(self) -> Sequence[policies.Statement]:
        """May read who may do what, and which environments there are."""
        return [self._allow(READ, *KEYS)]

    def publishing(self) -> Sequence[policies.Statement]:
        """May publish, and delete what nobody needs any more: parts, and all that an environment that is gone left."""
        return [
            self._allow(WRITE, *KEYS, *PARTS),
            self._allow(["s3:DeleteObject"], *PARTS, *DOCUMENTS),
        ]

    def making_documents(self) -> Sequence[policies.Statement]:
        """May read what is published, and write whole documents."""
        return [*self.reading(), self._allow(["s3:PutObject"], *DOCUMENTS)]

    def _allow(self, actions: Sequence[str], *patterns: str) -> policies.Statement:
        return policies.allow(actions, [self._objects(pattern) for pattern in patterns])

    def _objects(self, pattern: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.bucket.arn, "/", pattern)

    def _tls_only(self) -> policies.Statement:
        return {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:*"],
            "Resource": [self.bucket.arn, self._objects("*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }


def _reading_pages() -> aws.s3.BucketCorsConfigurationCorsRuleArgs:
    """Any origin, because a browser that is led elsewhere says `null`; the signed URL is what lets somebody read.

    Any header, because the browser sends those of the first request again, the one with the key too.
    """
    return aws.s3.BucketCorsConfigurationCorsRuleArgs(
        allowed_methods=["GET", "HEAD"],
        allowed_origins=["*"],
        allowed_headers=["*"],
        expose_headers=["ETag"],
        max_age_seconds=600,
    )


def _encryption() -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgs:
    default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="AES256"
    )
    return aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(apply_server_side_encryption_by_default=default)


def _expiry() -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    """Where both rules hold, the shorter time does:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html
    """
    # The marks of objects that are deleted go with their last version.
    gone = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True)
    return [
        _old_versions("old-versions", "", OLD_VERSIONS_DAYS, gone),
        _old_versions("old-documents", DOCUMENTS[0].rstrip("*"), OLD_DOCUMENTS_DAYS),
    ]


def _old_versions(
    name: str, prefix: str, days: int, expiration: aws.s3.BucketLifecycleConfigurationRuleExpirationArgs | None = None
) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=name,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=days
        ),
        expiration=expiration,
    )
