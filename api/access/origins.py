"""Which site a request comes from: a browser adds cookies to what other sites' pages send, too."""

from __future__ import annotations

from api.access.addresses import forwarded_scheme
from api.errors import RequestError
from api.request import Request
from db.settings import without_default_port


def check_same_origin(request: Request, public_url: str | None = None) -> None:
    """Raise `RequestError` (403) unless the request comes from a page of this very site.

    Browsers add the cookie to what other sites' pages send, too, but they can't forge `Origin`.
    """
    origin = str(request.headers.get("origin") or "")
    ours = own_origins(request) if public_url is None else ["/".join(public_url.split("/", 3)[:3])]
    if without_default_port(origin) not in {without_default_port(own) for own in ours}:
        said = f"not from {origin[:200]!r}" if origin else "and Origin is missing"
        raise RequestError(403, "foreign_origin", f"with a cookie, a write must come from this site, {said}")


def own_origins(request: Request) -> list[str]:
    """Give the origins that this site may have, by what the request says of its way here."""
    host = str(request.headers.get("host") or "")
    if not host:
        return []
    # A proxy that ends TLS may say so; a page that came by plain HTTP may then have been written by anybody on the way.
    forwarded = forwarded_scheme(request)
    schemes = ("https", request.scheme) if forwarded is None else (forwarded,)
    return [f"{scheme}://{host.lower()}" for scheme in schemes]
