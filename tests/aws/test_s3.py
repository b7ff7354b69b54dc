"""One connection to S3, which stays open, and may be gone after hours in a frozen process."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from db.aws.large_body import large_body
from db.aws.s3 import BODY_BYTES_PER_SECOND, Bucket, ObjectChangedError, S3Error, S3Object
from db.aws.signing import Signer
from tests.aws.conftest import CREDENTIALS, REGION

LARGE = b"x" * 300_000


class KeptAlive(ThreadingHTTPServer):
    """An S3 that keeps connections open, counts them, and can close them behind the caller's back."""

    def __init__(self) -> None:
        self.connections = 0
        self.hang_up = False
        self.body = LARGE
        self.slow = 0.0
        self.refusals: list[int] = []
        self.put: list[tuple[bytes, str]] = []
        """The bodies that came, and what was said to be their digest."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                server.connections += 1

            def do_GET(self) -> None:
                same = self.headers.get("If-None-Match") == '"1"'
                self.send_response(304 if same else 200)
                self.send_header("ETag", '"1"')
                if not same:
                    self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                if not same and self.command == "GET":
                    self.wfile.write(server.body)
                self.close_connection = server.hang_up  # without having said so

            do_HEAD = do_GET  # noqa: N815

            def do_PUT(self) -> None:
                time.sleep(server.slow)  # before the body is read: no socket buffers so much
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.put.append((body, self.headers["x-amz-content-sha256"]))
                refused = server.refusals.pop() if server.refusals else 200
                self.send_response(refused)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def s3() -> Iterator[KeptAlive]:
    server = KeptAlive()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def bucket(s3: KeptAlive) -> Bucket:
    return Bucket("flags", Signer(REGION, lambda: CREDENTIALS), f"http://127.0.0.1:{s3.server_port}")


def test_one_connection_serves_request_after_request(bucket: Bucket, s3: KeptAlive) -> None:
    for _ in range(2):
        found = bucket.read("a")
        assert found is not None
        assert found.body == LARGE
        assert bucket.read("a", etag='"1"') == S3Object(None, '"1"', "")
        assert bucket.look("a") is not None
    assert s3.connections == 1


def test_a_connection_that_s3_has_closed_is_replaced_unnoticed(bucket: Bucket, s3: KeptAlive) -> None:
    s3.hang_up = True
    for _ in range(3):
        assert bucket.read("a") is not None
    assert s3.connections == 3


def test_an_empty_object_is_empty(bucket: Bucket, s3: KeptAlive) -> None:
    s3.body = b""
    found = bucket.read("a")
    assert found is not None
    assert found.body == b""


def test_s3_that_is_gone_is_told(bucket: Bucket, s3: KeptAlive) -> None:
    assert bucket.read("a") is not None
    s3.hang_up = True
    assert bucket.read("a") is not None
    s3.shutdown()
    s3.server_close()
    with pytest.raises(S3Error, match="did not answer for a"):
        bucket.read("a", seconds=0.5)


def test_a_put_has_time_in_proportion_to_its_size(bucket: Bucket, s3: KeptAlive) -> None:
    s3.slow = 1.0
    bucket.write("a", b"x" * (8 * BODY_BYTES_PER_SECOND), over=None, seconds=0.2)
    assert len(s3.put) == 1
    with pytest.raises(S3Error, match="did not answer for a"):
        bucket.write("a", b"x", over=None, seconds=0.2)


def test_a_body_that_is_not_held_is_sent_from_its_start_at_each_attempt(bucket: Bucket, s3: KeptAlive) -> None:
    s3.refusals = [503, 500]
    pieces = [b"piece %d;" % number for number in range(100_000)]
    with large_body() as body:
        for piece in pieces:
            body.add(piece)
        bucket.write("a", body, over=None)
    whole = b"".join(pieces)
    assert s3.put == [(whole, hashlib.sha256(whole).hexdigest())] * 3


def test_an_object_that_is_another_is_not_tried_again(bucket: Bucket, s3: KeptAlive) -> None:
    s3.refusals = [412]
    with pytest.raises(ObjectChangedError):
        bucket.write("a", b"x", over=None)
    assert len(s3.put) == 1
