"""A local stand-in for what Lambda offers a function's process: the runtime API, which hands out events.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. The process itself runs Lambda's own client.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from tests.environments import python_of

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of an answer that Lambda takes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:test"


class Outcome(NamedTuple):
    """What a function made of an event."""

    failed: bool
    value: Any


class Runtime:
    """One process of a function."""

    def __init__(self) -> None:
        self._events: queue.Queue[Mapping[str, Any]] = queue.Queue()
        self._outcomes: queue.Queue[Outcome] = queue.Queue()
        self.process: subprocess.Popen[str] | None = None
        self.output = ""
        runtime = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = json.dumps(runtime._events.get()).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 30_000))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                failed = self.path.endswith("/error") or len(body) > MAX_PAYLOAD
                runtime._outcomes.put(Outcome(failed, json.loads(body or b"null")))

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def invoke(self, event: Mapping[str, Any], seconds: float = 60) -> Outcome:
        """Hand out an event, and wait for what comes of it."""
        self._events.put(event)
        return self._outcomes.get(timeout=seconds)

    def failure(self, seconds: float = 60) -> Outcome:
        """What the process reports without having been given an event: it could not start."""
        return self._outcomes.get(timeout=seconds)

    def invoke_http(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Any:
        """What `request` gives, with the body as it is."""
        outcome = self.invoke(http_event(method, path, body, headers, **more))
        assert not outcome.failed, str(outcome.value)[:1_000]
        return outcome.value

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Any:
        """The gateway's answer to a request: a dict with `statusCode`, `headers` and `body` (JSON is read)."""
        answer = self.invoke_http(method, path, body, headers, **more)
        with contextlib.suppress(ValueError):
            answer["body"] = json.loads(answer["body"])
        return answer


def http_event(
    method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """An event of an HTTP API, payload format 2.0; a body that is no text is sent as JSON."""
    raw_path, _, query = path.partition("?")
    sent = {"host": "abc.execute-api.eu-central-1.amazonaws.com", **(headers or {})}
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
        sent.setdefault("content-type", "application/json")
    http = {"method": method, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {"http": http, "requestId": "gateway-id-1", "stage": "$default", "timeEpoch": 0},
        "isBase64Encoded": False,
        **({"body": body} if body is not None else {}),
        **more,
    }


@contextlib.contextmanager
def function(package: Path, handler: str, env: Mapping[str, str]) -> Iterator[Runtime]:
    """Lambda's client running a handler of an unpacked package, in a process that has nothing else."""
    runtime = Runtime()
    settings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(package),
        "AWS_LAMBDA_RUNTIME_API": runtime.address,
        "AWS_LAMBDA_FUNCTION_NAME": "test",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        **env,
    }
    process = subprocess.Popen(
        [python_of("lambda"), "-m", "awslambdaric", handler],
        cwd=package,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    runtime.process = process
    try:
        yield runtime
    finally:
        process.kill()
        runtime.output, _ = process.communicate(timeout=30)
        runtime.server.shutdown()
        runtime.server.server_close()
