"""Where a server listens, and where its requests come from."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket

from api.request import Request

MAX_ADDRESS = 64


class AddressError(Exception):
    """The server can't listen where it was told to; the text names the setting."""


def check_free(host: str, port: int) -> None:
    """Raise `AddressError` unless a server can listen on this host and port.

    Granian's workers share a port, so a second server would come up beside a first one and take part of its requests.
    """
    address = ip_address(host)
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise AddressError(why_not(error, host, port)) from None


def why_not(error: OSError, host: str, port: int) -> str:
    """Return why a server can't listen there, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; choose another with PORT"
    return f"can't listen on {host} port {port} (HOST, PORT): {error.strerror}"


def ip_address(host: str) -> str:
    """Return the address that a host name stands for. Raises `AddressError` where it stands for none."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise AddressError(f"HOST {host!r} is not an address: {error}") from None


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a server on this host. Raises `AddressError` as `ip_address` does."""
    return ipaddress.ip_address(ip_address(host).partition("%")[0]).is_loopback


def url_of(host: str, port: int) -> str:
    """Return where a browser or curl finds the server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def origin_of(request: Request) -> str:
    """Scheme, host and port under which the client says that it reached us, a TLS proxy in between counted in."""
    scheme = forwarded_scheme(request) or request.scheme
    host = request.headers.get("host") or ""
    if not re.fullmatch(r"[A-Za-z0-9._:\[\]-]+", host):
        host = f"{':'.join(request.server)}"
    return f"{scheme}://{host}"


def forwarded_scheme(request: Request) -> str | None:
    """Return the scheme that the client used, as proxies tell it; None where none does.

    Each proxy of a chain may append its own: the first is the client's. Schemes know no case (RFC 3986, section 3.1).
    """
    first: str = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return first if first in ("http", "https") else None


def address_of(request: Request, trusted_proxies: int) -> str:
    """Return where a request comes from: what the outermost trusted proxy has seen, or the other end of the connection.

    One subscriber has a whole /64 of IPv6, so that counts as one address.
    """
    address = request.client
    if trusted_proxies:
        chain = [part.strip() for part in (request.headers.get("x-forwarded-for") or "").split(",") if part.strip()]
        address = [address, *reversed(chain)][min(trusted_proxies, len(chain))]
    if ":" in address:
        return network_of(address)
    return address[:MAX_ADDRESS]


def network_of(address: str) -> str:
    """Return the /64 of an IPv6 address; an IPv4 address in IPv6 form is the IPv4 address."""
    try:
        parsed = ipaddress.IPv6Address(address.strip("[]").partition("%")[0])
    except ValueError:
        return address[:MAX_ADDRESS]
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
