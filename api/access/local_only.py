"""Requests from this machine only, while the dev keys, which everybody knows, are accepted.

A server on a loopback address is reached by others all the same: by a web page whose host name is made to stand for
127.0.0.1 (DNS rebinding; the browser then lets the page read answers), and through tunnels and reverse proxies.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from api.errors import RequestError
from api.request import Request

MAX_HOST = 255
"""Characters of a host name (RFC 1035) and port that are looked at; no longer ones name this machine."""

HOST_AND_PORT = re.compile(r"(?:\[([^\]]+)\]|([^:]+))(?::\d*)?")
FORWARDED = frozenset(
    {
        "forwarded",
        "via",
        "x-real-ip",
        *(f"x-forwarded-{name}" for name in ("for", "host", "port", "prefix", "proto", "scheme", "server", "ssl")),
    }
)
"""The headers with which proxies say that they hand a request on."""

WHAT_TO_DO = (
    "Under `make run` on a loopback address everybody knows the keys, so only requests to localhost or a loopback "
    "address are answered. To be reached by others, start it with another HOST (such as 0.0.0.0) or with "
    "`python -m api`: then the dev keys are not accepted"
)


def check_local(request: Request, own_host: str) -> None:
    """Raise `RequestError` (403) for a request to another host than this machine, and for one that was handed on.

    `own_host` is the host that the server was told to listen on: it may be a name of this machine's own.
    """
    host = request.headers.get("host", own_host)[: MAX_HOST + 1]
    if not is_local(host) and name_in(host) != own_host.lower():
        raise RequestError(403, "local_only", f"this request is for the host {host!r}. {WHAT_TO_DO}")
    if not FORWARDED.isdisjoint(request.headers):
        raise RequestError(403, "local_only", f"a proxy or tunnel handed this request on. {WHAT_TO_DO}")


@lru_cache(maxsize=64)
def is_local(host: str) -> bool:
    """Tell whether this `Host` header names a loopback address, `localhost` or a name below it (RFC 6761)."""
    name = name_in(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def name_in(host: str) -> str:
    """Return the name or address in a `Host` header, in lower case; empty where there is none."""
    found = HOST_AND_PORT.fullmatch(host.strip()) if len(host) <= MAX_HOST else None
    return (found[1] or found[2]).lower().removesuffix(".") if found else ""
