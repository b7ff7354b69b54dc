"""`python -m api.aws.local`: the functions of a stage on this machine, behind a gateway of their own.

They are what runs in AWS: programs' flags are read from S3, a write is published before it is answered, and nothing
listens or polls between requests, so that the stage's database can pause.
"""

from __future__ import annotations

import base64
import os
import sys
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from api.access.addresses import AddressError, check_free, url_of
from api.aws.gateway_events import Event
from api.aws.routes import route_of
from db.process import signals
from db.settings import Settings, SettingsError

Function = Callable[[Event, object], dict[str, Any]]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Gateway(ThreadingHTTPServer):
    """Hands each request to the function that would get it in AWS."""

    daemon_threads = True

    def __init__(self, host: str, port: int, evaluation: Function, admin: Function) -> None:
        super().__init__((host, port), Handler)
        self._evaluation, self._admin = evaluation, admin
        self._one_at_a_time = threading.Lock()

    def answer(self, event: Event) -> dict[str, Any]:
        """Return a function's answer. A process of a function in AWS has one request at a time, too."""
        function = self._evaluation if route_of(event["rawPath"]) else self._admin
        with self._one_at_a_time:
            return function(event, None)


class Handler(BaseHTTPRequestHandler):
    """One request: HTTP to an event, and the function's answer to HTTP."""

    server: Gateway

    def answer(self) -> None:
        """Answer the request that has come."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            return self.send_error(411, "Send the body in one piece, and its length")
        said = self.server.answer(self._event(self.rfile.read(int(length))))
        body = base64.b64decode(said["body"]) if said["isBase64Encoded"] else said["body"].encode()
        self.send_response(said["statusCode"])
        headers = {name: value for name, value in said["headers"].items() if name.lower() != "content-length"}
        for name, value in [*headers.items(), *(("Set-Cookie", cookie) for cookie in said.get("cookies", ()))]:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _event(self, body: bytes) -> Event:
        path, _, query = self.path.partition("?")
        http = {"method": self.command, "path": path, "sourceIp": self.client_address[0]}
        return {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "requestContext": {"http": http, "requestId": uuid.uuid4().hex},
            "isBase64Encoded": True,
            "body": base64.b64encode(body).decode(),
        }

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the functions have logs of their own."""


for method in METHODS:
    setattr(Handler, f"do_{method}", Handler.answer)


def main() -> int:
    """Serve until a signal comes, and return the exit code."""
    try:
        settings = Settings.from_env(os.environ)
        check_free(settings.host, settings.port)
        from api.aws import admin_function, evaluation_function  # they read the environment as they are imported
    except (SettingsError, AddressError) as error:
        print(f"flagstaff: {error}", file=sys.stderr)
        return 1
    with Gateway(settings.host, settings.port, evaluation_function.handler, admin_function.handler) as gateway:
        print(f"Flagstaff is at {url_of(settings.host, settings.port)}  (Ctrl-C stops it)", flush=True)
        gateway.serve_forever()
    return 0


if __name__ == "__main__":
    signals.end_at_once()
    sys.exit(main())
