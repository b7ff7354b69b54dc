"""The Interval process: the pages on which people edit flags. It dials out, and nobody can dial in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import packages
import policies
import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build
from function import AwsAccount
from options import Options
from pulumi import ResourceOptions

PLATFORM = docker_build.Platform.LINUX_ARM64
CPU, MEMORY = "256", "512"
"""The smallest task that Fargate has."""
KEPT_IMAGES = 30
"""About ten deployments: an index, the image it names and what buildx attests of it count one each."""
KEEP_NEWEST = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
            "action": {"type": "expire"},
        }
    ]
}


def interval_environment(options: Options) -> dict[str, pulumi.Input[str]]:
    """Return the settings that only this process has; its key is a secret of its own."""
    settings = {
        "INTERVAL_SERVER_ENDPOINT": options.interval_server_endpoint,
        "INTERVAL_PROTECTED_ROLES": options.interval_protected_roles,
        "INTERVAL_PROTECTED_TEAMS": options.interval_protected_teams,
    }
    return {name: value for name, value in settings.items() if value is not None}


@dataclass(frozen=True)
class IntervalArgs:
    """What the process needs to know."""

    name: str
    place: AwsAccount
    api_key: pulumi.Input[str]
    protected: bool
    knows_server: bool
    """Whether the process can start: without its server it ends at once."""
    log_retention_days: int
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[policies.Statement]
    """What the process may do."""
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_ids: Sequence[pulumi.Input[str]]
    cluster_arn: str | None = None
    """Of the cluster that the task runs in; None: one of its own."""


class Interval(pulumi.ComponentResource):
    """One task on Fargate, with a public address because a NAT gateway would cost ten times as much."""

    def __init__(self, name: str, args: IntervalArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Interval", name, None, opts)
        self._child = ResourceOptions(parent=self)
        self._label = name
        repository = aws.ecr.Repository(
            name,
            name=args.name,
            image_tag_mutability="MUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="AES256")],
            force_delete=True,  # what is in it is built anew by a deployment
            opts=self._child,
        )
        aws.ecr.LifecyclePolicy(name, repository=repository.name, policy=json.dumps(KEEP_NEWEST), opts=self._child)
        image = self._image(repository)
        secret = aws.secretsmanager.Secret(
            name,
            name_prefix=f"{args.name}-key-",
            recovery_window_in_days=7 if args.protected else 0,
            opts=self._child,
        )
        key = aws.secretsmanager.SecretVersion(name, secret_id=secret.id, secret_string=args.api_key, opts=self._child)
        self.log_group = aws.cloudwatch.LogGroup(
            name, name=f"/flagstaff/{args.name}", retention_in_days=args.log_retention_days, opts=self._child
        )
        task = self._task(args, image, repository, key)
        self.dimensions = self._service(args, task)
        """What CloudWatch tells the service by."""
        self.register_outputs({})

    def _image(self, repository: aws.ecr.Repository) -> docker_build.Image:
        token = aws.ecr.get_authorization_token_output()
        registry = docker_build.RegistryArgs(
            address=repository.repository_url,
            username=token.user_name,
            password=pulumi.Output.secret(token.password),
        )
        return docker_build.Image(
            self._label,
            context=docker_build.BuildContextArgs(location=str(packages.ROOT)),
            dockerfile=docker_build.DockerfileArgs(location=str(packages.ROOT / "Dockerfile")),
            platforms=[PLATFORM],
            tags=[pulumi.Output.concat(repository.repository_url, ":latest")],
            push=True,
            registries=[registry],
            opts=self._child,
        )

    def _task(
        self,
        args: IntervalArgs,
        image: docker_build.Image,
        repository: aws.ecr.Repository,
        key: aws.secretsmanager.SecretVersion,
    ) -> aws.ecs.TaskDefinition:
        log = pulumi.Output.concat(self.log_group.arn, ":*")
        starting = [
            policies.allow(["ecr:GetAuthorizationToken"], ["*"]),  # it knows no resources
            policies.allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], [repository.arn]),
            policies.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log]),
            policies.allow(["secretsmanager:GetSecretValue"], [key.secret_id]),
        ]
        return aws.ecs.TaskDefinition(
            self._label,
            family=args.name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=CPU,
            memory=MEMORY,
            runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                cpu_architecture="ARM64", operating_system_family="LINUX"
            ),
            execution_role_arn=self._role("starting", args.name, starting).arn,
            task_role_arn=self._role("running", args.name, args.statements).arn,
            container_definitions=pulumi.Output.json_dumps([self._container(args, image, key)]),
            opts=self._child,
        )

    def _container(
        self, args: IntervalArgs, image: docker_build.Image, key: aws.secretsmanager.SecretVersion
    ) -> dict[str, Any]:
        environment = {**args.environment, "AWS_REGION": args.place.region}
        return {
            "name": "interval",
            "image": image.ref,
            "command": ["python", "-m", "interval_app"],
            "essential": True,
            "readonlyRootFilesystem": True,
            "user": "10001:10001",
            "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
            "environment": [{"name": name, "value": environment[name]} for name in sorted(environment)],
            # By its version, so that another key makes another task definition, and the task is started anew.
            "secrets": [
                {"name": "INTERVAL_API_KEY", "valueFrom": pulumi.Output.concat(key.secret_id, ":::", key.version_id)}
            ],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.log_group.name,
                    "awslogs-region": args.place.region,
                    "awslogs-stream-prefix": "interval",
                },
            },
        }

    def _role(self, part: str, name: str, statements: Sequence[policies.Statement]) -> aws.iam.Role:
        role = aws.iam.Role(
            f"{self._label}-{part}",
            name=f"{name}-{part}",
            assume_role_policy=policies.assumed_by("ecs-tasks.amazonaws.com"),
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{self._label}-{part}",
            name="own",
            role=role.id,
            policy=policies.document(statements),
            opts=self._child,
        )
        return role

    def _cluster(self, name: str) -> aws.ecs.ClusterCapacityProviders:
        """Make a cluster, and say what tasks may run on."""
        self.cluster = aws.ecs.Cluster(self._label, name=name, opts=self._child)
        return aws.ecs.ClusterCapacityProviders(
            # Both, because AWS takes none away that a running task uses.
            self._label,
            cluster_name=self.cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            opts=self._child,
        )

    def _service(self, args: IntervalArgs, task: aws.ecs.TaskDefinition) -> dict[str, pulumi.Input[str]]:
        capacity = "FARGATE" if args.protected else "FARGATE_SPOT"
        providers = [] if args.cluster_arn else [self._cluster(args.name)]
        service = aws.ecs.Service(
            self._label,
            name=args.name,
            cluster=args.cluster_arn or self.cluster.arn,
            task_definition=task.arn,
            desired_count=1,
            # Two of them would each hold a socket open for the same actions, so the old one goes first.
            deployment_minimum_healthy_percent=0,
            deployment_maximum_percent=100,
            # A task that can't start is not started for ever: the one before comes back.
            deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            wait_for_steady_state=args.knows_server,
            capacity_provider_strategies=[
                aws.ecs.ServiceCapacityProviderStrategyArgs(capacity_provider=capacity, weight=1)
            ],
            network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
                subnets=list(args.subnet_ids),
                security_groups=list(args.security_group_ids),
                assign_public_ip=True,
            ),
            propagate_tags="SERVICE",
            opts=ResourceOptions(parent=self, depends_on=providers),
        )
        cluster = args.cluster_arn.rpartition("/")[2] if args.cluster_arn else self.cluster.name
        return {"ClusterName": cluster, "ServiceName": service.name}
