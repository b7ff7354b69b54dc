"""Writes to S3 that their sender gave up on: they may land at once, late, or never, and replace nothing newer."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from db.administration import keys
from db.aws.s3 import Bucket, S3Object
from db.flags import flags
from db.published.manifest import manifest_object
from db.published.objects import KEYS_OBJECT
from db.publishing.publisher import Publisher
from tests.aws.conftest import Moto, put
from tests.db.helpers import ADA, make
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("database")

OBJECTS = [manifest_object("prod"), KEYS_OBJECT]


class Holding(ThreadingHTTPServer):
    """A way to S3 that holds the first write of one object; the sender gets no answer to it."""

    def __init__(self, target_port: int) -> None:
        self.name = ""
        """The end of the path of the object whose next write is held; empty: nothing is held."""
        self.go = threading.Event()
        self.late: list[int] = []
        """What S3 answered to writes that were held."""
        holding = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                held = self.command == "PUT" and holding.name != "" and self.path.endswith(f"/{holding.name}")
                if held:
                    holding.name = ""
                    assert holding.go.wait(30)
                connection = http.client.HTTPConnection("127.0.0.1", target_port, timeout=30)
                with contextlib.closing(connection):
                    connection.request(self.command, self.path, body, dict(self.headers))
                    answer = connection.getresponse()
                    said = answer.read()
                if held:
                    holding.late.append(answer.status)
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name in ("ETag", "x-amz-meta-state"):
                    if value := answer.headers.get(name):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_HEAD = do_PUT  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


class Impatient(Bucket):
    """A bucket that waits for answers to writes only briefly."""

    def write(self, key: str, body: bytes, **more: Any) -> None:
        super().write(key, body, **{**more, "seconds": 0.5})


@pytest.fixture
def holding(moto: Moto) -> Iterator[Holding]:
    server = Holding(moto.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.go.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def publisher(bucket: Bucket, holding: Holding) -> Publisher:
    return Publisher(Impatient(bucket.name, bucket._signer, f"http://127.0.0.1:{holding.server_port}"))


def content(bucket: Bucket) -> list[S3Object | None]:
    return [bucket.read(name) for name in OBJECTS]


@pytest.mark.parametrize("name", OBJECTS)
def test_a_write_that_arrives_late_is_refused(
    bucket: Bucket, publisher: Publisher, holding: Holding, name: str
) -> None:
    make("checkout")
    publisher.publish()
    holding.name = name
    key, _ = keys.create("backend", "server", environment="prod", actor=ADA)
    flags.set_enabled("checkout", "prod", False, actor=ADA)
    publisher.publish()  # the second attempt succeeds
    keys.revoke(key.id, actor=ADA)
    flags.set_enabled("checkout", "prod", True, actor=ADA)  # all is again as it was when the held write began
    publisher.publish()
    before = content(bucket)
    holding.go.set()
    wait_until(lambda: holding.late)
    assert holding.late == [412]
    assert content(bucket) == before
    assert publisher.unpublished() == []


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("first", [True, False], ids=["the first object", "a further one"])
def test_a_write_that_landed_without_an_answer_is_a_success(
    bucket: Bucket, publisher: Publisher, holding: Holding, name: str, first: bool
) -> None:
    make("checkout")
    if not first:
        publisher.publish()
        keys.create("backend", "server", environment="prod", actor=ADA)
        flags.set_enabled("checkout", "prod", False, actor=ADA)
    holding.name = name
    holding.go.set()
    publisher.publish()
    assert holding.late == [200]
    assert publisher.unpublished() == []


class Overtaken(Bucket):
    """A bucket in which something older arrives just before one object is replaced."""

    name_overtaken = ""

    def write(self, key: str, body: bytes, **more: Any) -> None:
        if key == self.name_overtaken:
            self.name_overtaken = ""
            put(self, key, b"{}", state="1 v2")
        super().write(key, body, **more)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("first", [True, False], ids=["the first object", "a further one"])
def test_something_older_that_arrives_in_between_is_replaced(
    bucket: Bucket, moto: Moto, name: str, first: bool
) -> None:
    make("checkout")
    overtaken = Overtaken(bucket.name, bucket._signer, moto.url)
    publisher = Publisher(overtaken)
    if not first:
        publisher.publish()
    keys.create("backend", "server", environment="prod", actor=ADA)
    flags.set_enabled("checkout", "prod", False, actor=ADA)
    overtaken.name_overtaken = name
    publisher.publish()
    assert overtaken.name_overtaken == ""
    assert publisher.unpublished() == []
    found = bucket.read(name)
    assert found is not None
    assert found.body != b"{}"
