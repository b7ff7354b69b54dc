"""A developer's way to the database of a stage that is not protected: what `make stage-dev` starts a task of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import policies
import pulumi
import pulumi_aws as aws
from database import PORT
from definitions import DefinitionsBucket
from foundation import Foundation
from function import AwsAccount
from functions import common_environment
from options import Options
from pulumi import ResourceOptions

IMAGE: Final = "public.ecr.aws/docker/library/busybox:stable"
LONGEST_SECONDS: Final = 8 * 3_600
"""A task that nobody stops, because a machine was switched off perhaps, ends by itself."""
CHANNELS: Final = (
    *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
    *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
)
"""What Session Manager's agent in the task needs:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions.
"""


@dataclass(frozen=True)
class ForwardingArgs:
    """What the way needs to know."""

    name: str
    place: AwsAccount
    options: Options
    definitions: DefinitionsBucket
    foundation: Foundation


class Forwarding(pulumi.ComponentResource):
    """A task definition and where to run it. Nothing runs, or costs anything, until somebody starts a task of it."""

    def __init__(self, name: str, args: ForwardingArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Forwarding", name, None, opts)
        child = ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(name, name=args.name, opts=child)
        role = aws.iam.Role(
            name, name=args.name, assume_role_policy=policies.assumed_by("ecs-tasks.amazonaws.com"), opts=child
        )
        # Session Manager's channels know no resources.
        channels = policies.document([policies.allow(CHANNELS, ["*"])])
        aws.iam.RolePolicy(name, name="own", role=role.id, policy=channels, opts=child)
        task = aws.ecs.TaskDefinition(
            name,
            family=args.name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu="256",
            memory="512",
            runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                cpu_architecture="ARM64", operating_system_family="LINUX"
            ),
            task_role_arn=role.arn,
            container_definitions=json.dumps([_container()]),
            opts=child,
        )
        self.output = _output(args, cluster, task)
        """What `make stage-dev` has to know."""
        self.register_outputs({})


def _container() -> dict[str, Any]:
    """Return a container that waits. Its root is writable, because the agent is put into it."""
    return {
        "name": "forwarder",
        "image": IMAGE,
        "command": ["sleep", str(LONGEST_SECONDS)],
        "essential": True,
        "linuxParameters": {"initProcessEnabled": True},
    }


def _output(args: ForwardingArgs, cluster: aws.ecs.Cluster, task: aws.ecs.TaskDefinition) -> dict[str, Any]:
    foundation, database = args.foundation, args.foundation.database
    return {
        "cluster": cluster.name,
        "taskDefinition": task.arn,
        "subnets": list(foundation.public_subnet_ids),
        "securityGroups": [foundation.forwarder_group_id],
        "host": database.endpoint,
        "port": PORT,
        "settings": {
            **common_environment(args.options, args.definitions),
            **database.environment(),
            "AWS_REGION": args.place.region,
        },
    }
