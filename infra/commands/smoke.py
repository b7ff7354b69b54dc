"""Whether a stage answers: the first flag of a new one is made and evaluated, one flag of any other is evaluated."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

from commands.programs import CommandError

FIRST: Final = "first-flag"
BETWEEN_SECONDS: Final = 2.0
WAIT_SECONDS: Final = 60.0
"""For a database that wakes, and for an edit to be seen."""
REFUSED: Final = 401


def evaluate(url: str, admin_key: str, server_key: str) -> str:
    """Return which flag was evaluated, and to what. Raises CommandError where none can be.

    A flag that is not boolean gets the default value back, for the reason ERROR: it was evaluated all the same.
    The first keys may have been revoked since, as they should be: then only that the stage answers is known.
    """
    admin, server = {"X-Admin-API-Key": admin_key}, {"X-API-Key": server_key}
    status, flags = patiently("GET", f"{url}/api/admin/flags", admin)
    if status == REFUSED:
        return "The first admin key is revoked, so no flag was evaluated. The API answers."
    key = flags["flags"][0]["key"] if flags["flags"] else make_first(url, admin)
    asked = {"flagKey": key, "defaultValue": False, "context": {"targetingKey": "somebody"}}
    until = time.monotonic() + WAIT_SECONDS
    while True:
        status, answer = patiently("POST", f"{url}/feature-flag/evaluate", server, asked)
        if status == REFUSED:
            return "The first server key is revoked, so no flag was evaluated. The API answers."
        # A flag that was made just now is not there before the next look at S3.
        if answer.get("errorCode") != "FLAG_NOT_FOUND":
            return f"{key} evaluates to {json.dumps(answer.get('value'))} ({answer.get('reason')})"
        if time.monotonic() > until:
            raise CommandError(f"{key} is still not known to those who evaluate: is it published?")
        time.sleep(BETWEEN_SECONDS)


def make_first(url: str, admin: Mapping[str, str]) -> str:
    """Make a flag that is on, and return its key."""
    patiently("POST", f"{url}/api/admin/flags", admin, {"key": FIRST, "enabled": True, "defaultVariant": "on"})
    return FIRST


def patiently(method: str, url: str, headers: Mapping[str, str], body: Any = None) -> tuple[int, Any]:
    """Return an answer's status and JSON, asked for again while the stage is not ready (503).

    Raises CommandError where it can't be reached, or answers with an error other than that a key is not known.
    """
    until = time.monotonic() + WAIT_SECONDS
    while True:
        status, answer = request(method, url, headers, body)
        if status < 300 or status == REFUSED:
            return status, answer
        if status != 503 or time.monotonic() > until:
            raise CommandError(f"{method} {url} answers {status}: {json.dumps(answer)[:500]}")
        time.sleep(BETWEEN_SECONDS)


def request(method: str, url: str, headers: Mapping[str, str], body: Any) -> tuple[int, Any]:
    """Return an answer's status and JSON. Raises CommandError where there is none."""
    data = None if body is None else json.dumps(body).encode()
    sent = {**headers, **({"Content-Type": "application/json"} if data else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, sent, method=method), timeout=35) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, read(error.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise CommandError(f"{url} can't be reached (a domain of yours needs its CNAME): {reason}") from error


def read(body: bytes) -> Any:
    """Return JSON, or the text that is none."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
