"""The bucket that programs' flags are read from."""

from __future__ import annotations

from dataclasses import dataclass

import policies
import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

OLD_VERSIONS_DAYS = 30


@dataclass(frozen=True)
class DefinitionsArgs:
    """What the bucket needs to know."""

    name: str
    protected: bool
    read_by_pages: bool
    """Whether pages of other origins may call the API, which leads them here where a document is large."""


class DefinitionsBucket(pulumi.ComponentResource):
    """A private, encrypted bucket that keeps old versions for a month, and talks TLS only."""

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
        aws.s3.BucketLifecycleConfiguration(name, bucket=self.bucket.id, rules=[_expiry()], opts=child)
        aws.s3.BucketPolicy(name, bucket=self.bucket.id, policy=policies.document([self._tls_only()]), opts=child)
        if args.read_by_pages:
            aws.s3.BucketCorsConfiguration(name, bucket=self.bucket.id, cors_rules=[_reading_pages()], opts=child)
        self.readable = [self._objects("definitions/*"), self._objects("keys.json")]
        """What evaluating needs to read, as ARNs."""
        self.register_outputs({"bucket": self.bucket.id})

    def reading(self) -> policies.Statement:
        """May read definitions and keys."""
        return policies.allow(["s3:GetObject"], self.readable)

    def writing(self) -> policies.Statement:
        """May publish, which looks at what is there, and deletes what an environment that is gone left."""
        return policies.allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], self.readable)

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
    """Any origin, because a browser that is led elsewhere says `null`; the signed URL is what lets somebody read."""
    return aws.s3.BucketCorsConfigurationCorsRuleArgs(
        allowed_methods=["GET", "HEAD"], allowed_origins=["*"], expose_headers=["ETag"], max_age_seconds=600
    )


def _encryption() -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgs:
    default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="AES256"
    )
    return aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(apply_server_side_encryption_by_default=default)


def _expiry() -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="old-versions",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=OLD_VERSIONS_DAYS
        ),
    )
