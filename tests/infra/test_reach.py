"""Who reaches what: by security groups, routes and public addresses."""

from __future__ import annotations

import json

from db.postgres import iam
from db.published.objects import DEFINITIONS_FOLDER
from tests.infra.conftest import Deploy, Stage

WORLD = ("0.0.0.0/0", "::/0")


def test_nothing_lets_the_world_in(any_stage: Stage) -> None:
    for group in any_stage.all("ec2:SecurityGroup"):
        assert not group.inputs.get("ingress")
    rules = any_stage.all("vpc:SecurityGroupIngressRule")
    assert rules
    for rule in rules:
        assert rule.inputs["referencedSecurityGroupId"]
        assert not {"cidrIpv4", "cidrIpv6", "prefixListId"} & rule.inputs.keys()
    default = any_stage.one("ec2:DefaultSecurityGroup").inputs
    assert not default.get("ingress")
    assert not default.get("egress")
    assert any_stage.one("rds:ClusterInstance").inputs["publiclyAccessible"] is False


def test_only_clients_reach_the_database_and_only_its_port(deploy: Deploy) -> None:
    kinds: list[tuple[str, dict[str, str], set[str]]] = [
        ("prod", {}, {"admin-id"}),
        ("prod", {"intervalApiKey": "k"}, {"admin-id", "interval-id"}),
        ("dev", {}, {"admin-id", "forwarder-id"}),
    ]
    for name, options, clients in kinds:
        stage = deploy(name, **options)
        assert stage.one("rds:Cluster").inputs["vpcSecurityGroupIds"] == ["database-id"]
        into = [rule.inputs for rule in stage.all("vpc:SecurityGroupIngressRule")]
        assert {rule["securityGroupId"] for rule in into} == {"database-id"}
        assert {rule["referencedSecurityGroupId"] for rule in into} == clients
        assert {(rule["fromPort"], rule["toPort"], rule["ipProtocol"]) for rule in into} == {(5432, 5432, "tcp")}


def test_the_database_reaches_nobody_and_the_functions_only_it_and_s3(any_stage: Stage) -> None:
    out = [rule.inputs for rule in any_stage.all("vpc:SecurityGroupEgressRule")]
    assert not [rule for rule in out if rule["securityGroupId"] == "database-id"]
    admin = [rule for rule in out if rule["securityGroupId"] == "admin-id"]
    assert {rule.get("referencedSecurityGroupId") or rule["prefixListId"] for rule in admin} == {"database-id", "pl-s3"}
    to_the_world = [rule for rule in out if rule.get("cidrIpv4") in WORLD]
    tasks = {f"{task.name.replace('forwarding', 'forwarder')}-id" for task in any_stage.all("ecs:TaskDefinition")}
    assert {(rule["securityGroupId"], rule["fromPort"]) for rule in to_the_world} == {(one, 443) for one in tasks}


def test_interval_reaches_its_server_on_whichever_port(deploy: Deploy) -> None:
    stage = deploy("dev", intervalApiKey="k", intervalServerEndpoint="wss://interval.example.com:3000/websocket")
    out = [rule.inputs for rule in stage.all("vpc:SecurityGroupEgressRule")]
    rules = [rule for rule in out if rule.get("cidrIpv4") in WORLD and rule["securityGroupId"] == "interval-id"]
    assert sorted((rule["fromPort"], rule["toPort"]) for rule in rules) == [(443, 443), (3000, 3000)]
    assert "intervalServerEndpoint" not in stage.said
    assert "intervalServerEndpoint" in deploy("dev", intervalApiKey="k").said


def test_private_subnets_have_no_way_out_but_the_s3_endpoint(any_stage: Stage) -> None:
    assert not any_stage.one("ec2:RouteTable", "network-private").inputs.get("routes")
    assert not any_stage.all("ec2:NatGateway")
    endpoint = any_stage.one("ec2:VpcEndpoint").inputs
    assert (endpoint["vpcEndpointType"], endpoint["routeTableIds"]) == ("Gateway", ["network-private-id"])
    (statement,) = json.loads(endpoint["policy"])["Statement"]
    assert set(statement["Action"]) == {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
    # Stages that share the network write to their own buckets, as their roles say.
    protected = "s3:Bucket definitions" in any_stage.protected
    assert statement["Resource"] == ["arn:Bucket:definitions/*" if protected else "arn:aws:s3:::flagstaff-*/*"]
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": "123456789012"}}
    private = {subnet.name + "-id" for subnet in any_stage.all("ec2:Subnet") if "private" in subnet.name}
    assert len(private) >= 2
    assert set(any_stage.one("rds:SubnetGroup").inputs["subnetIds"]) == private


def test_without_interval_nothing_is_connected_to_the_internet(deploy: Deploy) -> None:
    stage = deploy("prod")
    assert not stage.all("ec2:InternetGateway")
    assert not stage.all("ecs:Service")
    assert "intervalApiKey" in stage.said


def test_those_without_a_database_are_outside_the_vpc_and_the_database_clients_in_it(any_stage: Stage) -> None:
    inside = {function.name for function in any_stage.all("lambda:Function") if function.inputs.get("vpcConfig")}
    assert inside == {"admin", "migration"}


def test_the_bucket_forgets_whole_documents_in_a_day_and_other_old_versions_in_a_month(any_stage: Stage) -> None:
    rules = any_stage.one("s3:BucketLifecycleConfiguration").inputs["rules"]
    days = {one["filter"]["prefix"]: one["noncurrentVersionExpiration"]["noncurrentDays"] for one in rules}
    assert days == {"": 30, DEFINITIONS_FOLDER: 1}
    assert all(one["status"] == "Enabled" for one in rules)
    # What is current, no rule takes away: publishers know which parts nobody needs.
    assert [one.get("expiration") for one in rules] == [{"expiredObjectDeleteMarker": True}, None]


def test_the_bucket_is_closed_encrypted_versioned_and_talks_tls(any_stage: Stage) -> None:
    block = any_stage.one("s3:BucketPublicAccessBlock").inputs
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(block[name] is True for name in switches)
    (rule,) = any_stage.one("s3:BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "AES256"
    versioning = any_stage.one("s3:BucketVersioning").inputs["versioningConfiguration"]
    assert versioning["status"] == "Enabled"
    (statement,) = json.loads(any_stage.one("s3:BucketPolicy").inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_database_is_encrypted_wants_tls_and_keeps_its_own_password(any_stage: Stage) -> None:
    cluster = any_stage.one("rds:Cluster").inputs
    for switch in ("storageEncrypted", "iamDatabaseAuthenticationEnabled", "manageMasterUserPassword"):
        assert cluster[switch] is True
    assert "masterPassword" not in cluster
    parameters = any_stage.one("rds:ClusterParameterGroup").inputs
    assert {"name": "rds.force_ssl", "value": "1"} in parameters["parameters"]
    assert any_stage.one("rds:ClusterInstance").inputs["caCertIdentifier"] == "rds-ca-rsa2048-g1"
    assert "RSA2048 G1" in iam.ROOTS.read_text()
