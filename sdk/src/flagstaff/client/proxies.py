"""The proxy on the way to a server, where the environment names one: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY."""

from __future__ import annotations

import base64
import ipaddress
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

# Not getproxies: on macOS that asks the system, in a way that a forked process does not survive.
from urllib.request import getproxies_environment, proxy_bypass


class Proxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    headers: dict[str, str]
    """What it has to be sent: the user and the password in its URL."""


def proxy_for(target: SplitResult) -> Proxy | None:
    """Return the proxy for this target; none for one of this machine. Raises ValueError for one that can't be used.

    The variables are read as curl and Python's other clients read them, each time.
    """
    variables = getproxies_environment()
    named = variables.get(target.scheme) or variables.get("all")
    host = target.hostname or ""
    if not named or is_loopback(host) or proxy_bypass(f"{host}:{target.port or ''}"):
        return None
    url = urlsplit(named if "://" in named else f"http://{named}")
    if url.scheme != "http" or not url.hostname:
        raise ValueError("the proxy that the environment names is not like http://proxy.example.com:3128")
    return Proxy(url.hostname, url.port or 80, authorization(url))


def is_loopback(host: str) -> bool:
    """Tell whether this is the machine itself, which no proxy stands before."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def authorization(proxy: SplitResult) -> dict[str, str]:
    """Return the header that signs in to a proxy, where its URL has a user."""
    if proxy.username is None:
        return {}
    said = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(said).decode()}"}
