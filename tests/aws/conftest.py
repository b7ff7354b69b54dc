"""Packages as a deployment builds them, and an S3 of our own (moto's server)."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from db.aws.s3 import Bucket
from db.aws.signing import Credentials, Signer
from db.postgres.embedded import EmbeddedPostgres
from db.published import whole
from db.published.keyring import KeyRecord, hash_secret
from db.published.manifest import Manifest, manifest_object
from db.published.objects import KEYS_OBJECT, Access
from db.published.parts import read_parts
from db.vocabulary import Scope
from tests.api.access.test_jwt import AUDIENCE, public_pem
from tests.conftest import url_of
from tests.environments import python_of
from tests.processes import ROOT, free_port, wait_until

REGION = "eu-central-1"
CREDENTIALS = Credentials("AKIDEXAMPLE", "example")
ADMIN_SECRET = "fs_admin_of_the_deployment"
ADMIN_KEY = {"x-admin-api-key": ADMIN_SECRET}


class Moto:
    """A local AWS: its URL, and requests to it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def request(
        self, method: str, path: str, body: Any = None, service: str = "", headers: Mapping[str, str] | None = None
    ) -> Any:
        """A request; moto tells services apart by who the signature is for. The answer's JSON, or its bytes."""
        scope = f"AWS4-HMAC-SHA256 Credential=A/20200101/{REGION}/{service}/aws4_request, Signature=x"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        with contextlib.closing(connection):
            connection.request(method, path, data, {"Authorization": scope, **(headers or {})})
            answer = connection.getresponse()
            said = answer.read()
        assert answer.status < 300, (answer.status, said)
        with contextlib.suppress(ValueError):
            return json.loads(said)
        return said

    def make_bucket(self, name: str) -> None:
        place = f"<LocationConstraint>{REGION}</LocationConstraint>"
        body = f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>"
        self.request("PUT", f"/{name}", body.encode(), "s3")


@contextlib.contextmanager
def moto_server(port: int, program: str = "from moto.server import main; main()") -> Iterator[Moto]:
    """A server on this port, empty at first; it ends with the block."""
    process = subprocess.Popen(
        [python_of("aws"), "-c", program, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Moto(port)

    def answers() -> bool:
        assert process.poll() is None, "moto_server ended"
        with contextlib.suppress(OSError):
            server.request("GET", "/moto-api/data.json")
            return True
        return False

    try:
        wait_until(answers, 60)
        yield server
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    """The server of this test session."""
    with moto_server(free_port()) as server:
        yield server


@pytest.fixture
def bucket_name(moto: Moto) -> str:
    """A new bucket."""
    name = f"definitions-{uuid.uuid4().hex[:12]}"
    moto.make_bucket(name)
    return name


@pytest.fixture
def bucket(moto: Moto, bucket_name: str) -> Bucket:
    """That bucket, as our own code reaches it."""
    return Bucket(bucket_name, Signer(REGION, lambda: CREDENTIALS), moto.url)


def put(bucket: Bucket, key: str, body: bytes, state: str = "") -> None:
    """Put an object there, whatever is there."""
    bucket.write(key, body, over=bucket.look(key), state=state)


def work(bucket: Bucket) -> dict[str, int]:
    """Do what the worker function does, and tell the revisions of the documents that it wrote."""
    found = bucket.read(KEYS_OBJECT)
    names = Access.from_bytes(found.body or b"").environments if found else []
    made = {name: whole.bring_up_to_date(bucket, name) for name in names}
    return {name: manifest.revision for name, manifest in made.items() if manifest}


def published_flags(bucket: Bucket, environment: str = "prod") -> dict[str, Any]:
    """The definitions that are published of an environment, by key."""
    found = bucket.read(manifest_object(environment))
    assert found is not None
    parts = read_parts(bucket, Manifest.from_bytes(found.body or b"").parts, seconds=5)
    return {key: flag for _, part in parts for key, flag in part.flags.items()}


class SilentProxy:
    """Hands requests on to another server, until it is told to be silent: then it takes them and never answers."""

    def __init__(self, target_port: int) -> None:
        self.silent = threading.Event()
        self.heard = bytearray()
        """What clients have sent."""
        self._target = target_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for source, target, heard in ((client, server, self.heard), (server, client, None)):
                    threading.Thread(target=pass_on, args=(source, target, self.silent, heard), daemon=True).start()


def pass_on(
    source: socket.socket,
    target: socket.socket,
    silent: threading.Event | None = None,
    heard: bytearray | None = None,
) -> None:
    """Hand on what arrives, unless it is to be silent, until one of them closes; `heard` gets a copy."""
    with contextlib.suppress(OSError), source, target:
        while data := source.recv(65_536):
            if heard is not None:
                heard += data
            if silent is None or not silent.is_set():
                target.sendall(data)


@pytest.fixture
def silent_proxy(moto: Moto) -> Iterator[SilentProxy]:
    """A way to the S3 that can fall silent."""
    proxy = SilentProxy(moto.port)
    yield proxy
    proxy.close()


FUNCTIONS = ("evaluation", "worker", "admin", "control")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The folders of the functions' packages, built for this machine and unpacked, once for all processes of a run."""
    of_process = tmp_path_factory.getbasetemp()
    folder = (of_process.parent if "PYTEST_XDIST_WORKER" in os.environ else of_process) / "packages"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in FUNCTIONS:
            if not (folder / f"{name}-host").exists():
                build(name, "host", folder)
    return {name: folder / f"{name}-host" for name in FUNCTIONS}


def build(name: str, architecture: str, folder: Path) -> Path:
    """Build a package with the deployment's own builder, and unpack it."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{name}-{architecture}.zip"
    command = [sys.executable, str(ROOT / "infra" / "packages.py"), name, architecture, str(archive)]
    subprocess.run(command, check=True, capture_output=True)
    target = folder / f"{name}-{architecture}"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(target)
    return target


@pytest.fixture
def settings(moto: Moto, bucket_name: str) -> dict[str, str]:
    return {
        "FLAGSTAFF_DEFINITIONS_BUCKET": bucket_name,
        "AWS_ENDPOINT_URL_S3": moto.url,
        "FLAGSTAFF_REFRESH_SECONDS": "0.1",
        "FLAGSTAFF_STAGE": "test",
    }


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    """The URL of a database without tables."""
    name = f"empty_{abs(hash(request.node.nodeid)):x}"
    connection = psycopg2.connect(postgres.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return url_of(postgres, name)


def admin_record(secret: str) -> KeyRecord:
    return KeyRecord("00000000-0000-4000-8000-000000000001", "ci", hash_secret(secret), Scope.ADMIN, None)


def jwt_settings() -> dict[str, str]:
    """The settings of signing in with the tokens of tests/api/access/test_jwt.py."""
    return {
        "FLAGSTAFF_JWT_PUBLIC_KEY": public_pem(),
        "FLAGSTAFF_JWT_AUDIENCE": AUDIENCE,
        "FLAGSTAFF_JWT_ADMIN_CLAIM": "role=admin",
    }
