"""A large environment in AWS: publishing it, loading it, and what an edit costs each of the functions.

The functions run from their packages in Lambda's own runtime client; S3 is a server on this machine. CPU is of a whole
core: at 512 MB Lambda gives 0.29 of one. `BASE=COMMIT` measures another commit in the same run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.base import TODAY, Checkout, base, checkouts
from benchmarks.object_store import ObjectStore, object_store
from benchmarks.publication import peak_of
from benchmarks.table import show
from db import database
from db.administration import keys
from db.migrate import migrate
from db.postgres import embedded
from db.vocabulary import Actor, Scope, Source
from tests.aws.lambda_runtime import Runtime, function

FLAGS = int(os.environ.get("FLAGS", "10000"))
MEMBERS = int(os.environ.get("MEMBERS", "1000000"))
"""In all, the same number for each flag."""
LIMIT = 512 * 0.8
"""MB that the evaluation function may use: 80 % of its default."""
ENVIRONMENT = "prod"
REFRESH_SECONDS = "0.1"
EVALUATION = {"flagKey": "flag-00500", "defaultValue": False, "context": {"targetingKey": "john"}}

FILL = """
INSERT INTO flag (id, key, description, value_type, is_static, tags, created_at, created_by)
    SELECT gen_random_uuid(), 'flag-' || lpad(n::text, 5, '0'), 'Flag ' || n, 'boolean', false, '[]', now(), 'ada'
    FROM generate_series(0, %(flags)s - 1) n;
INSERT INTO configuration (flag_id, environment_id, enabled, variants, default_variant, rules, rollout, member_count,
        version, revision, updated_at, updated_by)
    SELECT f.id, e.id, e.key = 'prod', '[["on", true], ["off", false]]', 'off', '[]', NULL,
        CASE WHEN e.key = 'prod' THEN %(each)s ELSE 0 END, 1, e.revision + 1, now(), 'ada'
    FROM flag f, environment e;
INSERT INTO member (configuration_id, entity_type, entity_id, variant, revision)
    SELECT c.id, 'user', gen_random_uuid()::text, 'on', c.revision
    FROM configuration c JOIN environment e ON e.id = c.environment_id, generate_series(1, %(each)s)
    WHERE e.key = 'prod';
UPDATE environment SET revision = revision + 1;
"""


def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, environment(Path(folder)) as (url, secret), object_store() as store:
        publishing, evaluating = [], []
        for number, checkout in enumerate(checkouts()):
            measured = Measurement(checkout, url, secret, store, f"bucket-{number}", Path(folder) / str(number))
            evaluating.append(measured.evaluating())
            publishing += measured.published
        size = f"{FLAGS:,} flags with {MEMBERS:,} members in all"
        header = ["", "CPU", "peak", "read from S3", "written to S3"]
        show(f"Publishing {size}", header, publishing)
        header = ["evaluation function", "first answer: CPU", "peak", "after an edit: CPU", "peak", "read from S3"]
        show(f"Evaluating {size}; {LIMIT:.0f} MB are 80 % of the default", header, evaluating)


class Measurement:
    """One commit: its publisher, its functions, a bucket of its own."""

    def __init__(
        self, checkout: Checkout, url: str, secret: str, store: ObjectStore, bucket: str, folder: Path
    ) -> None:
        self._checkout, self._url, self._secret, self._store, self._bucket = checkout, url, secret, store, bucket
        self._folder = folder
        self.published: list[list[str]] = []
        """Rows of the table: what the publisher and the worker took."""

    def evaluating(self) -> list[str]:
        """Publish, load, edit, publish, load again; the row of the table."""
        package = build(self._checkout, "evaluation", self._folder)
        self._publish("everything")
        with self._function(package, "evaluation") as runtime:
            first = self._answer(runtime)
            self._publish("an edit", edit="on" if self._checkout is base() else "off")  # what the one before did not do
            second = self._answer(runtime)
        return [self._checkout.name, *first[:2], *second]

    def _answer(self, runtime: Runtime) -> list[str]:
        assert runtime.process
        self._store.traffic()
        before = cpu_of(runtime.process.pid)
        answer = runtime.invoke_http("POST", "/feature-flag/evaluate", EVALUATION, {"x-api-key": self._secret})
        assert answer["statusCode"] == 200, answer
        cpu, peak = cpu_of(runtime.process.pid) - before, peak_of(runtime.process.pid)
        return [f"{cpu:.2f} s", megabytes(peak), megabytes(self._store.traffic()[0])]

    def _publish(self, what: str, edit: str = "") -> None:
        environment = {**os.environ, **self._settings(), **self._checkout.environment, "EDIT": edit}
        # -P: the folder of this file has modules that are called like those of the standard library.
        code = [self._checkout.python, "-P", str(Path(__file__).with_name("publication.py")), self._url]
        self._store.traffic()
        done = subprocess.run(code, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        said = json.loads(done.stdout.splitlines()[-1])
        self._note(f"{self._checkout.name}: {what}", said["cpu"], said["peak"])
        if self._checkout == TODAY:
            self._work(what)

    def _work(self, what: str) -> None:
        package = build(self._checkout, "worker", self._folder)
        with self._function(package, "worker") as runtime:
            outcome = runtime.invoke({}, seconds=300)
            assert not outcome.failed and runtime.process, outcome
            pid = runtime.process.pid
            self._note(f"its worker, after {what}", cpu_of(pid), peak_of(pid))

    def _note(self, what: str, cpu: float, peak: int) -> None:
        read, written = self._store.traffic()
        self.published.append([what, f"{cpu:.2f} s", megabytes(peak), megabytes(read), megabytes(written)])

    @contextmanager
    def _function(self, package: Path, name: str) -> Iterator[Runtime]:
        with function(package, f"api.aws.{name}_function.handler", self._settings()) as runtime:
            yield runtime

    def _settings(self) -> Mapping[str, str]:
        return {
            "BUCKET": self._bucket,
            "FLAGSTAFF_DEFINITIONS_BUCKET": self._bucket,
            "FLAGSTAFF_REFRESH_SECONDS": REFRESH_SECONDS,
            "AWS_ENDPOINT_URL_S3": self._store.url,
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "A",
            "AWS_SECRET_ACCESS_KEY": "s",
        }


@contextmanager
def environment(folder: Path) -> Iterator[tuple[str, str]]:
    """A PostgreSQL with the flags and a server key, and its URL."""
    folder.chmod(0o755)  # as root, PostgreSQL runs as another user, who must get through
    server = embedded.start(folder / "postgres", durable=False)
    try:
        database.connect(server.url)
        migrate(server.url)
        connection: Any = psycopg2.connect(server.url)
        with connection, connection.cursor() as cursor:
            cursor.execute(FILL, {"flags": FLAGS, "each": MEMBERS // FLAGS})
        connection.close()
        _, secret = keys.create("shop", Scope.SERVER, environment=ENVIRONMENT, actor=Actor("ada", Source.API))
        yield server.url, secret
    finally:
        database.disconnect()
        server.stop()


def build(checkout: Checkout, name: str, folder: Path) -> Path:
    """A package as that commit deploys it, but for this machine, unpacked."""
    archive, target = folder / f"{name}.zip", folder / name
    if not target.exists():
        builder = checkout.folder / "infra" / "packages.py"
        subprocess.run(
            [sys.executable, str(builder), name, "host", str(archive)], check=True, stdout=subprocess.DEVNULL
        )
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(target)
    return target


def cpu_of(process: int) -> float:
    """Return the CPU seconds that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(size: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{size / 1e6:,.1f} MB"
