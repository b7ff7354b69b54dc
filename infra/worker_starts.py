"""What starts the worker function: S3, when a manifest is replaced, and a clock for what that missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
from definitions import DefinitionsBucket
from function import AwsAccount, Function
from pulumi import ResourceOptions

MANIFESTS: Final = "manifest/"
EVERY: Final = "rate(1 minute)"


@dataclass(frozen=True)
class WorkerStartsArgs:
    """Who starts whom."""

    name: str
    place: AwsAccount
    worker: Function
    definitions: DefinitionsBucket


class WorkerStarts(pulumi.ComponentResource):
    """Lets the bucket and a schedule of the stage, and nobody else's, start the worker."""

    def __init__(self, name: str, args: WorkerStartsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:WorkerStarts", name, None, opts)
        self._args = args
        self._child = ResourceOptions(parent=self)
        self._notify(name)
        self._tick(name)
        self.register_outputs({})

    def _notify(self, name: str) -> None:
        bucket, worker = self._args.definitions.bucket, self._args.worker
        # The name of a bucket that is gone is anybody's, hence the account.
        allowed = self._allow(f"{name}-bucket", "s3", bucket.arn, source_account=self._args.place.account)
        aws.s3.BucketNotification(
            name,
            bucket=bucket.id,
            lambda_functions=[
                aws.s3.BucketNotificationLambdaFunctionArgs(
                    lambda_function_arn=worker.function.arn, events=["s3:ObjectCreated:*"], filter_prefix=MANIFESTS
                )
            ],
            # S3 asks the function at once whether it may.
            opts=ResourceOptions(parent=self, depends_on=[allowed]),
        )

    def _tick(self, name: str) -> None:
        rule = aws.cloudwatch.EventRule(
            name,
            name=f"{self._args.name}-worker",
            description="Makes the documents that a notification of S3 missed",
            schedule_expression=EVERY,
            opts=self._child,
        )
        allowed = self._allow(f"{name}-schedule", "events", rule.arn)
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            arn=self._args.worker.function.arn,
            opts=ResourceOptions(parent=self, depends_on=[allowed]),
        )

    def _allow(
        self, name: str, service: str, source_arn: pulumi.Input[str], **more: pulumi.Input[str]
    ) -> aws.lambda_.Permission:
        return aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=self._args.worker.name,
            principal=f"{service}.amazonaws.com",
            source_arn=source_arn,
            **more,
            opts=self._child,
        )
