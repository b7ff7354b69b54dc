"""A stage as Pulumi's stack."""

from __future__ import annotations

import json
from typing import Any

from commands.programs import CommandError, ask, run

REGION = "aws:region"


class Stack:
    """One stack of the project."""

    def __init__(self, name: str) -> None:
        self._name = name

    def select(self) -> None:
        """Make the stack, unless it is there."""
        run("pulumi", "stack", "select", "--create", self._name)

    def region(self) -> str | None:
        """Return the stack's region; None if it has none yet."""
        config = json.loads(ask("pulumi", "config", "--json", "--stack", self._name) or "{}")
        region: str | None = config.get(REGION, {}).get("value")
        return region

    def set_region(self, region: str) -> None:
        """Keep the region in the stack's settings: a stage stays where it is, whatever the shell is set to."""
        ask("pulumi", "config", "set", REGION, region, "--stack", self._name)

    def up(self, *, confirm: bool) -> None:
        """Install what the program needs, and make what it declares."""
        run("pulumi", "install")
        run("pulumi", "up", "--stack", self._name, *yes(confirm))

    def refresh(self) -> None:
        """Have the state say what is there."""
        run("pulumi", "install")
        run("pulumi", "refresh", "--stack", self._name, "--yes")

    def destroy(self, *, confirm: bool) -> None:
        """Remove everything. What is protected is not, and Pulumi says so."""
        try:
            run("pulumi", "destroy", "--stack", self._name, *yes(confirm))
        except CommandError as error:
            raise CommandError(f"{error}; a protected stage takes more steps: docs/aws.md, Destroy") from error

    def outputs(self) -> dict[str, Any]:
        """Return what the stage says of itself, keys included. Raises CommandError where it says nothing."""
        said: dict[str, Any] = json.loads(
            ask("pulumi", "stack", "output", "--json", "--show-secrets", "--stack", self._name)
        )
        if not said:
            raise CommandError(f"{self._name} is not deployed: make deploy STAGE={self._name}")
        return said


def yes(confirm: bool) -> list[str]:
    """Return the option with which Pulumi asks nobody."""
    return [] if confirm else ["--yes"]
