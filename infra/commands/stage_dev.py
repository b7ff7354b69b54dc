"""The API and the dashboard on this machine, with the database and the bucket of a stage."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from commands import checks, credentials
from commands.forwarding import Session, Way, free_port
from commands.programs import ENDING, CommandError, is_there, start, stop
from commands.stack import Stack

LOOK_SECONDS: Final = 0.5
LEAST_BETWEEN: Final = timedelta(seconds=10)
"""Between two exports of credentials, whatever they say of their end."""
PLUGIN: Final = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)
NO_DASHBOARD: Final = "Dashboard: set INTERVAL_API_KEY and INTERVAL_SERVER_ENDPOINT to have it here too"


def stage_dev(stage: str, *, confirm: bool) -> None:
    """Serve until Ctrl-C, and leave nothing running in AWS."""
    checks.pulumi()
    account = checks.account()
    said = Stack(stage).outputs().get("forwarding")
    if said is None:
        why = "it is protected, or in a VPC of yours without publicSubnetIds"
        raise CommandError(f"nobody is let to the database of {stage} from outside: {why}")
    if not is_there("session-manager-plugin"):
        raise CommandError(f"Session Manager's plugin for AWS's command line is not installed: {PLUGIN}")
    print(f"Starting a task in account {account.number}, for the way to the database of {stage} ...", flush=True)
    try:
        with ended_by_signals():
            serve(stage, said)
    except KeyboardInterrupt:
        print("Stopped.", flush=True)


def serve(stage: str, said: Mapping[str, Any]) -> None:
    """Start the task, the session and the processes, keep them going, and end them all."""
    way, port = Way(said["settings"]["AWS_REGION"], said), free_port()
    with way.task() as task, closing(Session(way, task, port)) as session:
        print(f"Keys: make outputs STAGE={stage}", flush=True)
        while True:
            held = credentials.export()
            with processes({**settings(said["settings"], port), **held.environment}) as api:
                keep(session, api, held.renew_at)


def keep(session: Session, api: subprocess.Popen[bytes], until: datetime | None) -> None:
    """Wait until the credentials end. Raises CommandError where something else does."""
    least = datetime.now(UTC) + LEAST_BETWEEN
    while until is None or datetime.now(UTC) < max(until, least):
        session.keep()
        if api.poll() is not None:
            raise CommandError("the API has ended, as it says above")
        time.sleep(LOOK_SECONDS)


def settings(said: Mapping[str, str], port: int) -> dict[str, str]:
    """Return the settings of the processes: those of the stage, with the forwarded port as the way to its database.

    The server that is verified, and that tokens are signed for, is the stage's all the same (db/postgres/iam.py).
    """
    url = said["FLAGSTAFF_DATABASE_URL"]
    way = f"{'&' if '?' in url else '?'}hostaddr=127.0.0.1&port={port}"
    here = f"http://{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8080')}"
    # This command's own PYTHONPATH has modules whose names others may have.
    return {**said, "FLAGSTAFF_DATABASE_URL": url + way, "FLAGSTAFF_PUBLIC_URL": here, "PYTHONPATH": ""}


@contextmanager
def processes(env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the API for the time of the block and, where there is a key for it, the dashboard. Gives the API.

    A dashboard that ends says why, and the API goes on.
    """
    running = [start(sys.executable, "-m", "api.aws.local", env=env)]
    try:
        if os.environ.get("INTERVAL_API_KEY"):
            running.append(start(sys.executable, "-m", "interval_app", env=env))
        else:
            print(NO_DASHBOARD, flush=True)
        yield running[0]
    finally:
        for program in running:
            stop(program)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """End the block at the first signal; those that follow are not heard, because it is ending already."""

    def end(*_: object) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    yield
