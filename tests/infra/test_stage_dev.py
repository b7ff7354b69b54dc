"""`make stage-dev`: the real API, started by the command, over a real PostgreSQL behind a forwarded port."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.aws.conftest import Moto, moto_server
from tests.aws.test_commands import command
from tests.infra.test_commands import Shell
from tests.processes import ROOT, Server, free_port, wait_until

HOST = "stage.cluster-abc.eu-central-1.rds.amazonaws.com"
TASK = "arn:aws:ecs:eu-central-1:123456789012:task/flagstaff-dev-forwarding/0123abcd"
BUCKET = "definitions-of-dev"
CREDENTIALS: dict[str, Any] = {
    "Version": 1,
    "AccessKeyId": "AKIDEXAMPLE",
    "SecretAccessKey": "example",
    "SessionToken": "session",
}


def task(status: str = "RUNNING", agent: str = "RUNNING", **more: Any) -> tuple[str, str]:
    """What ECS says of the task."""
    container = {"runtimeId": "0123abcd-1", "managedAgents": [{"name": "ExecuteCommandAgent", "lastStatus": agent}]}
    return json.dumps({"tasks": [{"taskArn": TASK, "lastStatus": status, "containers": [container], **more}]}), ""


class DevShell(Shell):
    """A shell in which a stage is there, and `aws` forwards ports."""

    def __init__(self, folder: Path, database_url: str, moto: Moto) -> None:
        super().__init__(folder)
        tests = ROOT / "tests" / "infra"
        (folder / "answers.py").write_text((tests / "fake_program.py").read_text())
        (folder / "aws").write_text(f"#!{sys.executable}\n{(tests / 'forwarding_aws.py').read_text()}")
        self.install("session-manager-plugin")
        (folder / "server.pem").write_bytes(certificate(HOST))
        sockets = str(psycopg2.extensions.parse_dsn(database_url)["host"])
        (folder / "database").write_text(f"{sockets}/.s.PGSQL.5432")
        name = psycopg2.extensions.parse_dsn(database_url)["dbname"]
        self.settings = {
            "FLAGSTAFF_DATABASE_URL": f"postgresql://flagstaff@{HOST}:5432/{name}"
            f"?sslmode=verify-full&sslrootcert={folder / 'server.pem'}",
            "FLAGSTAFF_DATABASE_AUTH": "iam",
            "FLAGSTAFF_DEFINITIONS_BUCKET": BUCKET,
            "FLAGSTAFF_REFRESH_SECONDS": "0.1",
            "FLAGSTAFF_STAGE": "dev",
            "AWS_REGION": "eu-central-1",
        }
        where = {"cluster": "flagstaff-dev-forwarding", "taskDefinition": "forwarding:1", "subnets": ["subnet-1"]}
        forwarding = {**where, "securityGroups": ["sg-1"], "host": HOST, "port": 5432, "settings": self.settings}
        self.outputs(url="https://abc.example.com", forwarding=forwarding)
        self.says |= {
            "aws ecs run-task": (json.dumps({"tasks": [{"taskArn": TASK}]}), ""),
            "aws ecs describe-tasks": task(),
            "aws ecs stop-task": ("{}", ""),
            "aws configure export-credentials": (json.dumps(CREDENTIALS), ""),
        }
        self.moto = moto
        self.port = free_port()

    def outputs(self, **said: Any) -> None:
        self.says["pulumi stack output"] = (json.dumps(said), "")

    def answers(self) -> None:
        """Have the programs say what they are to say from now on."""
        (self.folder / "answers.new").write_text(json.dumps(self.says))
        os.replace(self.folder / "answers.new", self.folder / "answers.json")

    @contextlib.contextmanager
    def stage_dev(self, *how: str) -> Iterator[Server]:
        """Run the command, by itself or through make, in a session of its own as in a terminal."""
        self.answers()
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "INTERVAL_"))}
        env |= {"PATH": f"{self.folder}:/usr/bin:/bin", "PYTHONPATH": "infra", "PORT": str(self.port)}
        env |= {"NO_PROXY": "127.0.0.1", "AWS_ENDPOINT_URL_S3": self.moto.url}
        arguments = how or (sys.executable, "-m", "commands", "stage-dev", "dev")
        with (self.folder / "said").open("w+") as said:
            process = subprocess.Popen(
                arguments, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True
            )
            try:
                yield Server(process, self.port, said)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.communicate(timeout=60)

    def noted(self, beginning: str) -> list[str]:
        """What was asked of a program, in these words."""
        notes = (self.folder / "asked").read_text().splitlines() if (self.folder / "asked").exists() else []
        return [line for line in notes if line.startswith(beginning)]

    @property
    def session(self) -> int:
        """The process that forwards."""
        return int((self.folder / "session").read_text())

    def nothing_is_left(self) -> bool:
        """Whether the task was stopped, once, and the session and the API have ended."""
        stopped = [f"aws ecs stop-task --cluster flagstaff-dev-forwarding --task {TASK} --region eu-central-1"]
        asked = [line.removesuffix(" --output json") for line in self.noted("aws ecs stop-task")]
        with contextlib.suppress(OSError):
            Server(None, self.port, None).request("GET", "/health")  # type: ignore[arg-type]
            return False
        return asked == stopped and not ((self.folder / "session").exists() and is_running(self.session))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def certificate(host: str) -> bytes:
    """A key and a certificate for this host that is its own root, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with moto_server(free_port()) as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.fixture(scope="module")
def admin_key(database_url: str, moto: Moto) -> str:
    """An admin key of the stage, whose database has the application's role, and whose bucket has what is published."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE flagstaff LOGIN SUPERUSER")
    connection.close()
    settings = {
        "FLAGSTAFF_DATABASE_URL": database_url,
        "FLAGSTAFF_DEFINITIONS_BUCKET": BUCKET,
        "AWS_ENDPOINT_URL_S3": moto.url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": CREDENTIALS["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["SecretAccessKey"],
    }
    secret: str = command("cli.keys", "of the stage", **settings).stdout.strip()
    published = command("cli.publish", **settings)
    assert published.returncode == 0, published.stderr
    return secret


@pytest.fixture
def shell(tmp_path: Path, database_url: str, moto: Moto, admin_key: str) -> DevShell:
    return DevShell(tmp_path, database_url, moto)


def edit(server: Server, admin_key: str, key: str) -> Any:
    """Make a flag that is on."""
    return server.request(
        "POST",
        "/api/admin/flags",
        {"key": key, "enabled": True, "defaultVariant": "on"},
        {"X-Admin-API-Key": admin_key},
    )


def evaluate(server: Server, admin_key: str, key: str) -> Any:
    asked = {"flagKey": key, "defaultValue": False, "context": {"targetingKey": "somebody"}}
    return server.request("POST", "/feature-flag/evaluate", asked, {"X-API-Key": admin_key}).json


def test_the_api_serves_what_the_stage_has_and_publishes_to_its_bucket(
    shell: DevShell, admin_key: str, database_url: str
) -> None:
    with shell.stage_dev("make", "--silent", "stage-dev", "STAGE=dev") as server:
        server.wait_until_it_answers("/ready")
        made = edit(server, admin_key, "by-a-developer")
        assert (made.status, made.json["published"]) == (201, True), made.body
        wait_until(lambda: evaluate(server, admin_key, "by-a-developer").get("value") is True)
        assert server.request("GET", "/docs").status == 200
        assert server.request("POST", "/api/admin/flags", b"{}", {"Transfer-Encoding": "chunked"}).status == 411
        wait_until(lambda: connections(database_url) == 0)  # so the database can pause
        os.killpg(server.process.pid, signal.SIGINT)  # as a terminal does
        said = server.output()
    assert "Stopped." in said
    assert shell.nothing_is_left()
    (started,) = shell.noted("aws ecs run-task")
    assert "--enable-execute-command --started-by stage-dev" in started
    assert '"assignPublicIp": "ENABLED"' in started
    (session,) = shell.noted("aws ssm start-session")
    assert "--target ecs:flagstaff-dev-forwarding_0123abcd_0123abcd-1" in session
    assert f'--parameters {{"host": ["{HOST}"], "portNumber": ["5432"]' in session
    # The token is the server's, whichever port the way to it begins at.
    passwords = (shell.folder / "passwords").read_text().splitlines()
    assert passwords
    assert all(one.startswith(f"{HOST}:5432/?Action=connect&DBUser=flagstaff") for one in passwords)
    assert all("X-Amz-Security-Token=session" in one for one in passwords)


def connections(database_url: str) -> int:
    """How many connections the stage's role has."""
    connection = psycopg2.connect(database_url)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'flagstaff'")
        (count,) = cursor.fetchone() or (0,)
    return int(count)


def test_a_server_that_is_not_the_stages_is_not_talked_to(shell: DevShell, admin_key: str) -> None:
    other = certificate("other.example.com")
    (shell.folder / "server.pem").write_bytes(other)
    with shell.stage_dev() as server:
        server.wait_until_it_answers("/health")
        assert edit(server, admin_key, "never").status == 503
        assert not (shell.folder / "passwords").exists()


def by_signal(number: signal.Signals) -> Callable[[DevShell, Server], None]:
    return lambda _, server: server.process.send_signal(number)


def twice(_: DevShell, server: Server) -> None:
    for _ in range(2):
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.05)


def api_killed(shell: DevShell, server: Server) -> None:
    (pid,) = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if parent_of(folder) == server.process.pid and b"api.aws.local" in (folder / "cmdline").read_bytes()
    ]
    os.kill(pid, signal.SIGKILL)


def parent_of(folder: Path) -> int | None:
    with contextlib.suppress(OSError):
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return None


def task_ended(shell: DevShell, server: Server) -> None:
    shell.says["aws ecs describe-tasks"] = task("STOPPED", stoppedReason="Spot took the machine")
    shell.answers()
    os.kill(shell.session, signal.SIGKILL)


ENDS: dict[str, tuple[Callable[[DevShell, Server], None], str]] = {
    "SIGINT": (by_signal(signal.SIGINT), "Stopped."),
    "SIGTERM": (by_signal(signal.SIGTERM), "Stopped."),
    "SIGHUP": (by_signal(signal.SIGHUP), "Stopped."),
    "impatience": (twice, "Stopped."),
    "api": (api_killed, "the API has ended"),
    "task": (task_ended, "has ended: Spot took the machine"),
}


@pytest.mark.parametrize("how", ENDS)
def test_nothing_is_left_however_it_ends(shell: DevShell, how: str) -> None:
    act, words = ENDS[how]
    with shell.stage_dev() as server:
        server.wait_until_it_answers("/ready")
        act(shell, server)
        assert words in server.output()
    assert shell.nothing_is_left()


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"aws ecs describe-tasks": task("STOPPED", stoppedReason="CannotPullContainerError")}, "CannotPullContainer"),
        ({"aws ecs describe-tasks": ("", "AccessDenied")}, "AccessDenied"),
        ({"aws ssm start-session": ("", "TargetNotConnected")}, "TargetNotConnected"),
        ({"aws configure export-credentials": ("", "expired")}, "exports no credentials"),
    ],
    ids=["task", "denied", "session", "credentials"],
)
def test_what_fails_before_it_serves_stops_the_task(shell: DevShell, says: dict[str, Any], words: str) -> None:
    shell.says = {**says, **{name: said for name, said in shell.says.items() if name not in says}}
    with shell.stage_dev() as server:
        said = server.output()
    assert words in said
    assert server.process.returncode == 1
    assert shell.nothing_is_left()


def test_a_session_that_ends_and_credentials_that_expire_are_renewed(shell: DevShell, admin_key: str) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    shell.says["aws configure export-credentials"] = (json.dumps({**CREDENTIALS, "Expiration": soon}), "")
    with shell.stage_dev() as server:
        server.wait_until_it_answers("/ready")
        before = shell.session
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: shell.session != before)
        wait_until(lambda: len(shell.noted("aws configure export-credentials")) > 1, 60)
        server.wait_until_it_answers("/ready")
        wait_until(lambda: edit(server, admin_key, "after-a-renewal").status in (201, 409))
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
    assert shell.nothing_is_left()


def test_a_task_that_can_not_be_started_or_stopped_is_told_of(shell: DevShell) -> None:
    shell.says["aws ecs stop-task"] = ("", "Throttling")
    with shell.stage_dev() as server:
        server.wait_until_it_answers("/health")
        server.process.send_signal(signal.SIGINT)
        assert f"aws ecs stop-task --cluster flagstaff-dev-forwarding --task {TASK}" in server.output()
    shell.says["aws ecs run-task"] = (json.dumps({"tasks": [], "failures": [{"reason": "RESOURCE:FARGATE"}]}), "")
    with shell.stage_dev() as server:
        assert "ECS starts no task: RESOURCE:FARGATE" in server.output()
    assert len(shell.noted("aws ecs stop-task")) == 1


def test_what_is_missing_is_named_before_anything_is_started(shell: DevShell) -> None:
    (shell.folder / "session-manager-plugin").unlink()
    with shell.stage_dev() as server:
        assert "Session Manager's plugin" in server.output()
    shell.outputs(url="https://abc.example.com")
    with shell.stage_dev() as server:
        assert "nobody is let to the database of dev from outside: it is protected" in server.output()
    assert not shell.noted("aws ecs")
