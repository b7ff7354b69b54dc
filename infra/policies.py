"""IAM documents. A statement always lists its actions and its resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]


def allow(actions: Sequence[str], resources: Sequence[Any], **conditions: Any) -> Statement:
    """Return a statement that allows these actions on these resources (ARNs, known or to come)."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": conditions} if conditions else statement


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """Return the policy of these statements."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def assumed_by(service: str) -> pulumi.Output[str]:
    """Return who may take a role on: this service of AWS."""
    principal = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return document([principal])
