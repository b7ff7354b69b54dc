"""The process: how it starts, what it does when connections go, how it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import psycopg2
import pytest

from db import database as db_database
from db.administration import keys
from db.flags import flags, members
from db.flags.flags import NewFlag
from tests.interval.browser import Person
from tests.interval.conftest import TESTER, Dashboard, dashboard
from tests.interval.interval_server import API_KEY, IntervalServer
from tests.processes import ROOT, free_port, wait_until


@pytest.fixture
def server() -> Iterator[IntervalServer]:
    with IntervalServer() as server:
        yield server
        assert server.complaints == []


CONNECTED = "connected to the Interval server"


@pytest.fixture
def process(server: IntervalServer, database: None, database_url: str) -> Iterator[Dashboard]:
    """A dashboard of the test's own, connected."""
    flags.create(NewFlag("beta", default_variant="on"), "dev", actor=TESTER)
    with dashboard(server, database_url) as process:
        assert server.host
        wait_until(lambda: CONNECTED in process.output())  # what is refused before that ends the process
        yield process


def ended(env: Mapping[str, str]) -> tuple[int, list[str]]:
    """The exit code and the lines of a dashboard that can't start."""
    process = Dashboard(env)
    code = process.process.wait(60)
    return code, process.output().splitlines()


URL = "postgresql://flagstaff@127.0.0.1:1/flagstaff"
GOOD = {
    "INTERVAL_API_KEY": API_KEY,
    "INTERVAL_SERVER_ENDPOINT": "ws://127.0.0.1:1/websocket",
    "FLAGSTAFF_DATABASE_URL": URL,
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"INTERVAL_API_KEY": ""}, "INTERVAL_API_KEY must be set", id="no key"),
        pytest.param({"INTERVAL_API_KEY": " "}, "INTERVAL_API_KEY must be set", id="a blank key"),
        pytest.param({"INTERVAL_API_KEY": "kéy"}, "INTERVAL_API_KEY has a character", id="a key that can't be one"),
        pytest.param({"INTERVAL_SERVER_ENDPOINT": ""}, "INTERVAL_SERVER_ENDPOINT must be set", id="no endpoint"),
        pytest.param(
            {"INTERVAL_SERVER_ENDPOINT": "https://x/websocket"}, "INTERVAL_SERVER_ENDPOINT must be", id="https"
        ),
        pytest.param({"INTERVAL_SERVER_ENDPOINT": "wss://x/"}, "INTERVAL_SERVER_ENDPOINT must be", id="no path"),
        pytest.param({"FLAGSTAFF_DATABASE_URL": ""}, "FLAGSTAFF_DATABASE_URL must be set", id="no database"),
        pytest.param({"FLAGSTAFF_DATABASE_URL": "mysql://x/y"}, "FLAGSTAFF_DATABASE_URL is not", id="another database"),
        pytest.param({"INTERVAL_PROTECTED_ROLES": "boss"}, "INTERVAL_PROTECTED_ROLES must be", id="an unknown role"),
    ],
)
def test_settings_that_can_t_be_are_told_in_one_line(change: dict[str, str], said: str) -> None:
    code, lines = ended({**GOOD, **change})
    assert code == 1
    (line,) = lines
    assert line.startswith("flagstaff interval: ") and said in line
    assert API_KEY not in line


def test_a_wrong_key_ends_it_at_once(server: IntervalServer) -> None:
    code, lines = ended({**GOOD, "INTERVAL_SERVER_ENDPOINT": server.endpoint, "INTERVAL_API_KEY": "wrong_key"})
    assert code == 1
    assert "Invalid API key" in lines[-1] and "check INTERVAL_API_KEY" in lines[-1]
    assert server.connections == 1


def test_a_server_that_is_not_there_ends_it() -> None:
    code, lines = ended({**GOOD, "INTERVAL_SERVER_ENDPOINT": f"ws://127.0.0.1:{free_port()}/websocket"})
    assert code == 1
    (line,) = lines
    assert "can't be reached" in line and "INTERVAL_SERVER_ENDPOINT" in line


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"answer": None}, id="as the server answers Python hosts"),
        pytest.param({"answer": {"type": "error", "message": "no such thing", "sdkAlert": None}}, id="in words"),
    ],
)
def test_a_declaration_that_is_refused_ends_it(server: IntervalServer, answer: dict[str, object]) -> None:
    server.declaration_answer = answer
    code, lines = ended({**GOOD, "INTERVAL_SERVER_ENDPOINT": server.endpoint})
    assert code == 1
    assert "did not take what the dashboard declared" in lines[-1]


def test_a_server_that_is_starting_is_waited_for(server: IntervalServer, database_url: str) -> None:
    server.refusals += [(1012, "Closing briefly for scheduled server restart.")] * 2
    with dashboard(server, database_url):
        assert server.host
    assert server.connections == 3


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012])
def test_it_comes_back_however_the_connection_ends(server: IntervalServer, process: Dashboard, code: int) -> None:
    instance = server.host.socket.request_headers["x-instance-id"]
    server.refusals += [(1012, "restarting"), (1008, "Invalid API key")]
    server.disconnect(code)
    assert server.host.socket.request_headers["x-instance-id"] == instance
    assert Person(server).open("flags").look("Dynamic flags")[0]["key"] == "beta"
    assert process.process.poll() is None


def test_a_server_that_is_restarted(server: IntervalServer, process: Dashboard) -> None:
    for _ in range(2):
        server.shut()
        time.sleep(0.5)
        server.open()
        assert Person(server).open("flags").look("Dynamic flags")[0]["key"] == "beta"


def test_a_connection_that_is_cut_in_mid_action(server: IntervalServer, process: Dashboard) -> None:
    """The form comes again, and what is entered then counts."""
    action = Person(server).run("flags/edit", flag="beta")
    action.form()
    server.disconnect()
    action.form()
    action.answer({"Description": "after the cut"})
    assert action.result().startswith("beta is saved")
    assert flags.get("beta", "dev").description == "after the cut"


def test_the_outcome_of_an_action_waits_for_the_connection(
    server: IntervalServer, process: Dashboard, database_url: str
) -> None:
    """The change is made while nobody listens, and told when the server is there again."""
    action = Person(server).run("flags/edit", flag="beta")
    action.form()
    other = psycopg2.connect(database_url)
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM environment FOR UPDATE")  # the write has to wait
        action.answer({"Description": "meanwhile"})
        wait_until(lambda: waiting_for_locks(database_url))
        server.shut()
    other.rollback()
    other.close()
    wait_until(lambda: flags.get("beta", "dev").description == "meanwhile")
    server.open()
    assert action.result().startswith("beta is saved")
    assert flags.get("beta", "dev").version == 2


def test_an_action_that_is_gone_is_told(server: IntervalServer, process: Dashboard) -> None:
    person = Person(server)
    person.server.host.declared["actions"].append({"slug": "old", "groupSlug": "flags"})
    assert "Reload the dashboard" in person.run("flags/old").failure()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_nothing_runs(server: IntervalServer, process: Dashboard, how: signal.Signals) -> None:
    Person(server).open("flags")  # a page that somebody left open does not hold it
    started = time.monotonic()
    assert process.stop(how) == 0
    assert time.monotonic() - started < 10


def test_running_actions_end_first(server: IntervalServer, process: Dashboard) -> None:
    action = Person(server).run("flags/edit", flag="beta")
    action.form()
    process.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "running actions may end" in process.output())
    action.answer({"Description": "in time"})
    assert process.process.wait(10) == 0
    assert action.is_over
    assert flags.get("beta", "dev").description == "in time"


def test_a_second_signal_ends_it_at_once(server: IntervalServer, process: Dashboard) -> None:
    action = Person(server).run("flags/edit", flag="beta")
    action.form()
    process.process.send_signal(signal.SIGINT)
    wait_until(lambda: "running actions may end" in process.output())
    process.process.send_signal(signal.SIGINT)
    assert process.process.wait(10) == 0


def test_nothing_is_connected_to_the_database_while_nobody_clicks(
    server: IntervalServer, process: Dashboard, database_url: str
) -> None:
    assert connections_of(process, database_url) == 0
    Person(server).open("flags").look("Dynamic flags")
    wait_until(lambda: connections_of(process, database_url) == 0)
    assert Person(server).open("flags").look("Dynamic flags")


def test_a_page_is_served_while_a_write_waits(server: IntervalServer, process: Dashboard, database_url: str) -> None:
    person = Person(server)
    other = psycopg2.connect(database_url)
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM environment FOR UPDATE")
        action = person.run("flags/disable", flag="beta", environment="dev")
        wait_until(lambda: waiting_for_locks(database_url))
        assert person.open("flags").look("Dynamic flags")[0]["enabled"] == "enabled"
    other.rollback()
    other.close()
    action.result()


def test_a_database_that_goes_away_is_told_and_found_again(
    server: IntervalServer, process: Dashboard, database_url: str
) -> None:
    person = Person(server)
    action = person.run("flags/edit", flag="beta")
    action.form()
    with gone(database_url):
        action.answer({"Description": "kept"})
        form = action.form()
        assert "database can't be reached" in form.text and form.default("Description") == "kept"
        assert "database can't be reached" in person.open("flags").render.text
    wait_until(lambda: "reached" not in person.open("flags").render.text)
    action.answer()
    action.result()


def test_a_key_does_not_lose_its_end_because_the_database_was_away(
    server: IntervalServer, process: Dashboard, database_url: str
) -> None:
    action = Person(server).run("flags/keys/create")
    action.form()
    with gone(database_url):
        action.answer({"Name": "short", "Environment": "dev", "Expires": {"year": 2099, "month": 12, "day": 31}})
        form = action.form()
        assert "database can't be reached" in form.text
    wait_until(lambda: "reached" not in Person(server).open("flags").render.text)
    action.answer()
    action.fill()
    action.result()
    (key,) = keys.list_all()
    assert key.expires_at == datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("route", ["add", "change"])
def test_members_do_not_get_another_value_because_the_database_was_away(
    server: IntervalServer, process: Dashboard, database_url: str, route: str
) -> None:
    members.add("beta", "dev", "user", ["john"], variant="on", actor=TESTER)
    action = Person(server).run(f"flags/members/{route}", flag="beta", environment="dev", type="user", id="john")
    action.form()
    with gone(database_url):
        action.answer({"They get": "=off", **({"Ids": "john"} if route == "add" else {})})
        assert "database can't be reached" in action.form().text
    wait_until(lambda: "reached" not in Person(server).open("flags").render.text)
    action.answer()
    assert "off = false: 1" in action.result()


@contextmanager
def gone(database_url: str) -> Iterator[None]:
    """The database lets nobody in for the time of the block, and throws out who is in."""
    db_database.disconnect()
    name = psycopg2.extensions.parse_dsn(database_url)["dbname"]
    with maintenance(database_url) as cursor:
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    yield
    with maintenance(database_url) as cursor:
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_the_log_is_one_json_object_a_line_and_tells_nothing_of_what_is_typed(
    server: IntervalServer, process: Dashboard
) -> None:
    person = Person(server)
    action = person.run("flags/create")
    action.fill({"Key": "secret-project"})
    action.form()
    action.cancel()
    person.run("flags/edit", flag="nope").failure()
    server.disconnect()
    assert server.host
    process.stop()
    lines = [json.loads(line) for line in process.output().splitlines()]
    assert all({"at", "level", "message"} <= line.keys() for line in lines)
    assert "secret-project" not in process.output() and API_KEY not in process.output()


def test_page_views_leave_nothing_behind(server: IntervalServer, process: Dashboard) -> None:
    """Less than 20 MiB in a thousand views. Memory grows in steps, but a leak is in every batch."""
    for number in range(100):
        flags.create(NewFlag(f"flag-{number}", description="d" * 200), "dev", actor=TESTER)
    person = Person(server)
    server.is_checking = False  # it would take longer than the views

    def view(times: int) -> int:
        for _ in range(times):
            page = person.open("flags")
            page.close()
        return resident(process)

    seen = [view(50) for _ in range(5)]
    assert min(after - before for before, after in pairwise(seen)) < 50 * (20 << 20) // 1000


def test_another_version_of_the_sdk_is_refused(database_url: str) -> None:
    code = (
        "import importlib.metadata as m, sys; known = m.version;"
        "m.version = lambda name: '1.6.0' if name == 'interval-sdk' else known(name);"
        "from interval_app.main import main; sys.exit(main())"
    )
    env = {**os.environ, **GOOD}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "flagstaff interval: the dashboard needs interval-sdk 1.5.1, and 1.6.0 is installed\n"


def resident(process: Dashboard) -> int:
    """Bytes of memory that the process has."""
    pages = int(Path(f"/proc/{process.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class maintenance:  # noqa: N801 - reads as a statement
    """A cursor on the server's own database."""

    def __init__(self, database_url: str) -> None:
        parameters = psycopg2.extensions.parse_dsn(database_url)
        self._connection = psycopg2.connect(**{**parameters, "dbname": "postgres"})
        self._connection.autocommit = True

    def __enter__(self) -> psycopg2.extensions.cursor:
        return self._connection.cursor()

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def connections_of(process: Dashboard, database_url: str) -> int:
    """How many connections there are to the database but this process's own."""
    db_database.close_idle()
    name = psycopg2.extensions.parse_dsn(database_url)["dbname"]
    with maintenance(database_url) as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (name,))
        ((count,),) = cursor.fetchall()
    return int(count)


def waiting_for_locks(database_url: str) -> bool:
    with maintenance(database_url) as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        ((count,),) = cursor.fetchall()
    return bool(count)
