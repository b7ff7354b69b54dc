"""What the functions of a stage stand on: subnets, security groups and a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from database import Database, DatabaseAccess, DatabaseArgs
from definitions import DefinitionsBucket
from function import AwsAccount
from network import Network, NetworkArgs
from options import Options
from regions import zones_of
from security_groups import HTTPS, SecurityGroups, SecurityGroupsArgs


@dataclass(frozen=True)
class Foundation:
    """Where functions and tasks are put, and the database that they use."""

    vpc_id: pulumi.Input[str]
    private_subnet_ids: Sequence[pulumi.Input[str]]
    public_subnet_ids: Sequence[pulumi.Input[str]]
    admin_group_id: pulumi.Input[str]
    interval_group_id: pulumi.Input[str] | None
    forwarder_group_id: pulumi.Input[str] | None
    database: DatabaseAccess
    waits_for: Sequence[pulumi.Resource]
    """What has to be there before somebody connects, besides the functions."""
    host: str | None = None
    """The name of the stage whose cluster it is, with `flagstaff-` before it; None: its own."""


@dataclass(frozen=True)
class _Subnets:
    vpc_id: pulumi.Input[str]
    private: Sequence[pulumi.Input[str]]
    public: Sequence[pulumi.Input[str]]
    s3_prefix_list_id: pulumi.Input[str]
    made: Sequence[pulumi.Resource]


def own_foundation(name: str, place: AwsAccount, options: Options, definitions: DefinitionsBucket) -> Foundation:
    """Make a database, in a VPC of its own or in the one that the options name."""
    subnets = existing_subnets(options, place) if options.vpc_id else own_subnets(name, place, options, definitions)
    ports = sorted({HTTPS, options.interval_server_port}) if options.interval_api_key is not None else []
    groups = SecurityGroups(
        "groups",
        SecurityGroupsArgs(name, subnets.vpc_id, subnets.s3_prefix_list_id, ports, options.can_be_forwarded),
    )
    database = Database("database", database_args(name, options, subnets.private, groups.database.id))
    return Foundation(
        vpc_id=subnets.vpc_id,
        private_subnet_ids=subnets.private,
        public_subnet_ids=subnets.public,
        admin_group_id=groups.admin.id,
        interval_group_id=groups.interval.id if groups.interval else None,
        forwarder_group_id=groups.forwarder.id if groups.forwarder else None,
        database=database.access,
        waits_for=[database.instance, groups, *subnets.made],
    )


def own_subnets(name: str, place: AwsAccount, options: Options, definitions: DefinitionsBucket) -> _Subnets:
    """Make a VPC."""
    public = options.interval_api_key is not None or options.can_be_forwarded
    zones = zones_of(options, place)
    # Guests have buckets, too. Which of them a function may use, its role says.
    buckets = definitions.bucket.arn if options.protected else f"arn:{place.partition}:s3:::flagstaff-*"
    args = NetworkArgs(name, place, options.vpc_cidr, zones, [buckets], public)
    network = Network("network", args)
    return _Subnets(
        network.vpc.id, network.private_subnet_ids, network.public_subnet_ids, network.s3_prefix_list_id, [network]
    )


def existing_subnets(options: Options, place: AwsAccount) -> _Subnets:
    """Return what the options say of a VPC that is there. Its private subnets have a way to S3 already."""
    s3 = aws.ec2.get_managed_prefix_list_output(name=f"com.amazonaws.{place.region}.s3")
    assert options.vpc_id
    return _Subnets(options.vpc_id, options.private_subnet_ids, options.public_subnet_ids, s3.id, [])


def database_args(
    name: str, options: Options, subnet_ids: Sequence[pulumi.Input[str]], group_id: pulumi.Input[str]
) -> DatabaseArgs:
    """Return what a database needs to know."""
    return DatabaseArgs(
        name=name,
        version=options.postgres_version,
        subnet_ids=subnet_ids,
        security_group_id=group_id,
        minimum_capacity=options.minimum_capacity,
        maximum_capacity=options.maximum_capacity,
        auto_pause_seconds=options.auto_pause_seconds,
        protected=options.protected,
    )
