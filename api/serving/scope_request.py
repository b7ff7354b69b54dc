"""A request as granian's RSGI brings it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from granian.rsgi import Scope

from api.request import Request


class ScopeRequest(Request):
    """A request by its RSGI scope. Who reads its body in the event loop puts it into `body`."""

    __slots__ = ("_scope", "body")

    def __init__(self, scope: Scope) -> None:
        self.method = scope.method
        self.path = scope.path
        self.query_string = scope.query_string
        pairs = scope.headers.items()
        headers = dict(pairs)
        self.headers = headers if len(headers) == len(pairs) else joined(pairs)
        self.body = b""
        self._scope = scope

    @property
    def scheme(self) -> str:
        return self._scope.scheme

    @property
    def server(self) -> tuple[str, str]:
        return host_and_port(self._scope.server)

    @property
    def client(self) -> str:
        return host_and_port(self._scope.client)[0]

    def read(self, size: int) -> bytes:
        body, self.body = self.body, b""
        if len(body) > size:
            body, self.body = body[:size], body[size:]
        return body


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Put the values of a header that came several times into one."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


@lru_cache(maxsize=256)
def host_and_port(address: str) -> tuple[str, str]:
    """Take an address apart, without the brackets of IPv6."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port
