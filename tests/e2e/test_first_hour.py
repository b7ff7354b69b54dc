"""What someone meets who starts the service in a way that can't work yet, and where the first page leads."""

from __future__ import annotations

import os
import subprocess
import sys

from db.migrate import migrate
from tests.processes import ROOT, Server, free_port, running, wait_until

MIGRATE = "run python -m db.migrate"


def settings_of(url: str, port: int, **more: str) -> dict[str, str]:
    return {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": url, "FLAGSTAFF_REFRESH_SECONDS": "0.5", **more}


def healthcheck(port: int) -> int:
    """What the container's health check says of the service at this port."""
    command = [sys.executable, "-m", "cli.healthcheck"]
    settings = os.environ | {"PORT": str(port)}
    return subprocess.run(command, env=settings, cwd=ROOT, capture_output=True, timeout=60).returncode


def test_a_database_without_tables_is_served_once_it_has_them(empty_url: str) -> None:
    port = free_port()
    with running("api", port=port, env=settings_of(empty_url, port)) as server:
        server.wait_until_it_answers("/health")
        assert server.request("GET", "/ready").status == 503
        assert healthcheck(port) == 1
        migrate(empty_url)
        wait_until(lambda: server.request("GET", "/ready").status == 200)
        assert healthcheck(port) == 0
        assert server.stop() == 0
        assert server.output().count(MIGRATE) == 1
        assert "Traceback" not in server.output()


def test_the_first_key_says_that_the_tables_are_missing(empty_url: str) -> None:
    command = [sys.executable, "-m", "cli.keys", "first"]
    settings = os.environ | {"FLAGSTAFF_DATABASE_URL": empty_url}
    ended = subprocess.run(command, env=settings, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert MIGRATE in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_default_environment_that_does_not_exist_is_not_ready(database_url: str) -> None:
    port = free_port()
    settings = settings_of(database_url, port, FLAGSTAFF_DEFAULT_ENVIRONMENT="production")
    with running("api", port=port, env=settings) as server:
        server.wait_until_it_answers("/health")
        wait_until(lambda: bool(server.request("GET", "/ready").json["environments"]))
        ready = server.request("GET", "/ready")
        assert (ready.status, ready.json["ready"]) == (503, False)
        problem = "FLAGSTAFF_DEFAULT_ENVIRONMENT: there is no environment 'production', only dev, prod, staging"
        assert ready.json["error"] == problem
        assert_leads_to_the_reference(server)


def assert_leads_to_the_reference(server: Server) -> None:
    root = server.request("GET", "/")
    assert (root.status, dict(root.headers)["location"]) == (302, "/docs")
    missing = server.request("GET", "/api/flags")
    assert missing.json == {
        "error": "there is nothing at /api/flags; GET /docs lists what there is",
        "code": "not_found",
    }
