"""Aurora clusters of a region, each with one instance called after it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from commands.programs import CommandError, ask_aws

ENGINE: Final = "aurora-postgresql"
INSTANCE_CLASS: Final = "db.serverless"
CERTIFICATE_AUTHORITY: Final = "rds-ca-rsa2048-g1"
"""These three as infra/database.py has them."""
LATEST: Final = "latest"
WAIT_SECONDS: Final = 3_600.0
"""For a restored cluster, whose data is copied; small ones take some ten minutes."""
BETWEEN_SECONDS: Final = 3.0


class Clusters:
    """What is there, and what can be done to it."""

    def __init__(self, region: str) -> None:
        self._region = region

    def find(self, name: str) -> Mapping[str, Any] | None:
        """Return what RDS says of a cluster; None where there is none."""
        clusters = self._ask("describe-db-clusters", "--filters", called("db-cluster-id", name))["DBClusters"]
        found: list[Mapping[str, Any]] = [one for one in clusters if one["DBClusterIdentifier"] == name]
        return found[0] if found else None

    def restore_from_time(self, like: Mapping[str, Any], name: str, when: str) -> None:
        """Begin to make a cluster like another one, with the data that it had at a time."""
        at = ("--use-latest-restorable-time",) if when == LATEST else ("--restore-to-time", when)
        source = ("--source-db-cluster-identifier", like["DBClusterIdentifier"])
        self._ask("restore-db-cluster-to-point-in-time", *source, *at, *new_like(like, name))

    def restore_from_snapshot(self, like: Mapping[str, Any], name: str, snapshot: str) -> None:
        """Begin to make a cluster like another one, with the data of a snapshot."""
        source = ("--snapshot-identifier", snapshot, "--engine", ENGINE, "--engine-version", like["EngineVersion"])
        self._ask("restore-db-cluster-from-snapshot", *source, *new_like(like, name))

    def add_instance(self, name: str, tags: Sequence[Mapping[str, str]]) -> None:
        """Begin to make the cluster's instance, which a restore does not make."""
        self._ask(
            *("create-db-instance", "--db-instance-identifier", instance_of(name), "--db-cluster-identifier", name),
            *("--db-instance-class", INSTANCE_CLASS, "--engine", ENGINE, "--no-publicly-accessible"),
            *("--ca-certificate-identifier", CERTIFICATE_AUTHORITY, "--tags", json.dumps(tags)),
        )

    def switch_on(self, name: str, backup_days: int) -> None:
        """Have RDS keep the master password, and answer the Data API, which a restore does not take over."""
        days = ("--backup-retention-period", str(backup_days))
        self._modify(name, "--manage-master-user-password", *days)
        self.wait_for(name, lambda cluster: bool(cluster.get("MasterUserSecret")))
        cluster = self.wait_for(name)
        self._ask("enable-http-endpoint", "--resource-arn", cluster["DBClusterArn"])

    def rename(self, name: str, to: str) -> None:
        """Give a cluster and its instance other names, and wait until they have them."""
        self._modify(name, "--new-db-cluster-identifier", to)
        self.wait_for(to)
        instance = ("--db-instance-identifier", instance_of(name), "--new-db-instance-identifier", instance_of(to))
        self._ask("modify-db-instance", *instance, "--apply-immediately")
        self.wait_for_instance(to)

    def has_instance(self, name: str) -> bool:
        """Tell whether a cluster has its instance."""
        return self._instance(name) is not None

    def wait_for(self, name: str, right: Callable[[Mapping[str, Any]], bool] = lambda _: True) -> Mapping[str, Any]:
        """Return what RDS says of a cluster once it is available, and right. Raises CommandError after an hour."""
        return patiently(name, lambda: self.find(name), lambda found: found["Status"] == "available" and right(found))

    def wait_for_instance(self, name: str) -> None:
        """Wait until the cluster's instance is available. Raises CommandError after an hour."""
        instance = instance_of(name)
        patiently(instance, lambda: self._instance(name), lambda found: found["DBInstanceStatus"] == "available")

    def _instance(self, name: str) -> Mapping[str, Any] | None:
        instance = instance_of(name)
        said = self._ask("describe-db-instances", "--filters", called("db-instance-id", instance))["DBInstances"]
        found: list[Mapping[str, Any]] = [one for one in said if one["DBInstanceIdentifier"] == instance]
        return found[0] if found else None

    def _modify(self, name: str, *changes: str) -> None:
        self._ask("modify-db-cluster", "--db-cluster-identifier", name, *changes, "--apply-immediately")

    def _ask(self, *command: str) -> Any:
        return ask_aws(self._region, "rds", *command)


def instance_of(cluster: str) -> str:
    """Return the identifier of a cluster's instance."""
    return f"{cluster}-1"


def called(what: str, name: str) -> str:
    """Return a filter that only what is called so passes: without one, what is not there would be an error."""
    return json.dumps([{"Name": what, "Values": [name]}])


def tags_of(cluster: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Return a cluster's tags, but for those of AWS, which nobody else may set."""
    return [tag for tag in cluster.get("TagList", []) if not tag["Key"].startswith("aws:")]


def new_like(cluster: Mapping[str, Any], name: str) -> list[str]:
    """Return the options of a restore that make a cluster as this one is: by itself, it would get the defaults."""
    groups = [group["VpcSecurityGroupId"] for group in cluster["VpcSecurityGroups"]]
    protection = "--deletion-protection" if cluster["DeletionProtection"] else "--no-deletion-protection"
    return [
        *("--db-cluster-identifier", name, "--db-subnet-group-name", cluster["DBSubnetGroup"]),
        *("--vpc-security-group-ids", *groups, "--port", str(cluster["Port"])),
        *("--db-cluster-parameter-group-name", cluster["DBClusterParameterGroup"]),
        *("--serverless-v2-scaling-configuration", json.dumps(cluster["ServerlessV2ScalingConfiguration"])),
        *("--enable-iam-database-authentication", "--copy-tags-to-snapshot", protection),
        *("--tags", json.dumps(tags_of(cluster))),
    ]


def patiently(
    name: str, look: Callable[[], Mapping[str, Any] | None], right: Callable[[Mapping[str, Any]], bool]
) -> Mapping[str, Any]:
    """Return what is found once it is right. Raises CommandError after an hour."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        found = look()
        if found is not None and right(found):
            return found
        if time.monotonic() > until:
            raise CommandError(f"{name} is not available after an hour")
        time.sleep(BETWEEN_SECONDS)
