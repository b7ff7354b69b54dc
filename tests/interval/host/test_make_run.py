"""`make run` starts the dashboard too, where there is a key for it; and says how to get one where there is none."""

from __future__ import annotations

import signal

from tests.interval.browser import Person
from tests.interval.interval_server import API_KEY, IntervalServer
from tests.processes import free_port, running, wait_until


def test_the_dashboard_runs_beside_the_service_and_ends_with_it(database_url: str) -> None:
    port = free_port()
    env = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, "INTERVAL_API_KEY": API_KEY}
    with (
        IntervalServer() as server,
        running("api", "dev", port=port, env={**env, "INTERVAL_SERVER_ENDPOINT": server.endpoint}) as service,
    ):
        service.wait_until_it_answers("/ready")
        action = Person(server).run("flags/create", environment="dev")
        action.fill({"Key": "beside"})
        action.fill({"Default variant": "=on"})
        action.result()
        assert service.process.stdout
        assert f"Dashboard: connecting to {server.endpoint}\n" in service.process.stdout
        host = server.host.socket
        assert service.stop(signal.SIGTERM) == 0
        assert host.closed


def test_without_a_key_it_says_how_to_get_one(database_url: str) -> None:
    port = free_port()
    env = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, "INTERVAL_API_KEY": ""}
    with running("api", "dev", port=port, env=env) as service:
        assert service.process.stdout
        line = next(line for line in service.process.stdout if line.startswith("Dashboard"))
        assert "INTERVAL_API_KEY" in line and "docs/interval.md" in line
        assert service.stop(signal.SIGTERM) == 0


def test_a_dashboard_that_can_t_start_leaves_the_service_alone(database_url: str) -> None:
    port = free_port()
    env = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, "INTERVAL_API_KEY": API_KEY}
    with running("api", "dev", port=port, env={**env, "INTERVAL_SERVER_ENDPOINT": ""}) as service:
        service.wait_until_it_answers("/ready")
        wait_until(lambda: "flagstaff interval: INTERVAL_SERVER_ENDPOINT must be set" in service.errors())
        assert service.request("GET", "/health").status == 200
        assert service.stop(signal.SIGTERM) == 0
