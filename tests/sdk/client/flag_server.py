"""A server that a test makes behave badly: it answers what the test says, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

KEY = "fs_server_secret"


class Request(NamedTuple):
    path: str
    headers: dict[str, str]


class FlagServer:
    """`definitions` and `stream` answer the two requests of a provider; both may be replaced at any time."""

    def __init__(self) -> None:
        self.revision = 1
        self.flags: dict[str, Any] = {"beta": flag(True)}
        self.requests: list[Request] = []
        self.definitions: Callable[[BaseHTTPRequestHandler], None] = self.document
        self.stream: Callable[[BaseHTTPRequestHandler], None] = status(501)
        self.closed = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def document(self, handler: BaseHTTPRequestHandler) -> None:
        """The document, as Flagstaff answers it."""
        if handler.headers.get("X-API-Key") != KEY:
            send(handler, 401)
        elif handler.headers.get("If-None-Match") == f'"{self.revision}"':
            send(handler, 304)
        else:
            send(handler, 200, self.body(), ETag=f'"{self.revision}"')

    def body(self) -> bytes:
        metadata = {"environment": "prod", "revision": self.revision, "version": str(self.revision)}
        return json.dumps({"flags": self.flags, "metadata": metadata}).encode()

    def set(self, key: str, value: Any) -> None:
        """The next revision."""
        self.flags[key] = flag(value)
        self.revision += 1

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if path in request.path]

    @contextmanager
    def running(self, port: int = 0) -> Iterator[FlagServer]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.close_connection = True
                server.requests.append(Request(self.path, dict(self.headers)))
                (server.stream if "/stream" in self.path else server.definitions)(self)

            def log_message(self, *_: Any) -> None:
                pass

        class Http(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass  # clients go away in the middle: that is what is tested

        with Http(("127.0.0.1", port), Handler) as http:
            self.port = http.server_address[1]
            threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
            try:
                yield self
            finally:
                self.closed.set()
                http.shutdown()


def flag(value: Any) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": {"value": value}, "defaultVariant": "value"}


def send(handler: BaseHTTPRequestHandler, code: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    if "Content_Length" not in headers:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that is always the same."""
    return lambda handler: send(handler, code, body, **headers)


def hang(handler: BaseHTTPRequestHandler) -> None:
    """No answer at all."""
    time.sleep(30)


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """An answer that never ends, a byte at a time: no single wait is long."""
    send(handler, 200, b"{", Content_Length="1000000")
    for _ in range(1000):
        handler.wfile.write(b" ")
        time.sleep(0.05)


class Events:
    """A stream that a test writes to."""

    def __init__(self) -> None:
        self.opened = threading.Semaphore(0)
        self._handlers: list[BaseHTTPRequestHandler] = []
        self._over = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.end_headers()
        handler.wfile.write(b"retry: 2000\nid: 1\n\n")
        self._handlers.append(handler)
        self.opened.release()
        over = self._over
        over.wait(60)

    def write(self, text: str) -> None:
        for handler in self._handlers:
            handler.wfile.write(text.encode())

    def end(self) -> None:
        """Close the streams that are open; later ones stay."""
        self._handlers = []
        self._over.set()
        self._over = threading.Event()


def updated(key: str, definition: Any, revision: int | None = None, **more: Any) -> str:
    """A flag_updated event, which ends a revision where one is given."""
    data = {"key": key, **({"definition": definition} if definition is not None else {}), **more}
    identity = f"id: {revision}\n" if revision is not None else ""
    return f"event: flag_updated\ndata: {json.dumps(data)}\n{identity}\n"


def deleted(key: str, revision: int) -> str:
    return f"event: flag_deleted\ndata: {json.dumps({'key': key})}\nid: {revision}\n\n"
