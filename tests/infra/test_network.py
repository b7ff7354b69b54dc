"""Where a stage is: regions, zones, addresses, and a VPC that was there before."""

from __future__ import annotations

import pytest

from tests.infra.conftest import Deploy, Stage, run

VPC = {"vpcId": "vpc-1", "privateSubnetIds": "subnet-1,subnet-2", "publicSubnetIds": "subnet-3"}


def subnets(stage: Stage) -> dict[str, str]:
    """The addresses of each subnet, by its resource's name."""
    return {subnet.name: subnet.inputs["cidrBlock"] for subnet in stage.all("ec2:Subnet")}


def test_each_zone_has_addresses_of_its_own_whichever_others_are_chosen(deploy: Deploy) -> None:
    zones = ("eu-central-1a,eu-central-1b", "eu-central-1b,eu-central-1c,eu-central-1a")
    fewer, more = (deploy("dev", intervalApiKey="k", availabilityZones=chosen) for chosen in zones)
    assert subnets(fewer).items() <= subnets(more).items()
    assert len({*subnets(more).values()}) == len(subnets(more)) == 6
    assert subnets(more)["network-private-b"] == "10.71.16.0/20"


def test_addresses_are_an_option(deploy: Deploy) -> None:
    stage = deploy("dev", vpcCidr="192.168.64.0/22", intervalApiKey="k")
    assert stage.one("ec2:Vpc").inputs["cidrBlock"] == "192.168.64.0/22"
    assert subnets(stage) == {
        "network-private-a": "192.168.64.0/26",
        "network-private-b": "192.168.64.64/26",
        "network-public-a": "192.168.66.0/26",
        "network-public-b": "192.168.66.64/26",
    }


def test_in_a_vpc_that_is_there_only_groups_are_made(deploy: Deploy) -> None:
    stage = deploy("dev", **VPC, intervalApiKey="k")
    made = {one.type.partition("/")[0] for one in stage.resources if one.type.startswith(("aws:ec2/", "aws:vpc/"))}
    kinds = {one.type for one in stage.resources if one.type.startswith("aws:ec2/")}
    assert (made, kinds) == ({"aws:ec2", "aws:vpc"}, {"aws:ec2/securityGroup:SecurityGroup"})
    assert {group.inputs["vpcId"] for group in stage.all("ec2:SecurityGroup")} == {"vpc-1"}
    assert stage.one("rds:SubnetGroup").inputs["subnetIds"] == ["subnet-1", "subnet-2"]
    assert stage.one("lambda:Function", "admin").inputs["vpcConfig"]["subnetIds"] == ["subnet-1", "subnet-2"]
    assert stage.one("ecs:Service").inputs["networkConfiguration"]["subnets"] == ["subnet-3"]
    s3 = next(rule for rule in stage.all("vpc:SecurityGroupEgressRule") if rule.name == "admin-to-s3")
    assert s3.inputs["prefixListId"] == "pl-s3"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"vpcId": "vpc-1"}, "needs two flagstaff:privateSubnetIds"),
        ({"privateSubnetIds": "subnet-1,subnet-2"}, "need flagstaff:vpcId"),
        ({**VPC, "publicSubnetIds": "none"}, "flagstaff:publicSubnetIds must be"),
        ({**VPC, "availabilityZones": "eu-central-1a,eu-central-1b"}, "those of the subnets"),
        ({"availabilityZones": "eu-west-1a,eu-central-1b"}, "eu-west-1a are not in eu-central-1"),
        ({"vpcCidr": "10.71.1.0/16"}, "flagstaff:vpcCidr must be private addresses"),
        ({"vpcCidr": "8.8.0.0/16"}, "flagstaff:vpcCidr must be private addresses"),
        ({"vpcCidr": "10.0.0.0/26"}, "/16 to /22"),
        ({"aws:region": "il-central-1"}, "aws:region can't be il-central-1"),
        ({"aws:region": "us-gov-west-1"}, "no root certificate"),
        ({"aws:region": "cn-north-1"}, "not under amazonaws.com"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_place_that_can_not_be_is_refused(options: dict[str, str], said: str) -> None:
    assert said in run("dev", **options).stderr
