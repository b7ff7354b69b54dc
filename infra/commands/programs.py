"""Other programs, run where the project is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


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


def run(*command: str) -> None:
    """Let a program talk to whoever is there. Raises CommandError where it fails; it has said why."""
    if subprocess.run(command, cwd=ROOT).returncode:
        raise CommandError(f"{' '.join(command[:2])} failed, as it says above")
