"""Flagstaff as `make run` starts it, of this commit or another, and flags made over its HTTP API."""

from __future__ import annotations

import json
import os
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchmarks.base import TODAY, Checkout
from benchmarks.scenario import MEMBERS, RULE, STATIC, TARGETED
from benchmarks.servers import HOST, Server, server

ADMIN_KEY = "admin-secret-key"
PATIENCE = 60.0


class Flagstaff(Server):
    """A server of ours that runs, with its dev keys."""

    def ask(self, path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Any:
        """Make a request as an admin, and give its answer. Raises HTTPError for another status than 2xx."""
        return json.loads(self.fetch(path, body, method))

    def fetch(self, path: str, body: Mapping[str, Any] | None = None, method: str = "GET") -> bytes:
        """The same, as bytes."""
        request = urllib.request.Request(
            f"http://{HOST}:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Admin-API-Key": ADMIN_KEY, "X-API-Key": ADMIN_KEY},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return bytes(answer.read())


@contextmanager
def flagstaff(checkout: Checkout = TODAY, **settings: str) -> Iterator[Flagstaff]:
    """Run a commit's server with a PostgreSQL of its own, evaluating without a key, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # as root, PostgreSQL runs as another user, who must get through
        environment = {**checkout.environment, **settings}
        with server("api", "dev", ready="/ready", python=checkout.python, cwd=folder, **environment) as running:
            yield Flagstaff(*running)


def create_flags(running: Flagstaff, count: int) -> None:
    """Make the targeted flag of the other benchmarks, the static one, and copies of the targeted one up to `count`."""
    static = {"key": STATIC, "isStatic": True, "value": True, "enabled": True}
    running.ask("/api/admin/flags", static)
    for number in range(count - 1):
        key = f"flag-{number}" if number else TARGETED
        rule = {name: RULE[name] for name in ("name", "conditions", "split")}
        running.ask("/api/admin/flags", {"key": key, "enabled": True, "defaultVariant": "off", "rules": [rule]})
        members = {"entityType": "user", "entityIds": list(MEMBERS), "variant": "on"}
        running.ask(f"/api/admin/flags/{key}/members", members)
