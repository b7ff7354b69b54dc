"""The five functions of a stage, what each may do, and which are updated first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import packages
import policies
import pulumi
import pulumi_aws as aws
from definitions import DefinitionsBucket
from foundation import Foundation
from function import AwsAccount, Function, FunctionArgs
from options import Options
from pulumi import ResourceOptions

ANSWERING_SECONDS = 29
"""The gateway gives up after 30."""
MIGRATING_SECONDS = 300
DOCUMENTING_SECONDS = 120
"""The document of 2,000,000 members takes a tenth of it."""
DOCUMENTING_MEMORY = 512
"""MB, of which it needs a tenth: what counts is the share of a CPU that comes with it."""
WORKERS = 2
"""How many may run at once: where edits come one after another, a document is made of several of them."""
CONCURRENCY_QUOTA = "L-B99A9384"
ORDINARY_QUOTA = 1000
"""Executions of an account. A new one has 10, of which Lambda lets none be set apart: a hundred have to be left.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""


@dataclass(frozen=True)
class FunctionsArgs:
    """What the functions need to know."""

    name: str
    place: AwsAccount
    options: Options
    definitions: DefinitionsBucket
    foundation: Foundation


class Functions(pulumi.ComponentResource):
    """Evaluation, control and worker outside the VPC; admin and migration in it, as the database's clients.

    Migration, control and worker are there first. Those that serve follow with `serve`, when the tables are theirs.
    """

    def __init__(self, name: str, args: FunctionsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Functions", name, None, opts)
        self._args = args
        self._jwt = jwt_environment(args.options)
        self._writing = [*args.definitions.publishing(), args.foundation.database.sign_in(args.place)]
        self.migration = self._function(
            "migration",
            packages.ADMIN,
            self._writing,
            memory=args.options.admin_memory,
            environment=args.foundation.database.environment(),
            in_vpc=True,
            timeout=MIGRATING_SECONDS,
        )
        self.control = self._function(
            "control",
            packages.CONTROL,
            [*args.definitions.reading_keys(), *self._controlling()],
            environment={**self._control_environment(), **self._jwt},
            timeout=MIGRATING_SECONDS,
        )
        # Before anything is published for it to read: it reads what earlier releases have published, too.
        self.worker = self._function(
            "worker",
            packages.WORKER,
            args.definitions.making_documents(),
            memory=DOCUMENTING_MEMORY,
            timeout=DOCUMENTING_SECONDS,
            concurrency=worker_concurrency(),
            traced=False,  # a trace a minute would cost more than the minutes
        )
        self.all = {"migration": self.migration, "control": self.control, "worker": self.worker}
        self.register_outputs({})

    def serve(self, migration: pulumi.Resource) -> None:
        """Add the functions that serve: new code of theirs comes after the migration that it relies on."""
        options = self._args.options
        self.evaluation = self._function(
            "evaluation",
            packages.EVALUATION,
            self._args.definitions.reading(),
            memory=options.evaluation_memory,
            migration=migration,
        )
        self.admin = self._function(
            "admin",
            packages.ADMIN,
            self._writing,
            memory=options.admin_memory,
            environment={**self._args.foundation.database.environment(), **self._jwt},
            in_vpc=True,
            migration=migration,
        )
        self.all |= {"evaluation": self.evaluation, "admin": self.admin}

    def _function(
        self,
        part: str,
        package: packages.Package,
        statements: Sequence[policies.Statement],
        *,
        memory: int = 256,
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        in_vpc: bool = False,
        timeout: int = ANSWERING_SECONDS,
        migration: pulumi.Resource | None = None,
        concurrency: int | None = None,
        traced: bool = True,
    ) -> Function:
        """Return a function; one that comes after the migration is reached by its versions."""
        args = self._args
        return Function(
            part,
            FunctionArgs(
                name=f"{args.name}-{part}",
                place=args.place,
                package=package,
                handler=f"api.aws.{part}_function.handler",
                memory=memory,
                timeout_seconds=timeout,
                python_version=args.options.python_version,
                log_retention_days=args.options.log_retention_days,
                tracing=args.options.tracing and traced,
                environment={**common_environment(args.options, args.definitions), **(environment or {})},
                statements=statements,
                subnet_ids=args.foundation.private_subnet_ids if in_vpc else (),
                security_group_ids=[args.foundation.admin_group_id] if in_vpc else (),
                after=[migration] if migration else (),
                versioned=migration is not None,
                concurrency=concurrency,
            ),
            ResourceOptions(parent=self),
        )

    def _controlling(self) -> list[policies.Statement]:
        """Return the brake on one function, and SQL on one database with the secret that only the Data API reads."""
        database = self._args.foundation.database
        evaluation = self._args.place.arn("lambda", f"function:{self._args.name}-evaluation")
        brake = policies.allow(["lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"], [evaluation])
        if self._args.foundation.host:
            return [brake]  # the host's control function makes a guest's database
        return [
            brake,
            policies.allow(["rds-data:ExecuteStatement"], [database.cluster_arn]),
            policies.allow(["secretsmanager:GetSecretValue"], [database.secret_arn]),
        ]

    def _control_environment(self) -> dict[str, pulumi.Input[str]]:
        database = self._args.foundation.database
        brake = {"FLAGSTAFF_EVALUATION_FUNCTION": f"{self._args.name}-evaluation"}
        if self._args.foundation.host:
            return {**brake}
        return {
            **brake,
            "FLAGSTAFF_CLUSTER_ARN": database.cluster_arn,
            "FLAGSTAFF_SECRET_ARN": database.secret_arn,
            "FLAGSTAFF_DATABASE_NAME": database.name,
            "FLAGSTAFF_DATABASE_ROLE": database.role,
        }


def worker_concurrency() -> int | None:
    """Return how many workers may run at once; None where the account has too few executions to set some apart."""
    quota = aws.servicequotas.get_service_quota(service_code="lambda", quota_code=CONCURRENCY_QUOTA)
    return WORKERS if quota.value >= ORDINARY_QUOTA else None


def common_environment(options: Options, definitions: DefinitionsBucket) -> dict[str, pulumi.Input[str]]:
    """Return the settings of every process of a stage (db/settings.py); AWS_REGION comes from AWS itself."""
    return {
        "FLAGSTAFF_STAGE": options.stage,
        "FLAGSTAFF_DEFINITIONS_BUCKET": definitions.bucket.bucket,
        "FLAGSTAFF_DEFAULT_ENVIRONMENT": options.default_environment,
        "FLAGSTAFF_EVALUATION": options.evaluation,
        "FLAGSTAFF_OPEN_SEES": options.open_sees,
        "FLAGSTAFF_NEW_FLAGS": options.new_flags,
        "FLAGSTAFF_REFRESH_SECONDS": f"{options.refresh_seconds:g}",
        "FLAGSTAFF_BUCKETING": options.bucketing,
    }


def jwt_environment(options: Options) -> dict[str, pulumi.Input[str]]:
    """Return the settings of administrators' tokens; none where no public key is named."""
    if options.jwt_public_key_parameter is None:
        return {}
    parameter = aws.ssm.get_parameter_output(name=options.jwt_public_key_parameter)
    settings = {
        "FLAGSTAFF_JWT_PUBLIC_KEY": pulumi.Output.unsecret(parameter.value),  # whoever knows it can but check tokens
        "FLAGSTAFF_JWT_AUDIENCE": options.jwt_audience,
        "FLAGSTAFF_JWT_ISSUER": options.jwt_issuer,
        "FLAGSTAFF_JWT_ADMIN_CLAIM": options.jwt_admin_claim,
        "FLAGSTAFF_JWT_ADMIN_USERS": options.jwt_admin_users,
        "FLAGSTAFF_JWT_COOKIE": options.jwt_cookie,
    }
    return {name: value for name, value in settings.items() if value is not None}
