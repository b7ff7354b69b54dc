"""A stand-in for S3 on this machine: objects in memory, entity tags, conditions, and how many bytes went through."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ObjectStore(ThreadingHTTPServer):
    """Keeps what is put there, by its path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.sent = self.received = 0
        """Bytes of bodies that were read and written."""

    def traffic(self) -> tuple[int, int]:
        """Return how much was read and written since the last call."""
        counted = self.sent, self.received
        self.sent = self.received = 0
        return counted


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ObjectStore

    def do_GET(self) -> None:
        body, headers = self.server.objects.get(self.path, (b"", {}))
        if not headers:
            return self._answer(404, {})
        if self.headers.get("If-None-Match") == headers["ETag"]:
            return self._answer(304, headers)
        self.server.sent += len(body) if self.command == "GET" else 0
        self._answer(200, headers, body)

    do_HEAD = do_GET  # noqa: N815

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        there = self.server.objects.get(self.path)
        wanted = self.headers.get("If-Match")
        if (there and self.headers.get("If-None-Match")) or (wanted and (not there or there[1]["ETag"] != wanted)):
            return self._answer(412, {})
        self.server.received += len(body)
        state = self.headers.get("x-amz-meta-state") or ""
        headers = {"ETag": f'"{hashlib.md5(body).hexdigest()}"', "x-amz-meta-state": state}
        self.server.objects[self.path] = body, {**headers, "Last-Modified": formatdate(usegmt=True)}
        self._answer(200, {})

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.path, None)
        self._answer(204, {})

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run one until the block ends."""
    server = ObjectStore()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
