"""What can be wrong with options that are right one by one."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from options import Options

OF_THE_HOST: Final = {
    "minimum_capacity": "minimumCapacity",
    "maximum_capacity": "maximumCapacity",
    "auto_pause_seconds": "autoPauseSeconds",
    "postgres_version": "postgresVersion",
    "availability_zones": "availabilityZones",
    "vpc_cidr": "vpcCidr",
    "vpc_id": "vpcId",
    "private_subnet_ids": "privateSubnetIds",
    "public_subnet_ids": "publicSubnetIds",
}
"""Options of the network and the cluster."""


def contradictions(options: Options) -> list[str]:
    """Return what is wrong with the options together."""
    problems = []
    if options.minimum_capacity > options.maximum_capacity:
        problems.append("flagstaff:minimumCapacity is larger than flagstaff:maximumCapacity")
    if (options.custom_domain is None) != (options.certificate_arn is None):
        problems.append("flagstaff:customDomain and flagstaff:certificateArn go together")
    if len(set(options.availability_zones)) not in (0, 2, 3):
        problems.append("flagstaff:availabilityZones must be two or three")
    return problems + sharing_contradictions(options) + vpc_contradictions(options) + jwt_contradictions(options)


def sharing_contradictions(options: Options) -> list[str]:
    """Return what is wrong with the options of a stage that uses another's network and cluster."""
    if options.share_with is None:
        return []
    problems = []
    if options.protected:
        problems.append("flagstaff:shareWith is for stages that are not protected")
    if options.share_with == options.stage:
        problems.append("flagstaff:shareWith names another stage than this one")
    set_too = [
        one.name
        for one in fields(options)
        if one.name in OF_THE_HOST and getattr(options, one.name) != one.metadata["default"]
    ]
    return problems + [
        f"flagstaff:shareWith leaves flagstaff:{OF_THE_HOST[name]} to the other stage" for name in set_too
    ]


def vpc_contradictions(options: Options) -> list[str]:
    """Return what is wrong with what is said of a VPC that is there."""
    if options.vpc_id is None:
        idle = options.private_subnet_ids or options.public_subnet_ids
        return ["flagstaff:privateSubnetIds and flagstaff:publicSubnetIds need flagstaff:vpcId"] if idle else []
    problems = []
    if len(set(options.private_subnet_ids)) < 2:
        problems.append("flagstaff:vpcId needs two flagstaff:privateSubnetIds, in two zones")
    if options.interval_api_key is not None and not options.public_subnet_ids:
        problems.append("flagstaff:vpcId and flagstaff:intervalApiKey need flagstaff:publicSubnetIds")
    if options.availability_zones:
        problems.append("flagstaff:availabilityZones are those of the subnets where flagstaff:vpcId is set")
    return problems


def jwt_contradictions(options: Options) -> list[str]:
    """Return what db/settings.py would refuse, said before anything is made."""
    admins = options.jwt_admin_claim or options.jwt_admin_users
    if options.jwt_public_key_parameter is None:
        idle = admins or options.jwt_audience or options.jwt_issuer or options.jwt_cookie
        return ["the other flagstaff:jwt options need flagstaff:jwtPublicKeyParameter"] if idle else []
    problems = []
    if options.jwt_audience is None:
        problems.append("flagstaff:jwtPublicKeyParameter needs flagstaff:jwtAudience")
    if not admins:
        problems.append("flagstaff:jwtPublicKeyParameter needs flagstaff:jwtAdminClaim or flagstaff:jwtAdminUsers")
    return problems
