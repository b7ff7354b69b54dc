"""Where the database, the admin function and the Interval task are: private subnets, and public ones for the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import policies
import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

ADDRESSES = "10.71.0.0/16"
HTTPS = 443


@dataclass(frozen=True)
class NetworkArgs:
    """What a network needs to know."""

    name: str
    region: str
    availability_zones: Sequence[str]
    definitions_bucket_arn: pulumi.Input[str]
    """The one bucket that can be reached from inside."""
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
            cidr_block=ADDRESSES,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": args.name},
            opts=self._child,
        )
        # Whatever is put into the VPC without a group of its own gets this one, which allows nothing.
        aws.ec2.DefaultSecurityGroup(name, vpc_id=self.vpc.id, ingress=[], egress=[], opts=self._child)
        private_routes = aws.ec2.RouteTable(f"{name}-private", vpc_id=self.vpc.id, opts=self._child)
        self.private_subnets = self._subnets("private", private_routes, first=0)
        self.endpoint = self._s3_endpoint(private_routes)
        self.public_subnets = self._public() if args.with_public_subnets else []
        self.register_outputs({"vpcId": self.vpc.id})

    def security_group(self, name: str, description: str) -> aws.ec2.SecurityGroup:
        """Return a group that allows nothing yet."""
        return aws.ec2.SecurityGroup(
            name,
            vpc_id=self.vpc.id,
            description=description,
            revoke_rules_on_delete=True,
            opts=self._child,
        )

    def let_reach(self, name: str, source: aws.ec2.SecurityGroup, target: aws.ec2.SecurityGroup, port: int) -> None:
        """Let members of one group open connections to a port of members of another, and nobody else."""
        ports = {"ip_protocol": "tcp", "from_port": port, "to_port": port}
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            referenced_security_group_id=target.id,
            **ports,
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target.id,
            referenced_security_group_id=source.id,
            **ports,
            opts=self._child,
        )

    def let_reach_s3(self, name: str, source: aws.ec2.SecurityGroup) -> None:
        """Let members of a group open connections to S3, through the endpoint."""
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            prefix_list_id=self.endpoint.prefix_list_id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            opts=self._child,
        )

    def let_reach_the_world(self, name: str, source: aws.ec2.SecurityGroup, port: int) -> None:
        """Let members of a group open connections to a port of anybody; it takes a public subnet, too."""
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )

    def _subnets(self, kind: str, routes: aws.ec2.RouteTable, *, first: int) -> list[aws.ec2.Subnet]:
        subnets = []
        for index, zone in enumerate(self._args.availability_zones):
            subnet = aws.ec2.Subnet(
                f"{self._label}-{kind}-{index}",
                vpc_id=self.vpc.id,
                availability_zone=zone,
                cidr_block=f"10.71.{first + index}.0/24",
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._args.name}-{kind}-{index}"},
                opts=self._child,
            )
            aws.ec2.RouteTableAssociation(
                f"{self._label}-{kind}-{index}", subnet_id=subnet.id, route_table_id=routes.id, opts=self._child
            )
            subnets.append(subnet)
        return subnets

    def _s3_endpoint(self, routes: aws.ec2.RouteTable) -> aws.ec2.VpcEndpoint:
        bucket = pulumi.Output.from_input(self._args.definitions_bucket_arn)
        statement = policies.allow(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [pulumi.Output.concat(bucket, "/*")]
        )
        return aws.ec2.VpcEndpoint(
            f"{self._label}-s3",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self._args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            policy=policies.document([{**statement, "Principal": "*"}]),
            opts=self._child,
        )

    def _public(self) -> list[aws.ec2.Subnet]:
        gateway = aws.ec2.InternetGateway(self._label, vpc_id=self.vpc.id, opts=self._child)
        routes = aws.ec2.RouteTable(
            f"{self._label}-public",
            vpc_id=self.vpc.id,
            routes=[aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", gateway_id=gateway.id)],
            opts=self._child,
        )
        return self._subnets("public", routes, first=100)
