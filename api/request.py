"""One view of a request, whatever it came by: granian's RSGI, WSGI, or an event of API Gateway. No Flask in here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any

MAX_HEADER_NAME = 64
"""Headers of longer names are left out of an environ: nothing reads one, and the names that came are remembered."""

FOR_FLASK: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}
"""What is the same in every environ that is made here."""


class Request:
    """A request. What comes by another way has a subclass, which says where it came from and reads its body."""

    __slots__ = ("headers", "method", "path", "query_string")

    method: str
    path: str
    """Decoded; bytes that are no UTF-8 are replaced."""
    query_string: str
    """As it came, without the question mark."""
    headers: Mapping[str, str]
    """By names in lower case; of a header that came several times, the values with commas between them."""

    @property
    def scheme(self) -> str:
        """The scheme of the connection, `http` or `https`."""
        raise NotImplementedError

    @property
    def server(self) -> tuple[str, str]:
        """Host and port that the connection was made to."""
        raise NotImplementedError

    @property
    def client(self) -> str:
        """The address at the other end of the connection; empty where it is not known."""
        raise NotImplementedError

    def read(self, size: int) -> bytes:
        """Read on in the body: at most so many bytes, fewer only at its end."""
        raise NotImplementedError


class WsgiRequest(Request):
    """A request by its WSGI environ (PEP 3333)."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        path: str = environ["PATH_INFO"]  # WSGI has a path's bytes as Latin-1
        self.method = environ["REQUEST_METHOD"]
        self.path = path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")
        self.query_string = environ.get("QUERY_STRING") or ""
        self.headers = EnvironHeaders(environ)
        self._environ = environ

    @property
    def scheme(self) -> str:
        return str(self._environ.get("wsgi.url_scheme", "http"))

    @property
    def server(self) -> tuple[str, str]:
        return self._environ["SERVER_NAME"], self._environ["SERVER_PORT"]

    @property
    def client(self) -> str:
        return self._environ.get("REMOTE_ADDR") or ""

    def read(self, size: int) -> bytes:
        # Where the server ends the input itself, chunked bodies can be read, and one read to the end is the fastest.
        if not self._environ.get("wsgi.input_terminated"):
            declared = self._environ.get("CONTENT_LENGTH") or ""
            size = min(int(declared) if declared.isdecimal() else 0, size)
        body: bytes = self._environ["wsgi.input"].read(size)
        return body


class EnvironHeaders(Mapping[str, str]):
    """The headers in a WSGI environ, by the names that they have in a request."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value: str = self._environ[environ_name(name)]
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Look a header up, as often happens, without the exception that `Mapping` would raise inside."""
        return self._environ.get(environ_name(name), default)

    def __iter__(self) -> Iterator[str]:
        for name in self._environ:
            if name.startswith("HTTP_"):
                yield name[5:].lower().replace("_", "-")
            elif name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                yield name.lower().replace("_", "-")

    def __len__(self) -> int:
        return sum(1 for _ in self)


def to_environ(request: Request, size: int) -> dict[str, Any]:
    """Make the environ of a request, for Flask, with the first `size` bytes of its body."""
    server, port = request.server
    environ = {
        **FOR_FLASK,
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path if request.path.isascii() else request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "REMOTE_ADDR": request.client,
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": BytesIO(request.read(size)),
    }
    for name, value in request.headers.items():
        # `X_Forwarded_For` would there be the same as `X-Forwarded-For`, which a proxy sets and a client must not.
        if "_" not in name and len(name) <= MAX_HEADER_NAME:
            environ[environ_name(name)] = value
    return environ


@lru_cache(maxsize=1024)
def environ_name(header: str) -> str:
    """Return the name of a header in an environ."""
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
