"""How the process is: `GET /health` and `GET /ready`. Neither needs a key, neither asks the database."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.current import services
from api.http import Response, json_response
from api.memory.follower import DefinitionsFollower

blueprint = Blueprint("operations", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Answer the process answers."""
    return json_response(200, {"status": "ok"})


@blueprint.get("/ready")
def ready() -> Response:
    """Answer 200 when there are definitions to evaluate by, those of the default environment too, else 503."""
    facts = readiness(services().follower, services().settings.default_environment)
    return json_response(200 if facts["ready"] else 503, facts)


def readiness(follower: DefinitionsFollower, default: str) -> dict[str, Any]:
    """Say what is loaded, how old it is, whether edits are taken in, and the database's state.

    A default environment that does not exist is a mistake in the settings: most requests would be refused.
    """
    reachable = {True: "reachable", False: "unreachable", None: "unknown"}[follower.database_reachable]
    environments = {
        state.environment: {"revision": state.revision, "age": round(state.age, 3)} for state in follower.states()
    }
    facts = {
        "ready": default in follower.engines,
        "following": follower.following,
        "database": reachable,
        "environments": environments,
    }
    if environments and default not in environments:
        there = ", ".join(sorted(environments))
        facts["error"] = f"FLAGSTAFF_DEFAULT_ENVIRONMENT: there is no environment {default!r}, only {there}"
    return facts
