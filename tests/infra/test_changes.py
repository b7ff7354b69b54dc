"""What a deployment does to a stage that is there: Terraform's AWS provider, of which Pulumi's is made, over moto.

It takes a quarter of an hour, so `make changes` runs it and `make test` does not.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.conftest import Moto
from tests.infra.terraform.deployment import Deployment, TerraformError, begun

OPTIONS = {
    "intervalApiKey": "live_first",
    "intervalServerEndpoint": "wss://interval.example.com/websocket",
    "alarmEmail": "ops@example.com",
}
"""Of the stage that is there: `prod`, so protected, with everything that an option can add but a domain."""

NEW_VERSIONS = {
    "aws_lambda_invocation.publication": "replace",
    "aws_lambda_invocation.check": "replace",
    "aws_lambda_alias.evaluation": "update",
}
"""What follows from a new version of the evaluation function: Lambda is asked anew, then requests reach it."""

CHANGES: list[tuple[dict[str, str], dict[str, str]]] = [
    (
        {"release": "2"},
        {
            **{
                f"aws_lambda_function.{part}": "update"
                for part in ("evaluation", "admin", "migration", "control", "worker")
            },
            "aws_lambda_invocation.migrations": "replace",
            "aws_lambda_alias.admin": "update",
            **NEW_VERSIONS,
        },
    ),
    ({"evaluationMemory": "1024"}, {"aws_lambda_function.evaluation": "update", **NEW_VERSIONS}),
    (
        {"intervalApiKey": "live_second"},
        {
            "aws_secretsmanager_secret_version.interval": "replace",
            "aws_ecs_task_definition.interval": "replace",
            "aws_ecs_service.interval": "update",
        },
    ),
    (
        {"postgresVersion": "17"},
        {"aws_rds_cluster.database": "update", "aws_rds_cluster_parameter_group.database": "replace"},
    ),
    (
        {"protected": "false"},
        {
            "aws_rds_cluster.database": "update",
            "aws_s3_bucket.definitions": "update",
            "aws_secretsmanager_secret.interval": "update",
        },
    ),
    (
        {"availabilityZones": "eu-central-1a,eu-central-1b,eu-central-1c"},
        {
            **{f"aws_subnet.network_{kind}_c": "create" for kind in ("private", "public")},
            "aws_db_subnet_group.database": "update",
            "aws_lambda_function.admin": "update",
        },
    ),
    (
        {"evaluationMemory": "512", "staleMinutes": "20", "alarmRequestsPerHour": "1000000", "dashboard": "false"},
        {
            "aws_cloudwatch_metric_alarm.stale_definitions": "update",
            "aws_cloudwatch_metric_alarm.requests": "update",
            "aws_cloudwatch_dashboard.observability": "delete",
        },
    ),
    (
        {"alarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:on-call"},
        {
            f"aws_cloudwatch_metric_alarm.{one}": "update"
            for one in ("_5xx", "memory", "interval_task", "worker_errors")
        },
    ),
    (
        {"tags": "team=web"},
        {f"aws_{one}": "update" for one in ("vpc.network", "rds_cluster.database", "lambda_function.evaluation")},
    ),
    (
        {"corsOrigins": "https://app.example.com", "requestsPerSecond": "50", "logRetentionDays": "7"},
        {
            "aws_apigatewayv2_api.gateway": "update",
            "aws_apigatewayv2_stage.gateway": "update",
            **{f"aws_cloudwatch_log_group.{one}": "update" for one in ("evaluation", "admin", "gateway", "interval")},
        },
    ),
]
"""Options, and what a plan must do because of them, to these resources at least."""

REFUSED = [
    {"postgresVersion": "15"},
    {"minimumCapacity": "4"},
    {"customDomain": "flags.example.com"},
    {"vpcCidr": "8.8.0.0/16"},
    {"minimumCapacty": "1"},
]
"""What the program refuses before anything is planned."""

IN_USE = (
    *("aws_rds_cluster.", "aws_rds_cluster_instance.", "aws_s3_bucket.", "aws_lambda_function.", "aws_ecs_service."),
    *("aws_apigatewayv2_", "aws_vpc.", "aws_subnet.", "aws_security_group.", "aws_secretsmanager_secret."),
)
"""What holds data, or others hold on to: it may be updated only."""


@pytest.fixture(scope="module")
def stage(aws: Moto, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A stage that is there."""
    made = begun(tmp_path_factory.mktemp("terraform"), aws)
    protected = made.declare(**OPTIONS)
    assert set(protected) == {"aws_rds_cluster.database", "aws_s3_bucket.definitions"}
    assert set(made.plan().values()) == {"create"}
    made.apply()
    return made


def test_deploying_again_changes_nothing(stage: Deployment) -> None:
    stage.declare(**OPTIONS)
    assert stage.plan(refresh=True) == {}


@pytest.mark.parametrize(("options", "expected"), CHANGES, ids=["-".join(options) for options, _ in CHANGES])
def test_an_option_changes_what_it_has_to_and_replaces_nothing_in_use(
    stage: Deployment, options: dict[str, Any], expected: dict[str, str]
) -> None:
    stage.declare(**{**OPTIONS, **options})
    plan = stage.plan()
    assert {address: plan.get(address) for address in expected} == expected
    removed = [address for address, what in plan.items() if what in ("replace", "delete")]
    assert [address for address in removed if stage.in_its_own_way(address)] == []
    assert [address for address in removed if address.startswith(IN_USE)] == []


def test_a_zone_that_is_exchanged_takes_no_addresses_that_are_in_use(stage: Deployment) -> None:
    stage.declare(**OPTIONS, availabilityZones="eu-central-1b,eu-central-1c")
    plan = stage.plan()
    subnets = {address: plan[address] for address in plan if address.startswith("aws_subnet.")}
    gone = {f"aws_subnet.network_{kind}_a": "delete" for kind in ("private", "public")}  # AWS may refuse: docs/aws.md
    assert subnets == {**gone, **{f"aws_subnet.network_{kind}_c": "create" for kind in ("private", "public")}}


@pytest.mark.parametrize("options", REFUSED, ids=lambda value: "-".join(value))
def test_an_option_that_can_not_be_applied_is_refused(stage: Deployment, options: dict[str, str]) -> None:
    with pytest.raises(TerraformError, match=next(iter(options))):
        stage.declare(**{**OPTIONS, **options})


def test_an_upgrade_is_applied_and_requests_reach_the_new_versions(stage: Deployment) -> None:
    before = stage.versions()
    stage.declare(**OPTIONS, release="2")
    stage.plan()
    stage.apply()
    after = stage.versions()
    assert all(int(after[name]) > int(before[name]) for name in ("evaluation", "admin"))


def test_a_protected_stage_goes_as_the_page_says(stage: Deployment) -> None:
    assert stage.declare(**OPTIONS, release="2", protected="false") == []
    stage.plan()
    stage.apply()
    stage.fill_bucket()
    stage.destroy()
    assert stage.left() == []
