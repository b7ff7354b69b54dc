"""A local stand-in for the HTTP API in front of a function, for clients that speak HTTP."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.aws.lambda_runtime import Runtime, http_event


class Asked(NamedTuple):
    """A request that a client made, and how it was answered."""

    method: str
    path: str
    status: int


class Gateway(ThreadingHTTPServer):
    """Hands each request to one process of a function, one after the other, as Lambda does."""

    daemon_threads = True

    def __init__(self, runtime: Runtime) -> None:
        self.asked: list[Asked] = []
        one_at_a_time = threading.Lock()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                with one_at_a_time:
                    outcome = runtime.invoke(http_event(self.command, self.path, headers=headers))
                assert not outcome.failed, outcome.value
                said = outcome.value
                body = base64.b64decode(said["body"]) if said["isBase64Encoded"] else said["body"].encode()
                gateway.asked.append(Asked(self.command, self.path, said["statusCode"]))
                self.send_response(said["statusCode"])
                for name, value in said["headers"].items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_HEAD = answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def gateway(runtime: Runtime) -> Iterator[Gateway]:
    """The gateway of a function, while it is needed."""
    server = Gateway(runtime)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
