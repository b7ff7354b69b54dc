"""Another commit of this project, measured beside today's in the same run: `BASE=COMMIT make benchmark`."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".base"
"""Where other commits are checked out. Git ignores it, and `make clean` removes it."""


class Checkout(NamedTuple):
    """A commit in a folder of its own, with an environment of its own."""

    name: str
    """As tables show it."""
    folder: Path
    python: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables by which its Python imports its own code, and none of today's."""
        return {"PYTHONPATH": f"{self.folder}{os.pathsep}{self.folder / 'sdk' / 'src'}"}


TODAY = Checkout("Flagstaff", ROOT, sys.executable)


@cache
def base() -> Checkout | None:
    """The commit that the environment variable BASE names, checked out and installed; None where it names none.

    Raises CalledProcessError for a commit that there is not.
    """
    if not (name := os.environ.get("BASE", "")):
        return None
    commit = _git("rev-parse", "--verify", f"{name}^{{commit}}")
    folder = FOLDER / commit[:12]
    checkout = Checkout(f"Flagstaff at {commit[:7]}", folder, str(folder / ".venv" / "bin" / "python"))
    if not folder.exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--detach", "--force", str(folder), commit)
    if not (folder / ".venv" / ".installed").exists():
        _install(checkout)
    return checkout


def checkouts() -> list[Checkout]:
    """Today's, and the one beside it."""
    return [TODAY, *filter(None, [base()])]


def _install(checkout: Checkout) -> None:
    print(f"Installing {checkout.name} ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", checkout.folder / ".venv"], check=True)
    pip = [checkout.python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, "--require-hashes", "--requirement", "requirements/run.txt"], cwd=checkout.folder, check=True)
    (checkout.folder / ".venv" / ".installed").touch()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()
