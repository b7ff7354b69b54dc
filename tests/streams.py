"""Reading an event stream over a plain socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any, NamedTuple


class Event(NamedTuple):
    name: str
    data: Any
    id: str | None


class Stream:
    """One stream; reading waits at most some seconds."""

    def __init__(self, port: int, query: str, last_id: str | None = None, seconds: float = 30, buffer: int = 0) -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(seconds)
        self.socket.connect(("127.0.0.1", port))
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        self.socket.sendall(f"GET /api/client/stream?{query} HTTP/1.0\r\nHost: x\r\n{resume}\r\n".encode())
        self._file = self.socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()
        self.last_id = last_id

    def body(self) -> Any:
        """The answer that is no stream."""
        return json.loads(self._file.read())

    def next(self) -> Event | None:
        """The next event, or position; None at the end of the stream."""
        name, data, identity = "message", None, None
        for raw in self._file:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif line.startswith("id: "):
                self.last_id = identity = line[4:]
            elif not line and (data is not None or identity is not None):
                return Event(name, data, identity)
        return None

    def until(self, done: Callable[[Event], bool]) -> list[Event]:
        """The events up to one that is looked for; positions left out."""
        found = []
        while (event := self.next()) is not None:
            if event.data is not None:
                found.append(event)
            if done(event):
                return found
        raise AssertionError(f"the stream ended after {found}")

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
