"""The least that can be served: the server as we run it, with a function that reads the JSON and answers a constant.

What Flagstaff reaches beside it is what its evaluation costs; all else is the server's. `FLAGSTAFF_SERVER` chooses the
interface, as for Flagstaff.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from granian.rsgi import HTTPProtocol, Scope

from api.serving import server
from api.telemetry.counters import Table
from db.settings import Settings

ANSWER = orjson.dumps({"value": True, "reason": "SPLIT", "variant": "on"})
HEADERS = [("Content-Type", "application/json")]


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Read the body as JSON and say the same thing always."""
    orjson.loads(environ["wsgi.input"].read())
    start_response("200 OK", [*HEADERS, ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]


async def rsgi(_scope: Scope, protocol: HTTPProtocol) -> None:
    """Do the same in an event loop."""
    orjson.loads(await protocol())
    protocol.response_bytes(200, HEADERS, ANSWER)


def load(settings: Settings, development: bool, counts: Table) -> Any:
    """Take the place of the function that makes our application in a worker."""
    return wsgi if settings.server == "wsgi" else rsgi


if __name__ == "__main__":
    server.load = load
    server.serve(Settings.from_env(os.environ))
