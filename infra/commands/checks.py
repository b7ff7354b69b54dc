"""What has to be there before a deployment: Pulumi, credentials that AWS takes, a region."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from commands.programs import CommandError, ask, is_there


class Account(NamedTuple):
    """Whose credentials these are."""

    number: str
    caller: str


def pulumi() -> None:
    """Raise CommandError unless Pulumi is installed, and knows where it keeps its state."""
    if not is_there("pulumi"):
        raise CommandError("Pulumi is not installed: https://www.pulumi.com/docs/install/")
    try:
        ask("pulumi", "whoami", "--non-interactive")
    except CommandError as error:
        raise CommandError(f"Pulumi has no backend (pulumi login, or pulumi login --local): {error}") from error


def account() -> Account:
    """Return whose credentials AWS takes. Raises CommandError where it takes none."""
    if not is_there("aws"):
        raise CommandError("AWS's command line is not installed: https://aws.amazon.com/cli/")
    try:
        said = json.loads(ask("aws", "sts", "get-caller-identity", "--output", "json"))
    except CommandError as error:
        raise CommandError(f"AWS takes no credentials of this shell (aws sso login, aws configure): {error}") from error
    return Account(said["Account"], said["Arn"])


def region() -> str:
    """Return the region that this shell is set to, for a stage that has none yet. Raises CommandError without one."""
    try:
        found = (
            os.environ.get("AWS_REGION")
            or os.environ.get("AWS_DEFAULT_REGION")
            or ask("aws", "configure", "get", "region")
        )
    except CommandError:
        found = ""
    if not found:
        raise CommandError("no region is set: AWS_REGION=eu-central-1 make deploy STAGE=...")
    return found
