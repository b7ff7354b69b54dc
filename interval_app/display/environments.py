"""Mark environments, so that nobody takes a protected one for another."""

from __future__ import annotations

from db.views import EnvironmentView


def marked(environment: EnvironmentView) -> str:
    """Name an environment; a protected one is not to be overlooked: "prod ⚠ PROTECTED"."""
    return f"{environment.key} ⚠ PROTECTED" if environment.protected else environment.key
