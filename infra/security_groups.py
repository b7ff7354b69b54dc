"""Who may open connections to whom inside the VPC: a group for each part, and rules that name groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
from database import PORT
from network import UNTIL_LAMBDA_LETS_GO
from pulumi import ResourceOptions

HTTPS: Final = 443


@dataclass(frozen=True)
class SecurityGroupsArgs:
    """What the groups need to know."""

    name: str
    vpc_id: pulumi.Input[str]
    s3_prefix_list_id: pulumi.Input[str]
    interval_ports: Sequence[int]
    """What the Interval process has to reach in the world; none where there is no such process."""
    with_forwarder: bool


class SecurityGroups(pulumi.ComponentResource):
    """The database's clients reach it, and S3; nobody is reached from outside."""

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:SecurityGroups", name, None, opts)
        self._child = ResourceOptions(parent=self)
        self._vpc_id = args.vpc_id
        self._name = args.name
        self.database = self._group("database", "Flagstaff: the database")
        self.admin = self._group("admin", "Flagstaff: the functions that use the database")
        self._let_reach("admin-to-database", self.admin, self.database)
        self._let_out("admin-to-s3", self.admin, HTTPS, prefix_list_id=args.s3_prefix_list_id)
        self.interval = self._interval(args.interval_ports) if args.interval_ports else None
        self.forwarder = self._forwarder() if args.with_forwarder else None
        self.register_outputs({})

    def _forwarder(self) -> aws.ec2.SecurityGroup:
        """Return the group of the task that `make stage-dev` starts: it reaches the database, and Session Manager."""
        group = self._group("forwarder", "Flagstaff: the way of a developer to the database")
        self._let_reach("forwarder-to-database", group, self.database)
        self._let_out("forwarder-to-world", group, HTTPS, cidr_ipv4="0.0.0.0/0")
        return group

    def _interval(self, ports: Sequence[int]) -> aws.ec2.SecurityGroup:
        group = self._group("interval", "Flagstaff: the Interval process")
        self._let_reach("interval-to-database", group, self.database)
        for port in ports:
            self._let_out(f"interval-to-world-{port}", group, port, cidr_ipv4="0.0.0.0/0")
        return group

    def _group(self, name: str, description: str) -> aws.ec2.SecurityGroup:
        """Return a group that allows nothing yet."""
        return aws.ec2.SecurityGroup(
            name,
            vpc_id=self._vpc_id,
            description=description,
            revoke_rules_on_delete=True,
            tags={"Name": f"{self._name}-{name}"},  # by which stages that share the network find it
            opts=ResourceOptions(parent=self, custom_timeouts=UNTIL_LAMBDA_LETS_GO),
        )

    def _let_reach(self, name: str, source: aws.ec2.SecurityGroup, target: aws.ec2.SecurityGroup) -> None:
        """Let members of one group open connections to the database's port of members of another, and nobody else."""
        self._let_out(name, source, PORT, referenced_security_group_id=target.id)
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target.id,
            referenced_security_group_id=source.id,
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            opts=self._child,
        )

    def _let_out(self, name: str, source: aws.ec2.SecurityGroup, port: int, **to: pulumi.Input[str]) -> None:
        """Let members of a group open connections to one port of a group, of a service of AWS or of anybody."""
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            **to,
            opts=self._child,
        )
