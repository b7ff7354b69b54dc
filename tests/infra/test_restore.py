"""`make restore` and `make publish`: against an emulated AWS, with a `pulumi` that only notes what it is asked."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.conftest import REGION, Moto, moto_server
from tests.environments import python_of
from tests.infra.conftest import Deploy
from tests.infra.test_commands import Shell
from tests.processes import ROOT, free_port

NAME = "flagstaff-dev"
GROUP = f"{NAME}-16"
SCALING = {"MinCapacity": 0.0, "MaxCapacity": 2.0}
SAME = (
    *("DBSubnetGroup", "DBClusterParameterGroup", "VpcSecurityGroups", "ServerlessV2ScalingConfiguration", "Port"),
    *("DeletionProtection", "BackupRetentionPeriod", "MasterUsername", "DatabaseName", "TagList", "EngineVersion"),
    *("StorageEncrypted", "IAMDatabaseAuthenticationEnabled"),
)
TAGS = [{"Key": "team", "Value": "web"}]


class CloudShell(Shell):
    """A shell whose `aws` asks moto."""

    def __init__(self, folder: Path, moto: Moto) -> None:
        super().__init__(folder)
        tests = ROOT / "tests" / "infra"
        (folder / "answers.py").write_text((tests / "fake_program.py").read_text())
        (folder / "aws").write_text(f"#!{python_of('aws')}\n{(tests / 'moto_aws.py').read_text()}")
        (folder / "moto.json").write_text(json.dumps({"url": moto.url, "region": REGION}))
        self.says |= {
            "pulumi config --json": (json.dumps({"aws:region": {"value": REGION}}), ""),
            "aws rds enable-http-endpoint": ("{}", ""),  # moto does not have it
        }

    def aws(self, *commands: tuple[str, ...]) -> list[Any]:
        """Ask moto by command lines; what it answers to each."""
        (self.folder / "answers.json").write_text(json.dumps(self.says))
        several = [self.folder / "aws", "several", json.dumps(commands)]
        done = subprocess.run(several, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said: list[Any] = json.loads(done.stdout)
        return said

    def clusters(self) -> dict[str, Any]:
        (said,) = self.aws(("rds", "describe-db-clusters"))
        return {one["DBClusterIdentifier"]: one for one in said["DBClusters"]}

    def instances(self) -> dict[str, Any]:
        (said,) = self.aws(("rds", "describe-db-instances"))
        return {one["DBInstanceIdentifier"]: one for one in said["DBInstances"]}

    def noted(self, beginning: str) -> list[str]:
        """What was asked of a program, in these words."""
        return [line for line in (self.folder / "asked").read_text().splitlines() if line.startswith(beginning)]


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with moto_server(free_port()) as server:
        yield server


@pytest.fixture
def cloud(tmp_path: Path, moto: Moto) -> CloudShell:
    """An AWS in which the stage `dev` has its database, as the program makes it."""
    moto.request("POST", "/moto-api/reset")
    shell = CloudShell(tmp_path, moto)
    (found,) = shell.aws(("ec2", "describe-subnets"))
    subnets = [one["SubnetId"] for one in found["Subnets"]]
    shell.aws(
        (
            *("rds", "create-db-subnet-group", "--db-subnet-group-name", NAME, "--subnet-ids", *subnets),
            *("--db-subnet-group-description", "Flagstaff"),
        ),
        (
            *("rds", "create-db-cluster-parameter-group", "--db-cluster-parameter-group-name", GROUP),
            *("--db-parameter-group-family", "aurora-postgresql16", "--description", "Flagstaff"),
        ),
        (
            *("rds", "create-db-cluster", "--db-cluster-identifier", NAME, "--engine", "aurora-postgresql"),
            *("--engine-version", "16.4", "--master-username", "flagstaff_master", "--manage-master-user-password"),
            *("--database-name", "flagstaff", "--vpc-security-group-ids", "sg-1a2b3c4d", "--port", "5432"),
            *("--db-subnet-group-name", NAME, "--db-cluster-parameter-group-name", GROUP),
            *("--serverless-v2-scaling-configuration", json.dumps(SCALING), "--backup-retention-period", "14"),
            *("--enable-iam-database-authentication", "--deletion-protection", "--storage-encrypted"),
            *("--copy-tags-to-snapshot", "--tags", json.dumps(TAGS)),
        ),
        (
            *("rds", "create-db-instance", "--db-instance-identifier", f"{NAME}-1", "--db-cluster-identifier", NAME),
            *("--db-instance-class", "db.serverless", "--engine", "aurora-postgresql"),
        ),
    )
    return shell


def test_a_restored_database_is_as_the_one_before_and_in_its_place(cloud: CloudShell) -> None:
    before = cloud.clusters()[NAME]
    done = cloud.make("restore", TO="latest", YES="1")
    assert done.returncode == 0, done.stderr
    clusters = cloud.clusters()
    (old,) = clusters.keys() - {NAME}
    assert re.fullmatch(rf"{NAME}-before-\d{{12}}", old)
    now = clusters[NAME]
    assert clusters[old]["DbClusterResourceId"] == before["DbClusterResourceId"] != now["DbClusterResourceId"]
    assert {name: now[name] for name in SAME} == {name: before[name] for name in SAME}
    assert now["MasterUserSecret"]["SecretArn"] != before["MasterUserSecret"]["SecretArn"]
    assert cloud.instances().keys() == {f"{NAME}-1", f"{old}-1"}
    _, refresh, _, up = cloud.asked
    assert (refresh, up) == ("pulumi refresh --stack dev --yes", "pulumi up --stack dev --yes")
    assert f"delete-db-cluster --db-cluster-identifier {old}" in done.stdout


OF_STORAGE = {"databaseName", "masterUsername", "storageEncrypted", "engine", "engineVersion", "engineMode"}
"""What a copy of the data has from the data."""
OF_PULUMI = {"allowMajorVersionUpgrade", "skipFinalSnapshot", "finalSnapshotIdentifier", "clusterIdentifier"}
"""What is no setting of the cluster itself, or its name."""
OPTIONS = {
    "port": "--port 5432",
    "dbSubnetGroupName": f"--db-subnet-group-name {NAME}",
    "dbClusterParameterGroupName": f"--db-cluster-parameter-group-name {GROUP}",
    "vpcSecurityGroupIds": "--vpc-security-group-ids sg-1a2b3c4d",
    "serverlessv2ScalingConfiguration": '--serverless-v2-scaling-configuration {"MinCapacity": 0.0',
    "iamDatabaseAuthenticationEnabled": "--enable-iam-database-authentication",
    "copyTagsToSnapshot": "--copy-tags-to-snapshot",
    "deletionProtection": "--deletion-protection",
    "tags": '--tags [{"Key": "team", "Value": "web"}]',
    "manageMasterUserPassword": "--manage-master-user-password",
    "backupRetentionPeriod": "--backup-retention-period 14",
    "enableHttpEndpoint": "enable-http-endpoint --resource-arn",
}
"""What says it when a database is restored: AWS itself would take the defaults (moto would not)."""


def test_every_setting_that_the_program_makes_is_asked_for(cloud: CloudShell, deploy: Deploy) -> None:
    declared = deploy("prod", tags="team=web").one("rds:Cluster").inputs.keys()
    assert declared - OF_STORAGE - OF_PULUMI == OPTIONS.keys()
    cloud.make("restore", TO="2026-11-27T03:00:00Z")
    asked = "\n".join(cloud.noted("aws rds"))
    assert "--source-db-cluster-identifier flagstaff-dev --restore-to-time 2026-11-27T03:00:00Z" in asked
    assert [name for name, option in OPTIONS.items() if option not in asked] == []
    instance = deploy("prod").one("rds:ClusterInstance").inputs
    for name in ("instanceClass", "caCertIdentifier"):
        assert f" {instance[name]} " in asked


def test_nothing_is_exchanged_before_somebody_agrees_and_a_call_that_broke_off_goes_on(cloud: CloudShell) -> None:
    done = cloud.make("restore", TO="latest")
    assert (done.returncode, "Nothing was changed" in done.stdout) == (0, True), done.stderr
    assert cloud.clusters().keys() == {NAME, f"{NAME}-restored"}
    assert not cloud.asked
    old = ("--new-db-cluster-identifier", f"{NAME}-old")
    old_instance = ("--new-db-instance-identifier", f"{NAME}-old-1")
    cloud.aws(  # as a call does that breaks off between the names
        ("rds", "modify-db-cluster", "--db-cluster-identifier", NAME, *old),
        ("rds", "modify-db-instance", "--db-instance-identifier", f"{NAME}-1", *old_instance),
    )
    done = cloud.make("restore", TO="latest", YES="1")
    assert done.returncode == 0, done.stderr
    assert len(cloud.noted("aws rds restore-db-cluster")) == len(cloud.noted("aws rds create-db-instance")) == 1
    assert cloud.clusters().keys() == {NAME, f"{NAME}-old"}
    assert cloud.instances().keys() == {f"{NAME}-1", f"{NAME}-old-1"}


def test_a_snapshot_is_asked_for_by_its_name(cloud: CloudShell) -> None:
    cloud.says["aws rds restore-db-cluster-from-snapshot"] = ("", "moto can't")
    cloud.make("restore", TO="before-the-sale", YES="1")
    (asked,) = cloud.noted("aws rds restore-db-cluster-from-snapshot")
    assert "--snapshot-identifier before-the-sale --engine aurora-postgresql --engine-version 16.4" in asked
    assert [option for option in OPTIONS.values() if option in asked]


def test_what_can_not_be_restored_changes_nothing(cloud: CloudShell) -> None:
    cloud.says["aws rds restore-db"] = ("", "NotFoundFault")
    done = cloud.make("restore", TO="no-such-snapshot", YES="1")
    assert (done.returncode != 0, "NotFoundFault" in done.stderr) == (True, True), done.stderr
    assert cloud.clusters().keys() == {NAME}
    assert not cloud.asked


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("", "restore to what?"),
        ("yesterday_evening", "restore to what?"),
        ("2026-11-27T03:00", "a time such as 2026-11-27T03:00:00Z"),
        ("latest", "dev is not deployed"),
    ],
)
def test_what_is_no_time_and_no_stage_is_refused(tmp_path: Path, to: str, words: str) -> None:
    shell = Shell(tmp_path)
    done = shell.make("restore", TO=to, YES="1")
    assert (done.returncode != 0, words in done.stderr) == (True, True), done.stderr
    assert not shell.asked
