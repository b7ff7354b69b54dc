"""A stage that uses the network and the database cluster of another."""

from __future__ import annotations

import json

import pytest

from tests.infra.conftest import Deploy, Stage, environment, run

SERVER = {"intervalApiKey": "k", "intervalServerEndpoint": "wss://interval.example.com/websocket"}


@pytest.fixture
def guest(deploy: Deploy) -> Stage:
    return deploy("anna", shareWith="dev", **SERVER)


def test_a_guest_makes_no_network_and_no_cluster(guest: Stage) -> None:
    made = {one.type for one in guest.resources}
    assert not {one for one in made if one.startswith(("aws:ec2/", "aws:vpc/", "aws:rds/"))}
    assert [one.name for one in guest.all("ecs:Cluster")] == ["forwarding"]  # in which nothing runs, or costs
    for name in ("admin", "migration"):
        place = guest.one("lambda:Function", name).inputs["vpcConfig"]
        assert place == {"subnetIds": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-flagstaff-dev-admin"]}
    service = guest.one("ecs:Service").inputs
    assert service["cluster"].endswith(":cluster/dev")
    assert service["networkConfiguration"]["subnets"] == ["subnet-public-a", "subnet-public-b"]
    assert service["networkConfiguration"]["securityGroups"] == ["sg-flagstaff-dev-interval"]
    assert guest.outputs["forwarding"]["value"]["securityGroups"] == ["sg-flagstaff-dev-forwarder"]


def test_a_guest_signs_in_to_a_database_of_its_own_as_a_role_of_its_own(guest: Stage) -> None:
    url = "postgresql://flagstaff-anna@dev.cluster-abc.eu-central-1.rds.amazonaws.com:5432/flagstaff-anna"
    for name in ("admin", "migration"):
        assert environment(guest.one("lambda:Function", name))["FLAGSTAFF_DATABASE_URL"] == url
    (container,) = json.loads(guest.one("ecs:TaskDefinition", "interval").inputs["containerDefinitions"])
    assert {"name": "FLAGSTAFF_DATABASE_URL", "value": url} in container["environment"]
    users = {user for role, one in guest.statements() if "rds-db:connect" in one["Action"] for user in one["Resource"]}
    assert users == {"arn:aws:rds-db:eu-central-1:123456789012:dbuser:cluster-dev/flagstaff-anna"}


def test_nothing_of_a_guest_can_use_the_clusters_master_secret(guest: Stage) -> None:
    assert set(guest.allowed("control")) & {"rds-data:ExecuteStatement", "secretsmanager:GetSecretValue"} == set()
    assert not [name for name in environment(guest.one("lambda:Function", "control")) if "SECRET" in name]


def test_the_host_makes_a_guests_database_before_its_tables_and_drops_it_after_its_functions(guest: Stage) -> None:
    made = guest.one("lambda:Invocation", "guest").inputs
    assert (made["functionName"], made["lifecycleScope"]) == ("flagstaff-dev-control", "CRUD")
    assert json.loads(made["input"]) == {"guest": "flagstaff-anna", "cluster": "cluster-dev"}
    # What triggers makes anew before it removes, which would drop the database that was just made.
    assert "triggers" not in made
    for later in ("lambda:Invocation migrations", "lambda:Function admin", "aws:Interval interval"):
        assert guest.comes_after(later, "lambda:Invocation guest")
    assert not [one for one in guest.all("lambda:Invocation") if one.name in ("role", "guests")]


def test_a_host_asks_for_guests_before_anything_of_it_goes(deploy: Deploy) -> None:
    host = deploy("dev", **SERVER)
    guests = host.one("lambda:Invocation", "guests").inputs
    assert (guests["functionName"], guests["lifecycleScope"]) == ("flagstaff-dev-control", "CRUD")
    kept = ("rds:ClusterInstance database", "lambda:Function admin", "ec2:Subnet network-private-a")
    for earlier in (*kept, "ecs:Service interval", "apigatewayv2:Api gateway", "lambda:Invocation check"):
        assert host.comes_after("lambda:Invocation guests", earlier)
    names = {group.name: group.inputs["tags"]["Name"] for group in host.all("ec2:SecurityGroup")}
    assert (names["admin"], names["interval"]) == ("flagstaff-dev-admin", "flagstaff-dev-interval")


def test_a_protected_stage_has_no_guests(deploy: Deploy) -> None:
    assert not [one for one in deploy("prod").all("lambda:Invocation") if one.name == "guests"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shareWith": "live"}, "flagstaff:shareWith can't be live: that stage is protected"),
        ({"shareWith": "nope"}, "can't be nope: in this account and region that stage does not have a database"),
        ({"shareWith": "dev", "protected": "true"}, "is for stages that are not protected"),
        ({"shareWith": "anna"}, "names another stage than this one"),
        ({"shareWith": "dev", "stage": "dev-plain"}, "dev-plain has a cluster of its own"),
        ({"shareWith": "Dev"}, "flagstaff:shareWith must be"),
        ({"shareWith": "dev", "vpcCidr": "10.1.0.0/16"}, "leaves flagstaff:vpcCidr to the other stage"),
        ({"shareWith": "dev", "maximumCapacity": "8"}, "leaves flagstaff:maximumCapacity to the other stage"),
        ({"shareWith": "dev-plain", **SERVER}, "dev-plain has no public subnets of its own"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_host_that_can_not_be_is_refused_before_anything_is_made(options: dict[str, str], said: str) -> None:
    assert said in run(**{"stage": "anna", **options}).stderr
