"""PostgreSQL: Aurora Serverless v2, which pauses while nobody is connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import policies
import pulumi
import pulumi_aws as aws
import pulumi_random as random
from function import AwsAccount
from pulumi import ResourceOptions

DATABASE: Final = "flagstaff"
ROLE: Final = "flagstaff"
"""The application's role: it signs in by IAM token and owns its tables. The master user is RDS's own affair."""
PORT: Final = 5432
CERTIFICATE_AUTHORITY: Final = "rds-ca-rsa2048-g1"
"""One of those in db/certificates/rds.pem."""


@dataclass(frozen=True)
class DatabaseArgs:
    """What a database needs to know."""

    name: str
    version: str
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    minimum_capacity: float
    maximum_capacity: float
    auto_pause_seconds: int
    protected: bool


@dataclass(frozen=True)
class DatabaseAccess:
    """One database of a cluster, and what its clients need to know of it."""

    cluster_arn: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    """Of the master user's password."""
    name: str = DATABASE
    role: str = ROLE

    @property
    def url(self) -> pulumi.Output[str]:
        """The database's URL. No password is in it: whoever connects signs a token."""
        return pulumi.Output.concat("postgresql://", self.role, "@", self.endpoint, f":{PORT}/", self.name)

    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Return the settings of a process that is a client of the database."""
        return {"FLAGSTAFF_DATABASE_URL": self.url, "FLAGSTAFF_DATABASE_AUTH": "iam"}

    def sign_in(self, place: AwsAccount) -> policies.Statement:
        """May connect as the application's role, and as no other."""
        user = self.resource_id.apply(lambda id_: place.arn("rds-db", f"dbuser:{id_}/{self.role}"))
        return policies.allow(["rds-db:connect"], [user])


class Database(pulumi.ComponentResource):
    """One instance in private subnets, open to its clients' groups only. RDS keeps the master password."""

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Database", name, None, opts)
        child = ResourceOptions(parent=self)
        subnets = aws.rds.SubnetGroup(name, name=args.name, subnet_ids=args.subnet_ids, opts=child)
        major = args.version.partition(".")[0]
        parameters = aws.rds.ClusterParameterGroup(
            name,
            name=f"{args.name}-{major}",  # another release needs another group, while the first is in use
            family=f"aurora-postgresql{major}",
            parameters=[aws.rds.ClusterParameterGroupParameterArgs(name="rds.force_ssl", value="1")],
            opts=child,
        )
        # A stage that is made anew under its name would find the snapshot of the one before.
        made = random.RandomId(f"{name}-snapshot", byte_length=4, opts=child)
        self.cluster = aws.rds.Cluster(
            name,
            cluster_identifier=args.name,
            engine="aurora-postgresql",
            engine_mode="provisioned",
            engine_version=args.version,
            allow_major_version_upgrade=True,
            database_name=DATABASE,
            master_username="flagstaff_master",
            manage_master_user_password=True,
            iam_database_authentication_enabled=True,
            enable_http_endpoint=True,
            port=PORT,
            db_subnet_group_name=subnets.name,
            db_cluster_parameter_group_name=parameters.name,
            vpc_security_group_ids=[args.security_group_id],
            storage_encrypted=True,
            serverlessv2_scaling_configuration=_scaling(args),
            backup_retention_period=14 if args.protected else 1,
            copy_tags_to_snapshot=True,
            deletion_protection=args.protected,
            skip_final_snapshot=not args.protected,
            final_snapshot_identifier=pulumi.Output.concat(args.name, "-final-", made.hex) if args.protected else None,
            opts=ResourceOptions(parent=self, protect=args.protected),
        )
        self.instance = aws.rds.ClusterInstance(
            name,
            identifier=f"{args.name}-1",
            cluster_identifier=self.cluster.id,
            engine="aurora-postgresql",
            instance_class="db.serverless",
            db_subnet_group_name=subnets.name,
            publicly_accessible=False,
            ca_cert_identifier=CERTIFICATE_AUTHORITY,
            auto_minor_version_upgrade="." not in args.version,  # one that is pinned would be taken back
            opts=child,
        )
        # None right after a restore, until RDS keeps the password of the new cluster too.
        secret_arn = self.cluster.master_user_secrets.apply(lambda found: found[0].secret_arn if found else "")
        cluster = self.cluster
        self.access = DatabaseAccess(cluster.arn, cluster.cluster_resource_id, cluster.endpoint, secret_arn)
        self.register_outputs({"endpoint": self.cluster.endpoint, "secretArn": secret_arn})


def _scaling(args: DatabaseArgs) -> aws.rds.ClusterServerlessv2ScalingConfigurationArgs:
    pauses = args.minimum_capacity == 0
    return aws.rds.ClusterServerlessv2ScalingConfigurationArgs(
        min_capacity=args.minimum_capacity,
        max_capacity=args.maximum_capacity,
        seconds_until_auto_pause=args.auto_pause_seconds if pauses else None,
    )
