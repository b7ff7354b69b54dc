"""The network and the database cluster of another stage, for a stage that costs little and is there in two minutes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi_aws as aws
from database import DatabaseAccess
from foundation import Foundation
from options import OptionError, Options
from pulumi import Output, Resource, ResourceOptions


def shared_foundation(name: str, options: Options) -> Foundation:
    """Return what a guest uses of its host, found in AWS by name, so that neither needs the other's Pulumi state.

    It has a database and a role of its own, both called as the guest is. Raises OptionError where the option names no
    stage that can be a host.
    """
    host = f"flagstaff-{options.share_with}"
    if _has_cluster(name):
        text = f"{options.stage} has a cluster of its own: destroy it first, or make another stage"
        raise OptionError(f"flagstaff:shareWith can't be {options.share_with}: {text}")
    cluster = _found(options, "a database cluster", lambda: aws.rds.get_cluster(cluster_identifier=host))
    if cluster.deletion_protection:
        raise OptionError(f"flagstaff:shareWith can't be {options.share_with}: that stage is protected")
    subnets = aws.rds.get_subnet_group(name=cluster.db_subnet_group_name)
    with_interval = options.interval_api_key is not None
    public = _public_subnets(options, subnets.vpc_id)
    if with_interval and not public:
        text = f"{options.share_with} has no public subnets of its own, which flagstaff:intervalApiKey needs"
        raise OptionError(f"flagstaff:shareWith can't be {options.share_with}: {text}")
    return Foundation(
        vpc_id=subnets.vpc_id,
        private_subnet_ids=subnets.subnet_ids,
        public_subnet_ids=public,
        admin_group_id=_group(options, subnets.vpc_id, "admin"),
        interval_group_id=_group(options, subnets.vpc_id, "interval") if with_interval else None,
        forwarder_group_id=_group(options, subnets.vpc_id, "forwarder") if public else None,
        database=DatabaseAccess(
            Output.from_input(cluster.arn),
            Output.from_input(cluster.cluster_resource_id),
            Output.from_input(cluster.endpoint),
            Output.from_input(""),
            name=name,
            role=name,
        ),
        waits_for=[],
        host=host,
    )


def shared_ecs_cluster(options: Options) -> str:
    """Return the ARN of the host's ECS cluster. Raises OptionError where it has none."""
    name = f"flagstaff-{options.share_with}-interval"
    arn: str = _found(options, "an Interval process", lambda: aws.ecs.get_cluster(cluster_name=name)).arn
    return arn


def watch_guests(control: str, after: list[Resource]) -> None:
    """Have `pulumi destroy` of a host fail before anything of it goes, while other stages use its database.

    The control function is asked when this resource is removed: first of all that it comes after, and when a stage
    becomes protected.
    """
    aws.lambda_.Invocation(
        "guests",
        function_name=control,
        input=json.dumps({"guests": "may come"}),
        lifecycle_scope="CRUD",
        opts=ResourceOptions(depends_on=after),
    )


def _has_cluster(name: str) -> bool:
    # Not `get_cluster`: Pulumi keeps the error of a look-up that fails, and ends with it even where it was handled.
    called = aws.rds.GetClustersFilterArgs(name="db-cluster-id", values=[name])
    return bool(aws.rds.get_clusters(filters=[called]).cluster_identifiers)


def _group(options: Options, vpc_id: str, part: str) -> str:
    name = f"flagstaff-{options.share_with}-{part}"
    what = f"a security group called {name}: with this version, deploy that stage anew"
    found = _found(options, what, lambda: aws.ec2.get_security_group(vpc_id=vpc_id, tags={"Name": name}))
    id_: str = found.id
    return id_


def _public_subnets(options: Options, vpc_id: str) -> list[str]:
    called = aws.ec2.GetSubnetsFilterArgs(name="tag:Name", values=[f"flagstaff-{options.share_with}-public-*"])
    in_vpc = aws.ec2.GetSubnetsFilterArgs(name="vpc-id", values=[vpc_id])
    return sorted(aws.ec2.get_subnets(filters=[called, in_vpc]).ids)


def _found(options: Options, what: str, look_up: Callable[[], Any]) -> Any:
    """Return what AWS knows. Raises OptionError with AWS's own words where it knows nothing."""
    try:
        return look_up()
    except Exception as error:
        text = f"in this account and region that stage does not have {what} ({error})"
        raise OptionError(f"flagstaff:shareWith can't be {options.share_with}: {text}") from error
