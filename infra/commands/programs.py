"""Other programs, run where the project is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
STOP_SECONDS: Final = 15
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals by which people, and terminals that are closed, end a command."""


class CommandError(RuntimeError):
    """Something is missing or went wrong; the text says what, and what to do."""


def is_there(program: str) -> bool:
    """Tell whether a program is on the PATH."""
    return shutil.which(program) is not None


def ask(*command: str) -> str:
    """Return what a program prints. Raises CommandError with its own words."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise CommandError((done.stderr or done.stdout).strip() or f"{' '.join(command[:2])} failed")
    return done.stdout.strip()


def ask_aws(region: str, *command: str) -> Any:
    """Return what AWS's command line says in a region, read as JSON; None where it says nothing."""
    said = ask("aws", *command, "--region", region, "--output", "json")
    return json.loads(said) if said else None


def run(*command: str) -> None:
    """Let a program talk to whoever is there. Raises CommandError where it fails; it has said why."""
    if subprocess.run(command, cwd=ROOT).returncode:
        raise CommandError(f"{' '.join(command[:2])} failed, as it says above")


def start(*command: str, env: Mapping[str, str] | None = None, quiet: bool = False) -> subprocess.Popen[bytes]:
    """Return a program that runs until `stop`, or its own end. Ctrl-C does not reach it: it is stopped in its turn."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdout=output, start_new_session=True)


def stop(program: subprocess.Popen[bytes]) -> None:
    """End a program and what it has started, and return when it has ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(program.pid, number)
            program.wait(STOP_SECONDS)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let signals take effect at the end of the block: what is done in it is done as a whole."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
