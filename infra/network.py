"""The VPC of a stage: private subnets for the database and its clients, and public ones where something dials out."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import policies
import pulumi
import pulumi_aws as aws
from function import AwsAccount
from pulumi import ResourceOptions

UNTIL_LAMBDA_LETS_GO: Final = pulumi.CustomTimeouts(delete="60m")
"""Lambda keeps the network interfaces of functions that are gone for 20 minutes and more."""
ZONE_LETTERS: Final = "abcdefgh"
"""Every zone has its own part of the addresses, so that another choice of zones takes no addresses that are in use."""


@dataclass(frozen=True)
class NetworkArgs:
    """What a network needs to know."""

    name: str
    place: AwsAccount
    cidr: str
    availability_zones: Sequence[str]
    bucket_arns: Sequence[pulumi.Input[str]]
    """The buckets that can be reached from inside."""
    with_public_subnets: bool


class Network(pulumi.ComponentResource):
    """A VPC without a way in. Its private subnets reach S3, by a gateway endpoint that is free, and nothing else."""

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Network", name, None, opts)
        self._label = name
        self._child = ResourceOptions(parent=self)
        self._args = args
        self.vpc = aws.ec2.Vpc(
            name,
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": args.name},
            opts=self._child,
        )
        # Whatever is put into the VPC without a group of its own gets this one, which allows nothing.
        aws.ec2.DefaultSecurityGroup(name, vpc_id=self.vpc.id, ingress=[], egress=[], opts=self._child)
        private_routes = aws.ec2.RouteTable(f"{name}-private", vpc_id=self.vpc.id, opts=self._child)
        self.private_subnet_ids = self._subnets("private", private_routes)
        self.s3_prefix_list_id = self._s3_endpoint(private_routes).prefix_list_id
        self.public_subnet_ids = self._public() if args.with_public_subnets else []
        self.register_outputs({"vpcId": self.vpc.id})

    def _subnets(self, kind: str, routes: aws.ec2.RouteTable) -> list[pulumi.Output[str]]:
        ids = []
        for zone in self._args.availability_zones:
            label = f"{self._label}-{kind}-{zone[-1]}"
            subnet = aws.ec2.Subnet(
                label,
                vpc_id=self.vpc.id,
                availability_zone=zone,
                cidr_block=addresses(self._args.cidr, kind, zone),
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._args.name}-{kind}-{zone[-1]}"},
                opts=ResourceOptions(parent=self, custom_timeouts=UNTIL_LAMBDA_LETS_GO),
            )
            aws.ec2.RouteTableAssociation(label, subnet_id=subnet.id, route_table_id=routes.id, opts=self._child)
            ids.append(subnet.id)
        return ids

    def _s3_endpoint(self, routes: aws.ec2.RouteTable) -> aws.ec2.VpcEndpoint:
        objects = [pulumi.Output.concat(pulumi.Output.from_input(arn), "/*") for arn in self._args.bucket_arns]
        own = {"StringEquals": {"aws:ResourceAccount": self._args.place.account}}
        statement = policies.allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], objects)
        return aws.ec2.VpcEndpoint(
            f"{self._label}-s3",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self._args.place.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            policy=policies.document([{**statement, "Principal": "*", "Condition": own}]),
            opts=self._child,
        )

    def _public(self) -> list[pulumi.Output[str]]:
        gateway = aws.ec2.InternetGateway(self._label, vpc_id=self.vpc.id, opts=self._child)
        routes = aws.ec2.RouteTable(
            f"{self._label}-public",
            vpc_id=self.vpc.id,
            routes=[aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", gateway_id=gateway.id)],
            opts=self._child,
        )
        return self._subnets("public", routes)


def addresses(cidr: str, kind: str, zone: str) -> str:
    """Return the sixteenth of a VPC's addresses that is a zone's: private subnets have the first half, public ones the
    second.
    """
    parts = list(ipaddress.ip_network(cidr).subnets(prefixlen_diff=4))
    first = 0 if kind == "private" else len(ZONE_LETTERS)
    return str(parts[first + ZONE_LETTERS.index(zone[-1])])
