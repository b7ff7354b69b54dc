"""Lets requests reach new versions of the functions that serve, once what is published for them can be evaluated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
from function import Function
from functions import Functions
from pulumi import ResourceOptions
from readiness import Readiness
from worker_starts import WorkerStarts

LIVE: Final = "live"
"""The alias of the version that answers requests."""


@dataclass(frozen=True)
class ReleaseArgs:
    """What there has to be before."""

    functions: Functions
    readiness: Readiness
    worker_starts: WorkerStarts


class Release(pulumi.ComponentResource):
    """Publishes everything anew with the new code, evaluates with it, and then points the aliases at it.

    Where one of these fails the deployment does, and the aliases stay at the versions that they had.
    """

    def __init__(self, name: str, args: ReleaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Release", name, None, opts)
        evaluation, admin = args.functions.evaluation, args.functions.admin
        # Anew with each version: another package may write and read other documents, as other settings may.
        versions = {"evaluation": evaluation.function.version, "admin": admin.function.version}
        triggers = {**versions, **args.readiness.triggers}
        publication = aws.lambda_.Invocation(
            "publication",
            function_name=args.functions.migration.name,
            input=json.dumps({"publish": True}),
            triggers=triggers,
            opts=ResourceOptions(parent=self, depends_on=[args.readiness.migration, args.worker_starts]),
        )
        self._check = aws.lambda_.Invocation(
            "check",
            function_name=evaluation.name,
            qualifier=evaluation.function.version,
            input=json.dumps({"check": "definitions"}),
            triggers=triggers,
            opts=ResourceOptions(parent=self, depends_on=[publication]),
        )
        self.aliases = {"evaluation": self._alias("evaluation", evaluation), "admin": self._alias("admin", admin)}
        self.register_outputs({})

    def _alias(self, part: str, function: Function) -> aws.lambda_.Alias:
        return aws.lambda_.Alias(
            part,
            name=LIVE,
            function_name=function.name,
            function_version=function.function.version,
            opts=ResourceOptions(parent=self, depends_on=[self._check]),
        )
