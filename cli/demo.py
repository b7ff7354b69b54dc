"""`python -m cli.demo`: make the flags of the demo at `/demo`, where they are not there yet."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

URL = "http://127.0.0.1:8080"
TIMEOUT_SECONDS = 10
THERE_ALREADY = 409

FLAGS: Sequence[Mapping[str, Any]] = (
    {
        "key": "demo-express-checkout",
        "name": "Express checkout",
        "description": "Whether the demo shop has a second button",
        "enabled": True,
        "defaultVariant": "off",
        "rollout": [{"variant": "on", "weight": 30}, {"variant": "off", "weight": 70}],
    },
    {
        "key": "demo-theme",
        "name": "Theme",
        "description": "The colours of the demo shop",
        "type": "STRING",
        "enabled": True,
        "variants": {"classic": "classic", "ocean": "ocean", "sunset": "sunset"},
        "defaultVariant": "classic",
        "rollout": [
            {"variant": "classic", "weight": 60},
            {"variant": "ocean", "weight": 25},
            {"variant": "sunset", "weight": 15},
        ],
    },
    {
        "key": "demo-banner",
        "name": "Banner",
        "description": "The line at the top of the demo shop: its text, and how loud it is",
        "type": "STRUCTURED",
        "enabled": True,
        "variants": {
            "plain": {"text": "Free delivery from 40 €", "tone": "plain"},
            "gold": {"text": "Gold customers: 20 % off today", "tone": "loud"},
        },
        "defaultVariant": "plain",
        "rules": [
            {
                "name": "gold customers",
                "conditions": [{"field": "plan", "operator": "eq", "value": "gold"}],
                "variant": "gold",
            }
        ],
    },
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the flags over the admin API of a running service; 1, with the reason, where that fails."""
    parser = argparse.ArgumentParser(prog="demo", description="Make the flags of the demo.")
    parser.add_argument("--url", default=URL, help=f"where the service is (default: {URL}, of make run)")
    parser.add_argument("--key", default="admin-secret-key", help="an admin key (default: that of make run)")
    asked = parser.parse_args(arguments)
    try:
        service = Service(asked.url.rstrip("/"), asked.key)
        for flag in FLAGS:
            print(f"{flag['key']}: {'made' if create(service, flag) else 'there already'}")
    except (URLError, ValueError, OSError) as error:
        print(f"flagstaff: the demo's flags were not made: {reason_of(error)}", file=sys.stderr)
        return 1
    print(f"Open {asked.url.rstrip('/')}/demo")
    return 0


class Service(NamedTuple):
    """The service that gets the flags."""

    url: str
    key: str
    """An admin key."""

    def call(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return what the admin API answers: to a POST where there is a body. Raises URLError, ValueError, OSError."""
        headers = {"Content-Type": "application/json", "X-Admin-API-Key": self.key}
        sent = None if body is None else json.dumps({**body, "comment": "for the demo"}).encode()
        with urlopen(Request(f"{self.url}/api/admin{path}", sent, headers), timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)


def create(service: Service, flag: Mapping[str, Any]) -> bool:
    """Make a flag that is the same in every environment, and tell whether it was not there before.

    Raises URLError, ValueError, OSError.
    """
    first, *others = (each["key"] for each in service.call("/environments")["environments"])
    try:
        service.call(f"/flags?environment={first}", {**flag, "tags": ["demo"], "clientSide": True})
    except HTTPError as error:
        if error.code == THERE_ALREADY:
            return False
        raise
    for other in others:
        service.call(f"/flags/{flag['key']}/promote", {"from": first, "to": other})
    return True


def reason_of(error: Exception) -> str:
    """Return what the service said, or why it could not be asked."""
    if isinstance(error, HTTPError):
        return error.read().decode(errors="replace").strip() or str(error)
    return str(error.reason if isinstance(error, URLError) else error)


if __name__ == "__main__":
    sys.exit(main())
