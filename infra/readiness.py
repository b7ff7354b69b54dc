"""What has to be done in the database before new code may use it: its role, its tables, its first keys."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from database import DatabaseAccess
from foundation import Foundation
from functions import Functions
from pulumi import Output, ResourceOptions

SHOWN_CHARACTERS = 6
"""As many of a key's own characters as db/administration/keys.py keeps for lists."""


@dataclass(frozen=True)
class ReadinessArgs:
    """What there has to be before."""

    functions: Functions
    foundation: Foundation
    default_environment: str


FIRST_ENVIRONMENT: Final = "prod"
"""The default environment where the option names none."""


class Readiness(pulumi.ComponentResource):
    """Calls the control function once for the role, and the migration function whenever its package is another.

    A guest calls its host's control function, which makes a database and a role for it.

    Nothing is published: `release` does that, when the functions that read it are the new ones.
    """

    def __init__(self, name: str, args: ReadinessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Readiness", name, None, opts)
        self._child = ResourceOptions(parent=self)
        self.admin_key = self._secret("admin")
        self.server_key = self._secret("server", args.default_environment)
        database, waits_for = args.foundation.database, list(args.foundation.waits_for)
        role = self._guest(args.foundation.host, database) if args.foundation.host else self._role(args)
        keys = [
            first_key("first admin key", "admin", None, self.admin_key),
            first_key("first server key", "server", args.default_environment, self.server_key),
        ]
        # Hashes of random keys say nothing of them: the input may be shown.
        asked = pulumi.Output.unsecret(pulumi.Output.json_dumps({"firstKeys": keys, "publish": False}))
        self.migration = aws.lambda_.Invocation(
            "migrations",
            function_name=args.functions.migration.name,
            input=asked,
            triggers={"package": args.functions.migration.digest, "cluster": database.resource_id},
            # The function's ways to the database and to S3 have to be there too.
            opts=ResourceOptions(parent=self, depends_on=[role, *waits_for]),
        )
        self.triggers = {"keys": asked, "cluster": database.resource_id}
        """Another text whenever the database holds something else because of the deployment."""
        self.register_outputs({})

    def _role(self, args: ReadinessArgs) -> aws.lambda_.Invocation:
        return aws.lambda_.Invocation(
            "role",
            function_name=args.functions.control.name,
            input=json.dumps({"create": "role"}),
            triggers={"cluster": args.foundation.database.resource_id},
            opts=ResourceOptions(parent=self, depends_on=list(args.foundation.waits_for)),
        )

    def _guest(self, host: str, database: DatabaseAccess) -> aws.lambda_.Invocation:
        """Have the host make the database, and drop it when this resource goes.

        The cluster is in the input, because another trigger would make the database anew and then drop it.
        """
        return aws.lambda_.Invocation(
            "guest",
            function_name=f"{host}-control",
            input=Output.json_dumps({"guest": database.name, "cluster": database.resource_id}),
            lifecycle_scope="CRUD",
            opts=ResourceOptions(parent=self),
        )

    def _secret(self, scope: str, environment: str = FIRST_ENVIRONMENT) -> pulumi.Output[str]:
        """Return a key that is made once for an environment, and kept in the stack's state as a secret."""
        # A key is bound to its environment, so another default environment needs another key.
        keepers = None if environment == FIRST_ENVIRONMENT else {"environment": environment}
        made = random.RandomPassword(f"{scope}-key", length=43, special=False, keepers=keepers, opts=self._child)
        return pulumi.Output.secret(pulumi.Output.concat(f"fs_{scope}_", made.result))


def first_key(name: str, scope: str, environment: str | None, secret: pulumi.Output[str]) -> pulumi.Output[object]:
    """Return what the database is told of a key: not the key."""
    shown = len(f"fs_{scope}_") + SHOWN_CHARACTERS
    return secret.apply(
        lambda text: {
            "name": name,
            "scope": scope,
            "environment": environment,
            "prefix": text[:shown],
            "hash": hashlib.sha256(text.encode()).hexdigest(),
        }
    )
