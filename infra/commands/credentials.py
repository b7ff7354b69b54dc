"""The shell's credentials, whichever way AWS's command line comes by them, for processes that read the environment."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from commands.programs import CommandError, ask

RENEW_BEFORE: Final = timedelta(minutes=5)


class Credentials(NamedTuple):
    """What processes sign with."""

    environment: dict[str, str]
    renew_at: datetime | None
    """When to export them anew; None: they are good for ever."""


def export() -> Credentials:
    """Return the credentials of this shell. Raises CommandError where it has none."""
    try:
        said = json.loads(ask("aws", "configure", "export-credentials", "--format", "process"))
    except CommandError as error:
        raise CommandError(f"AWS's command line exports no credentials (2.9 or newer does): {error}") from error
    expires = said.get("Expiration")
    environment = {
        "AWS_ACCESS_KEY_ID": said["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": said["SecretAccessKey"],
        "AWS_SESSION_TOKEN": said.get("SessionToken") or "",
    }
    return Credentials(environment, datetime.fromisoformat(expires) - RENEW_BEFORE if expires else None)
