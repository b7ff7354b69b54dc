"""The least that can be served: the server as we run it, with a function that reads the JSON and answers a constant.

What Flagstaff reaches beside it is what its evaluation costs; all else is the server's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from api import server
from api.counters import Table
from db.settings import Settings

ANSWER = orjson.dumps({"value": True, "reason": "SPLIT", "variant": "on"})
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Read the body as JSON and say the same thing always."""
    orjson.loads(environ["wsgi.input"].read())
    start_response("200 OK", HEADERS)
    return [ANSWER]


def load(settings: Settings, development: bool, counts: Table) -> Callable[..., Any]:
    """Takes the place of the function that makes our application in a worker."""
    return application


if __name__ == "__main__":
    server.load = load
    server.serve(Settings.from_env(os.environ))
