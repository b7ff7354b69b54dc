"""`python -m api dev`, which `make run` starts: what it prints, keeps, and leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import ROOT, Server, free_port, running, wait_until

ADMIN = {"X-Admin-API-Key": "admin-secret-key"}
EVALUATE = "/feature-flag/evaluate"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """What stands for the checkout: as root, PostgreSQL's user must be able to pass through it."""
    with tempfile.TemporaryDirectory(prefix="flagstaff-checkout-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@contextmanager
def make_run(folder: Path, **env: str) -> Iterator[Server]:
    port = free_port()
    with running("api", "dev", port=port, env={"PORT": str(port), **env}, cwd=folder) as server:
        yield server


def printed(server: Server, until: str) -> str:
    """What it prints, up to a line that begins like this."""
    text = ""
    assert server.process.stdout
    for line in server.process.stdout:
        text += line
        if line.strip().startswith(until):
            return text
    raise AssertionError(f"it ended after {text!r} {server.errors()}")


def database_processes(folder: Path) -> list[psutil.Process]:
    data = str((folder / ".data" / "postgres").resolve())
    return [process for process in psutil.process_iter(["cmdline"]) if data in (process.info["cmdline"] or [])]


def test_the_first_lines_work_as_printed_and_the_data_stays(folder: Path) -> None:
    with make_run(folder) as server:
        text = printed(server, '-d \'{"flagKey": "hello", "defaultValue"')
        assert f"http://127.0.0.1:{server.port}" in text
        assert "admin-secret-key" in text
        assert "sdk-secret-key" in text
        commands = text[text.index("curl") :]
        answers = subprocess.run(["sh", "-ce", commands], capture_output=True, text=True, check=True).stdout
        assert '"value":true,"reason":"STATIC"' in answers
        assert database_processes(folder)
        assert server.stop(signal.SIGTERM) == 0
        assert_quiet(server)
    assert not database_processes(folder)
    with make_run(folder) as again:
        again.wait_until_it_answers("/ready")
        body = {"flagKey": "hello", "defaultValue": False}
        assert again.request("POST", EVALUATE, body).json == {"value": True, "reason": "STATIC", "variant": "on"}
        assert again.stop(signal.SIGINT) == 0
        assert_quiet(again)
    assert not database_processes(folder)


def assert_quiet(server: Server) -> None:
    output = server.output()
    assert "Traceback" not in output
    assert "rror" not in output
    assert "has ended" not in output


def test_ctrl_c_reaches_the_whole_group_and_is_no_crash(folder: Path) -> None:
    port = free_port()
    with running("api", "dev", port=port, env={"PORT": str(port)}, cwd=folder) as server:
        server.wait_until_it_answers("/ready")
        family = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children()]
        in_our_group = [member for member in family if _group(member) == _group(family[0])]
        for member in in_our_group:  # as a terminal does it
            member.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 0
        assert_quiet(server)
    assert not database_processes(folder)


def _group(process: psutil.Process) -> int:
    return os.getpgid(process.pid)


def test_a_stop_while_it_starts(folder: Path) -> None:
    for how in (signal.SIGTERM, signal.SIGINT):
        with make_run(folder) as server:
            wait_until(lambda: database_processes(folder))
            assert server.stop(how) == 0
            assert "Traceback" not in server.output()
        assert not database_processes(folder)


def test_a_worker_does_not_outlive_a_killed_parent(folder: Path) -> None:
    with make_run(folder) as server:
        server.wait_until_it_answers("/ready")
        workers = [child for child in psutil.Process(server.process.pid).children() if "postgres" not in child.name()]
        assert workers
        server.stop(signal.SIGKILL)
        psutil.wait_procs(workers, timeout=20)
        assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    with make_run(folder) as again:  # and the database that nobody stopped is taken over
        again.wait_until_it_answers("/ready")
        assert again.stop() == 0
    assert not database_processes(folder)


def test_a_database_that_ends_by_itself_is_told_with_what_to_do(folder: Path) -> None:
    with make_run(folder) as server:
        server.wait_until_it_answers("/ready")
        server.request("POST", "/feature-flag/admin", {"flagKey": "kept", "isStatic": True, "staticValue": True}, ADMIN)
        for process in database_processes(folder):
            process.kill()
        wait_until(lambda: "PostgreSQL has ended" in server.errors())
        assert "start again" in server.errors()
        assert server.request("POST", EVALUATE, {"flagKey": "kept", "defaultValue": False}).json["value"] is True
        assert server.request("POST", "/feature-flag/admin", {"flagKey": "other"}, ADMIN).status == 503
        assert server.stop() == 0
    with make_run(folder) as again:
        again.wait_until_it_answers("/ready")
        assert again.request("POST", "/feature-flag/admin", {"flagKey": "other"}, ADMIN).status == 201


def fails(folder: Path, **env: str) -> str:
    """What it says on stderr when it can't start: one line."""
    with make_run(folder, **env) as server:
        assert server.process.wait(60) == 1
        out, _ = server.process.communicate()
        err = server.errors()
        assert len(err.strip().splitlines()) == 1, err
        assert "Flagstaff is at" not in out
    assert not database_processes(folder)
    return err


def test_a_port_in_use_is_one_line(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        message = fails(folder, PORT=port)
    assert port in message
    assert "PORT" in message


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PORT": "http"}, "PORT"),
        ({"PORT": "0", "FLAGSTAFF_THREADS": "many"}, "FLAGSTAFF_THREADS"),
        ({"HOST": "no.such.host.invalid"}, "HOST"),
        ({"HOST": "192.0.2.1"}, "HOST"),
        ({"FLAGSTAFF_DATABASE_URL": "mysql://x"}, "FLAGSTAFF_DATABASE_URL"),
        ({"FLAGSTAFF_DATABASE_URL": "postgresql://u:s3cret@h/n?no_such=1"}, "FLAGSTAFF_DATABASE_URL"),
        ({"FLAGSTAFF_DATABASE_URL": "postgresql://u:s3cret@127.0.0.1:1/none"}, "can't be reached"),
    ],
)
def test_what_it_can_not_start_with_is_one_line(folder: Path, env: dict[str, str], said: str) -> None:
    message = fails(folder, **env)
    assert said in message
    assert "s3cret" not in message


def test_a_place_that_can_t_hold_the_data_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".data").write_text("a file, where a folder should be")
    assert f"{tmp_path}/.data: File exists" in fails(tmp_path)


@pytest.mark.parametrize("size", ["100k", "3m", "38m"])  # too little for its folders, for its tables, for its start
def test_a_full_disk_is_one_line_that_says_what_to_do(folder: Path, size: str) -> None:
    mount = f"mount -t tmpfs -o size={size},mode=755 none {folder} && cd {folder}"
    if subprocess.run(["unshare", "--mount", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    command = ["unshare", "--mount", "sh", "-c", f"{mount} && exec {sys.executable} -m api dev"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(free_port())}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == (
        f"flagstaff: there is no room left for PostgreSQL's data in {folder}/.data/postgres: make some (new data takes "
        "50 MB), or set FLAGSTAFF_DATABASE_URL to a PostgreSQL elsewhere\n"
    )


def test_where_others_can_reach_it_the_dev_keys_are_not_valid(folder: Path) -> None:
    with make_run(folder, HOST="0.0.0.0") as server:
        text = printed(server, "Admin key")
        assert "not valid here" in text
        assert "admin-secret-key" not in text
        secret = text.split()[-1]
        assert server.request("GET", "/api/admin/flags", headers=ADMIN).status == 401
        assert server.request("GET", "/api/admin/flags", headers={"X-Admin-API-Key": secret}).status == 200
        assert server.request("POST", EVALUATE, {"flagKey": "a", "defaultValue": 1}).status == 401
        assert server.stop() == 0
    with make_run(folder, HOST="0.0.0.0") as again:
        printed(again, "Use the admin key made earlier")


def test_the_requests_of_the_readme_of_the_evaluate_endpoint(folder: Path) -> None:
    with make_run(folder) as server:
        server.wait_until_it_answers("/ready")

        def admin(method: str, path: str, body: Any = None) -> Any:
            return server.request(method, path, body, ADMIN).json

        def ask(key: str, default: Any, **context: Any) -> Any:
            body = {"flagKey": key, "defaultValue": default, "context": context}
            return server.request("POST", EVALUATE, body).json

        admin("POST", "/feature-flag/admin", {"flagKey": "test-bool-flag", "isStatic": True, "staticValue": True})
        admin("POST", "/feature-flag/admin", {"flagKey": "beta"})
        admin("POST", "/api/admin/flags/beta/members", {"entityType": "user", "entityIds": ["john"], "value": True})
        assert ask("test-bool-flag", False)["reason"] == "STATIC"
        john = {"entityId": "john", "entityType": "user"}
        assert ask("beta", False, **john) == {"value": True, "reason": "TARGETING_MATCH", "variant": "on"}
        assert ask("beta", False, entityId="mary") == {"value": False, "reason": "DEFAULT"}
        assert ask("beta", False)["errorCode"] == "TARGETING_KEY_MISSING"
        assert ask("nope", False)["errorCode"] == "FLAG_NOT_FOUND"
        assert ask("beta", "text", **john)["errorCode"] == "TYPE_MISMATCH"
        explained = server.request(
            "POST", EVALUATE + "?explain=true", {"flagKey": "beta", "defaultValue": False, "context": john}
        )
        assert explained.json["explanation"]["steps"][-1]["matched"] is True
        admin("PATCH", "/api/admin/flags/beta/toggle")
        assert ask("beta", False, **john) == {"value": False, "reason": "DISABLED"}


NEW_KEY = {"name": "stolen", "scope": "admin"}


@pytest.mark.parametrize("interface", ["rsgi", "wsgi"])
def test_only_this_machine_is_answered_while_everybody_knows_the_keys(folder: Path, interface: str) -> None:
    with make_run(folder, FLAGSTAFF_SERVER=interface, FLAGSTAFF_CORS_ORIGINS="*") as server:
        server.wait_until_it_answers("/ready")

        def status(host: str, **headers: str) -> int:
            return server.request("GET", "/api/admin/flags", headers={**ADMIN, **headers}, Host=host).status

        for host in ("localhost", "LOCALHOST.", "flags.localhost", "127.0.0.1", "127.7.7.7", "[::1]"):
            assert (status(host), status(f"{host}:{server.port}")) == (200, 200), host
        hosts = [
            "rebind.example",
            "localhost.example",
            "127.0.0.1.nip.io",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "::1",
            "",
            "a b",
        ]
        for host in hosts:
            assert (status(host), status(f"{host}:{server.port}")) == (403, 403), host
        for name in ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"):
            assert status("localhost", **{name: "127.0.0.1"}) == 403, name
        refused = server.request("POST", "/api/admin/keys", NEW_KEY, ADMIN, Host=f"rebind.example:{server.port}")
        assert (refused.status, refused.json["code"]) == (403, "local_only")
        assert "HOST" in refused.json["error"]
        refused = server.request("GET", "/health", Host="x" * 100_000)
        assert refused.status == 403 and len(refused.body) < 1_000
        kept = server.request("GET", "/api/admin/keys", headers=ADMIN).json["keys"]
        assert "stolen" not in {key["name"] for key in kept}
        for path in ("/", "/health", "/api/client/stream?key=sdk-secret-key", "/api/client/definitions"):
            assert server.request("GET", path, Host="rebind.example").status == 403, path
        evaluation = {"flagKey": "none", "defaultValue": 1}
        assert server.request("POST", EVALUATE, evaluation, Host="rebind.example").json["code"] == "local_only"
        ofrep = server.request("POST", "/ofrep/v1/evaluate/flags/none", {}, Host="rebind.example")
        assert (ofrep.status, ofrep.json["key"]) == (403, "none")
        page = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        assert server.request("OPTIONS", "/api/admin/keys", headers=page, Host="rebind.example").status == 403
        preflight = server.request("OPTIONS", EVALUATE, headers=page)
        assert preflight.status == 204  # and a browser takes the header once only
        assert [value for name, value in preflight.headers if name.lower() == "access-control-allow-origin"] == ["*"]


def test_where_the_dev_keys_are_not_valid_any_host_is_answered(folder: Path) -> None:
    with make_run(folder, HOST="0.0.0.0") as server:
        server.wait_until_it_answers("/ready")
        forwarded = {"Host": "flags.example.com", "X-Forwarded-For": "203.0.113.7"}
        assert server.request("GET", "/ready", headers=forwarded).status == 200
