"""From granian's RSGI scope to a WSGI environ, the form of a request that handlers and Flask share."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

from granian.rsgi import Scope

MAX_HEADER_NAME = 64
"""Headers of longer names are left out: nothing here reads one, and the names that came are kept (`_environ_name`)."""

FOR_FLASK: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
"""What only Flask wants to know, and is the same in every request."""


def environ_of(scope: Scope) -> dict[str, Any]:
    """Make the environ of a request, without its body (`wsgi.input`) and without `FOR_FLASK`."""
    path = scope.path
    server, port = _host_and_port(scope.server)
    environ = {
        "REQUEST_METHOD": scope.method,
        # WSGI has a path's bytes as Latin-1.
        "PATH_INFO": path if path.isascii() else path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input_terminated": True,
    }
    for name, value in scope.headers.items():
        if len(name) <= MAX_HEADER_NAME and (key := _environ_name(name)) is not None:
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


@lru_cache(maxsize=16)
def _host_and_port(address: str) -> tuple[str, str]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port


@lru_cache(maxsize=1024)
def _environ_name(header: str) -> str | None:
    """The name of a header in an environ.

    None for a name with an underscore: `X_Forwarded_For` would there be the same as `X-Forwarded-For`, which a proxy
    sets and a client must not.
    """
    if "_" in header:
        return None
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
