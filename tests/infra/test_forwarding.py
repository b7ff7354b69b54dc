"""What a stage offers to `make stage-dev`: nothing where it is protected, and no more than a way to its database."""

from __future__ import annotations

import json

import pytest

from db.settings import Settings
from tests.infra.conftest import Deploy

OF_YOURS = {"vpcId": "vpc-1", "privateSubnetIds": "subnet-1,subnet-2"}


def test_a_task_can_be_started_that_does_nothing_but_wait(deploy: Deploy) -> None:
    stage = deploy("dev")
    task = stage.one("ecs:TaskDefinition").inputs
    (container,) = json.loads(task["containerDefinitions"])
    assert container["command"] == ["sleep", "28800"]
    assert not container.get("readonlyRootFilesystem")
    assert not {"environment", "secrets", "portMappings"} & container.keys()
    assert "executionRoleArn" not in task
    assert set(stage.allowed("forwarding")) == {
        f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")
    }
    assert not stage.all("ecs:Service")


def test_the_command_hears_where_to_run_it_and_the_settings_of_the_stage(deploy: Deploy) -> None:
    output = deploy("dev", refreshSeconds="7").outputs["forwarding"]
    said = output["value"]
    assert (output["secret"], said["port"]) == (False, 5432)
    assert said["subnets"] == ["network-public-a-id", "network-public-b-id"]
    assert said["securityGroups"] == ["forwarder-id"]
    settings = Settings.from_env(said["settings"])
    assert (settings.database_iam, settings.definitions_bucket) == (True, "definitions-bucket")
    assert (settings.stage, settings.aws_region, settings.refresh_seconds) == ("dev", "eu-central-1", 7)
    assert said["host"] in (settings.database_url or "")


@pytest.mark.parametrize(
    ("stage", "options"), [("prod", {}), ("dev", {"protected": "true"}), ("dev", OF_YOURS)], ids=["prod", "set", "vpc"]
)
def test_nobody_is_let_in_where_it_is_protected_or_there_is_no_public_subnet(
    deploy: Deploy, stage: str, options: dict[str, str]
) -> None:
    made = deploy(stage, **options)
    assert "forwarding" not in made.outputs
    assert not made.all("ecs:TaskDefinition")
    assert not made.all("ec2:InternetGateway")
    assert not [group for group in made.all("ec2:SecurityGroup") if group.name == "forwarder"]


def test_a_vpc_of_yours_with_public_subnets_will_do(deploy: Deploy) -> None:
    said = deploy("dev", **OF_YOURS, publicSubnetIds="subnet-3").outputs["forwarding"]["value"]
    assert said["subnets"] == ["subnet-3"]
