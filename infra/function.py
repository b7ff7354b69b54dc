"""A Lambda function with its own role and log group."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import packages
import policies
import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

BUILD: Final = packages.ROOT / "build"
ARCHITECTURE: Final = "arm64"
TRACING: Final = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
INTERFACES: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True)
class AwsAccount:
    """What a deployment's ARNs are made of."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class FunctionArgs:
    """What a function needs to know."""

    name: str
    place: AwsAccount
    package: packages.Package
    handler: str
    memory: int
    timeout_seconds: int
    python_version: str
    log_retention_days: int
    tracing: bool
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[policies.Statement]
    """What it may do besides writing its log and its traces."""
    subnet_ids: Sequence[pulumi.Input[str]] = field(default_factory=tuple)
    """None: it is outside the VPC."""
    security_group_ids: Sequence[pulumi.Input[str]] = field(default_factory=tuple)
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)
    """What has to be done before its code is updated."""
    versioned: bool = False
    """Whether each state of it is kept as a version, which aliases lead to."""
    concurrency: int | None = None
    """How many of it may run at once; None leaves that to the cost brake."""


class Function(pulumi.ComponentResource):
    """A function of one of our packages, with a role and a log of its own."""

    def __init__(self, name: str, args: FunctionArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Function", name, None, opts)
        child = ResourceOptions(parent=self)
        self.log_group = aws.cloudwatch.LogGroup(
            name, name=f"/aws/lambda/{args.name}", retention_in_days=args.log_retention_days, opts=child
        )
        role = aws.iam.Role(
            name, name=args.name, assume_role_policy=policies.assumed_by("lambda.amazonaws.com"), opts=child
        )
        policy = aws.iam.RolePolicy(
            name, name="own", role=role.id, policy=policies.document(self._statements(args)), opts=child
        )
        archive, digest = built(args.package, args.python_version)
        self.function = aws.lambda_.Function(
            name,
            name=args.name,
            role=role.arn,
            runtime=f"python{args.python_version}",
            architectures=[ARCHITECTURE],
            handler=args.handler,
            code=pulumi.FileArchive(str(archive)),
            source_code_hash=digest,
            memory_size=args.memory,
            timeout=args.timeout_seconds,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=dict(args.environment)),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active" if args.tracing else "PassThrough"),
            # Without the platform's own three lines for each call, which would cost more than the calls do.
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON",
                application_log_level="INFO",
                system_log_level="WARN",
                log_group=self.log_group.name,
            ),
            vpc_config=_vpc(args),
            publish=args.versioned,
            reserved_concurrent_executions=args.concurrency,
            opts=ResourceOptions(
                parent=self,
                depends_on=[policy, *args.after],
                # What the cost brake has set, no deployment changes.
                ignore_changes=["reservedConcurrentExecutions"] if args.concurrency is None else None,
            ),
        )
        self.digest = digest
        """Another text whenever the package is another."""
        self.name = self.function.name
        self.register_outputs({"name": self.name})

    def _statements(self, args: FunctionArgs) -> list[policies.Statement]:
        own_log = pulumi.Output.concat(self.log_group.arn, ":*")
        statements = [
            policies.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [own_log]),
            *args.statements,
        ]
        if args.tracing:
            statements.append(policies.allow(TRACING, ["*"]))  # X-Ray knows no resources
        if args.subnet_ids:
            # Lambda makes network interfaces with the function's role, before there is any to name. The code
            # itself may not: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
            # A version may be named by its number, too.
            names = [args.place.arn("lambda", f"function:{args.name}{version}") for version in ("", ":*")]
            itself = {"ArnLike": {"lambda:SourceFunctionArn": names}}
            statements.append(policies.allow(INTERFACES, ["*"]))
            statements.append({**policies.allow(INTERFACES, ["*"]), "Effect": "Deny", "Condition": itself})
        return statements


def built(package: packages.Package, python_version: str) -> tuple[Path, str]:
    """Return the package's file, and the hash that Lambda gives for it."""
    target = BUILD / f"{package.name}-{ARCHITECTURE}-{python_version}.zip"
    digest = packages.build(package, ARCHITECTURE, target, python=python_version)
    return target, base64.b64encode(bytes.fromhex(digest)).decode()


def _vpc(args: FunctionArgs) -> aws.lambda_.FunctionVpcConfigArgs | None:
    if not args.subnet_ids:
        return None
    return aws.lambda_.FunctionVpcConfigArgs(
        subnet_ids=list(args.subnet_ids), security_group_ids=list(args.security_group_ids)
    )
