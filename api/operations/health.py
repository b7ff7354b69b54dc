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
    """The process answers."""
    return json_response(200, {"status": "ok"})


@blueprint.get("/ready")
def ready() -> Response:
    """200 when there are definitions to evaluate by, else 503."""
    follower = services().follower
    return json_response(200 if follower.engines else 503, readiness(follower))


def readiness(follower: DefinitionsFollower) -> dict[str, Any]:
    """What is loaded, how old it is, whether edits are taken in, and the database's state."""
    reachable = {True: "reachable", False: "unreachable", None: "unknown"}[follower.database_reachable]
    environments = {
        state.environment: {"revision": state.revision, "age": round(state.age, 3)} for state in follower.states()
    }
    return {
        "ready": bool(follower.engines),
        "following": follower.following,
        "database": reachable,
        "environments": environments,
    }
