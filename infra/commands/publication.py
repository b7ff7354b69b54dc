"""What programs read, published again from the database."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from commands import checks
from commands.programs import CommandError, ask_aws
from commands.stack import Stack

READ_SECONDS: Final = 310
"""Longer than the migration function may run."""


def publish(stage: str, *, confirm: bool) -> None:
    """Write everything to the stage's bucket, whatever is there."""
    checks.pulumi()
    checks.account()
    stack = Stack(stage)
    region = stack.region()
    if region is None:
        raise CommandError(f"{stage} is not deployed: make deploy STAGE={stage}")
    said = invoke(region, f"flagstaff-{stage}-migration", {"publish": True})
    for environment, revision in sorted(said["published"].items()):
        print(f"{environment} is published at revision {revision}")


def invoke(region: str, function: str, event: object) -> dict[str, dict[str, int]]:
    """Return what a function answers. Raises CommandError with the error that it raised."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "event"), Path(folder, "answer")
        asked.write_text(json.dumps(event))
        # A file, because AWS's command line takes text as it is in version 1 and in base64 in version 2.
        how = ("--payload", f"fileb://{asked}", "--cli-read-timeout", str(READ_SECONDS))
        outcome = ask_aws(region, "lambda", "invoke", "--function-name", function, *how, str(answered))
        said: dict[str, dict[str, int]] = json.loads(answered.read_text())
    if outcome.get("FunctionError"):
        raise CommandError(f"{function} failed: {json.dumps(said)[:1000]}")
    return said
