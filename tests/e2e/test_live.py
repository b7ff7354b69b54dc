"""API processes beside each other on one database: what one writes, the others serve; and what happens to them."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import psutil
import psycopg2
import pytest

from db import database as db_database
from db.administration import environments, keys
from db.configuration.edits import NewFlag
from db.flags import flags
from db.migrate import migrate
from db.postgres.embedded import EmbeddedPostgres
from db.vocabulary import Actor, Scope, Source, ValueType
from tests.conftest import new_database
from tests.processes import OPEN, Server, free_port, running, wait_until
from tests.streams import Stream

FLAGS = "/api/admin/flags"
EVALUATE = "/feature-flag/evaluate"
TESTER = Actor("tester", Source.SYSTEM)
MANY = 1_100
"""Connections, so that further descriptors have numbers that `select.select` does not take."""
ENVIRONMENTS = {"dev", "staging", "prod"}
NO_LOOKING = {"FLAGSTAFF_REFRESH_SECONDS": "3600"}
OFTEN = {"FLAGSTAFF_REFRESH_SECONDS": "0.2"}


@pytest.fixture
def secret(database: None) -> str:
    return keys.create("ci", Scope.ADMIN, actor=TESTER)[1]


@contextmanager
def serving(database_url: str, **env: str) -> Iterator[Server]:
    port = free_port()
    settings = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, **OPEN, **env}
    settings["FLAGSTAFF_ADMIN_LIMIT"] = "0"  # writers here write as fast as they can
    with running("api", port=port, env=settings) as server:
        server.wait_until_it_answers("/ready")
        yield server


def ask(server: Server, key: str, default: Any = False, **context: Any) -> Any:
    return server.request("POST", EVALUATE, {"flagKey": key, "defaultValue": default, "context": context}).json


def admin(server: Server, secret: str, method: str, path: str, body: Any = None) -> Any:
    answer = server.request(method, path, body, {"X-Admin-API-Key": secret})
    assert answer.status < 300, answer.body
    return answer.json


def test_a_write_on_one_process_is_seen_by_the_other(database_url: str, secret: str) -> None:
    with serving(database_url, **NO_LOOKING) as one, serving(database_url, **NO_LOOKING) as other:
        admin(one, secret, "POST", FLAGS, {"key": "beta", "enabled": True})
        wait_until(lambda: ask(other, "beta", True)["reason"] == "STATIC")
        admin(other, secret, "POST", FLAGS + "/beta/members", {"entityIds": ["john"], "variant": "on"})
        assert ask(other, "beta", entityId="john")["value"] is True  # its own write at once
        wait_until(lambda: ask(one, "beta", entityId="john")["value"])
        admin(one, secret, "PATCH", FLAGS + "/beta/toggle?environment=*")
        wait_until(lambda: ask(other, "beta", entityId="john")["reason"] == "DISABLED")
        admin(one, secret, "DELETE", FLAGS + "/beta")
        wait_until(lambda: ask(other, "beta").get("errorCode") == "FLAG_NOT_FOUND")


def test_a_new_environment_and_a_revoked_key_are_seen_by_the_other(database_url: str, secret: str) -> None:
    with serving(database_url, **NO_LOOKING) as one, serving(database_url, **NO_LOOKING) as other:
        body = {"flagKey": "none", "defaultValue": 1, "environment": "qa"}
        assert other.request("POST", EVALUATE, body).status == 400
        admin(one, secret, "POST", "/api/admin/environments", {"key": "qa"})
        wait_until(lambda: other.request("POST", EVALUATE, body).status == 200)
        made = admin(one, secret, "POST", "/api/admin/keys", {"name": "web", "scope": "client", "environment": "qa"})
        header = {"X-API-Key": made["secret"]}
        wait_until(lambda: other.request("POST", EVALUATE, body, header).status == 200)
        admin(one, secret, "DELETE", f"/api/admin/keys/{made['key']['id']}")
        wait_until(lambda: other.request("POST", EVALUATE, body, header).status == 401)


def test_a_missed_notification_is_made_up_for(database_url: str, secret: str) -> None:
    with serving(database_url, **OFTEN) as server:
        admin(server, secret, "POST", FLAGS, {"key": "beta", "enabled": True})
        assert ask(server, "beta", True)["reason"] == "STATIC"
        switch_off_in_silence(database_url)
        wait_until(lambda: ask(server, "beta", True)["reason"] == "DISABLED")


def switch_off_in_silence(url: str) -> None:
    """A write of which nobody is told."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE environment SET revision = revision + 1 WHERE key = 'prod' RETURNING id, revision")
        environment, revision = cursor.fetchone() or (0, 0)
        cursor.execute(
            "UPDATE configuration SET enabled = false, revision = %s WHERE environment_id = %s", (revision, environment)
        )
    connection.close()


def test_a_database_set_back_to_an_earlier_state_is_read_anew(database_url: str, secret: str) -> None:
    with serving(database_url, **OFTEN) as server:
        admin(server, secret, "POST", FLAGS, {"key": "beta", "enabled": True})
        admin(server, secret, "PUT", FLAGS + "/beta", {"defaultVariant": "on"})
        assert ask(server, "beta")["value"] is True
        connection = psycopg2.connect(database_url)
        with connection, connection.cursor() as cursor:
            cursor.execute("UPDATE configuration SET enabled = false, revision = 1")
            cursor.execute("UPDATE environment SET revision = 1")
        connection.close()
        wait_until(lambda: ask(server, "beta")["reason"] == "DISABLED")


def test_a_database_made_anew_is_read_anew(postgres: EmbeddedPostgres) -> None:
    url = new_database(postgres, "template0", "test_anew")
    begin_with(url, "qa", "old")
    with serving(url, **OFTEN) as server:
        wait_until(lambda: ask(server, "old")["value"] is True)
        with Stream(server.port, "environment=qa") as stream:
            db_database.disconnect()
            drop(postgres, "test_anew")
            wait_until(lambda: server.request("GET", "/ready").json["database"] == "unreachable")
            assert ask(server, "old")["value"] is True
            begin_with(new_database(postgres, "template0", "test_anew"), "uat", "new")  # of the same revision
            wait_until(lambda: ask(server, "new")["value"] is True)
            assert ask(server, "old")["errorCode"] == "FLAG_NOT_FOUND"
            wait_until(lambda: server.request("GET", "/ready").json["environments"].keys() == ENVIRONMENTS | {"uat"})
            body = {"flagKey": "new", "defaultValue": False, "environment": "qa"}
            assert server.request("POST", EVALUATE, body).json["code"] == "unknown_environment"
            while stream.next() is not None:
                pass  # it ends
    db_database.disconnect()


def begin_with(url: str, environment: str, flag: str) -> None:
    """Make the tables, an environment, and a flag that is on."""
    migrate(url)
    db_database.connect(url)
    environments.create(environment, actor=TESTER)
    new = NewFlag(key=flag, value_type=ValueType.BOOLEAN, enabled=True, default_variant="on")
    flags.create(new, "prod", actor=TESTER)


def drop(server: EmbeddedPostgres, name: str) -> None:
    connection = psycopg2.connect(server.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connection.close()


def test_killed_while_it_writes_the_rows_stay_consistent(database_url: str, secret: str) -> None:
    written: list[str] = []
    with serving(database_url) as server:
        admin(server, secret, "POST", FLAGS, {"key": "beta", "enabled": True})
        threading.Thread(target=write_until_it_fails, args=(server, secret, written), daemon=True).start()
        wait_until(lambda: len(written) > 20)
        for worker in psutil.Process(server.process.pid).children():
            worker.kill()  # the parent starts another in its place
        server.wait_until_it_answers("/ready")
        listed = everyone(server, secret)
        assert set(written) <= set(listed)
        assert len(listed) - len(written) <= 1  # a write may be done and its answer lost
        flag = admin(server, secret, "GET", FLAGS + "/beta")["flag"]
        assert flag["memberCount"] == len(listed)
        log = admin(server, secret, "GET", FLAGS + "/beta/changes?environment=prod&limit=1000")["changes"]
        assert len(log) == flag["version"] == len(listed) + 1
        assert ask(server, "beta", entityId=listed[-1])["value"] is True


def write_until_it_fails(server: Server, secret: str, written: list[str]) -> None:
    for number in range(100_000):
        name = f"user-{number:06}"
        try:
            admin(server, secret, "POST", FLAGS + "/beta/members", {"entityIds": [name], "variant": "on"})
        except (OSError, AssertionError):
            return
        written.append(name)


def everyone(server: Server, secret: str) -> list[str]:
    page = admin(server, secret, "GET", FLAGS + "/beta/members?limit=1000")
    return [member["entityId"] for member in page["members"]]


def test_parallel_writers_lose_no_update(database_url: str, secret: str) -> None:
    with serving(database_url, FLAGSTAFF_WORKERS="2") as server:
        admin(server, secret, "POST", FLAGS, {"key": "beta"})
        writers = [threading.Thread(target=edit_often, args=(server, secret, name)) for name in "abcd"]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        flag = admin(server, secret, "GET", FLAGS + "/beta")["flag"]
        assert sorted(flag["tags"]) == sorted(f"{name}{number}" for name in "abcd" for number in range(5))


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Room for a few thousand open files in this process and in those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 3 * MANY:
        pytest.skip(f"a process may have {hard} open files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 3 * MANY), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("descriptors")
def test_a_process_with_more_than_1023_descriptors_goes_on(database_url: str, secret: str) -> None:
    with serving(database_url, **NO_LOOKING) as server, ExitStack() as held:
        for _ in range(MANY):
            connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
            held.callback(connection.close)
            connection.request("GET", "/health")
            assert connection.getresponse().read()
        connect_anew(database_url)
        with ThreadPoolExecutor(16) as pool:  # so many connections of the pool have numbers above 1,023
            for _ in range(3):
                asked = [pool.submit(admin, server, secret, "GET", FLAGS + "?limit=1") for _ in range(48)]
                assert all(one.result()["total"] == 0 for one in asked)
        flags.create(NewFlag("beta"), "prod", actor=TESTER)
        wait_until(lambda: ask(server, "beta", True)["reason"] == "DEFAULT")
        assert server.request("GET", "/ready").json["following"] is True
        assert "Traceback" not in server.errors()


def connect_anew(database_url: str) -> None:
    """End every connection to the database but this one, and wait until a listener is there again."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {others}")

        def listening() -> bool:
            cursor.execute(f"SELECT count(*) {others} AND query LIKE 'LISTEN%'")
            return bool(cursor.fetchone() == (1,))

        wait_until(listening)


def test_a_process_that_can_t_take_edits_in_says_so(database_url: str, secret: str) -> None:
    with serving(database_url, **OFTEN) as server:

        def following() -> bool:
            ready = server.request("GET", "/ready")
            assert (ready.status, ready.json["database"]) == (200, "reachable")
            return bool(ready.json["following"])

        assert following()
        run(database_url, "ALTER TABLE api_key RENAME TO elsewhere")
        wait_until(lambda: not following())
        run(database_url, "ALTER TABLE elsewhere RENAME TO api_key")
        wait_until(following)


def run(database_url: str, statement: str) -> None:
    connection = psycopg2.connect(database_url)
    with closing(connection), connection, connection.cursor() as cursor:
        cursor.execute(statement)


def edit_often(server: Server, secret: str, name: str) -> None:
    """Add a tag five times, beginning anew whenever somebody else was faster."""
    for number in range(5):
        while True:
            flag = admin(server, secret, "GET", FLAGS + "/beta")["flag"]
            body = {"tags": [*flag["tags"], f"{name}{number}"], "version": flag["version"]}
            answer = server.request("PUT", FLAGS + "/beta", body, {"X-Admin-API-Key": secret})
            if answer.status == 200:
                break
            assert answer.json["code"] == "version_conflict"
            time.sleep(0.001)
