"""The Interval dashboard beside `make run`: a process of its own, started where there is a key for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from db.settings import Settings

STOP_SECONDS = 10

NO_KEY = (
    "Dashboard: set INTERVAL_API_KEY and INTERVAL_SERVER_ENDPOINT to start it too; an Interval server makes keys "
    "under Keys (docs/interval.md)"
)


@contextmanager
def dashboard(settings: Settings) -> Iterator[str]:
    """Run the dashboard for the time of the block, and give the line that says so; without a key, how to get one.

    If it ends by itself, it says why in one line, and the service goes on without it.
    """
    if settings.interval_api_key is None:
        yield NO_KEY
        return
    environment = {**os.environ, "FLAGSTAFF_DATABASE_URL": settings.database_url or ""}
    process = subprocess.Popen([sys.executable, "-m", "interval_app"], env=environment)
    try:
        yield f"Dashboard: connecting to {settings.interval_server_endpoint or 'an Interval server'}"
    finally:
        process.terminate()  # after Ctrl-C this is its second signal, at which it waits for nobody
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
