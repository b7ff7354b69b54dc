"""Environments that only some tests need: made by the first test that does, so that others need not wait for them."""

from __future__ import annotations

import fcntl
import subprocess
from functools import cache
from pathlib import Path

from tests.processes import ROOT


@cache
def environment(name: str) -> Path:
    """Make `.venv-NAME`, where it can be made, and give its folder; `is_ready` tells whether it was."""
    with (ROOT / ".venv" / ".making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process of this run may be at it
        subprocess.run(["make", "--silent", f".venv-{name}/.ready"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return ROOT / f".venv-{name}"


def python_of(name: str) -> str:
    """The Python of `.venv-NAME`."""
    return str(environment(name) / "bin" / "python")


def is_ready(name: str) -> bool:
    """Whether `.venv-NAME` is there; without Node or Go, those that need them are not."""
    return (environment(name) / ".ready").exists()
