"""Sessions of people at the console: a signed cookie that names a key, which has to be in force at each request.

A cookie is `KEYID.ISSUED.NAME.SIGNATURE`: nothing is stored, so every process can check it. The secret is random and in
the database, never a hash of the key: who reads the list of keys can't sign in with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from api.access.addresses import origin_of
from api.access.auth import Admin, Keys
from api.access.local_only import is_local
from api.request import Request
from db.settings import Settings
from db.vocabulary import Actor, Scope, Source
from flagstaff.digits import parse_digits

COOKIE = "__Host-flagstaff"
"""Browsers keep a cookie of such a name from one host alone, with Secure and for every path (RFC 6265bis, 4.1.3.2)."""
LOCAL_COOKIE = "flagstaff"
"""On plain HTTP to this machine, where no browser would keep the other."""
HOURS = 12
SCOPES = frozenset({Scope.ADMIN, Scope.READER})
"""Of the keys that open the console."""


class Session(NamedTuple):
    """Somebody at the console."""

    admin: Admin
    name: str
    """As whom they act; empty for the key's own name."""
    csrf: str
    """What each form that changes something has to bring."""

    @property
    def may_write(self) -> bool:
        """Whether they may change anything: with a reader key people only look."""
        return self.admin.key is None or self.admin.key.scope is Scope.ADMIN

    @property
    def actor(self) -> Actor:
        """Who makes a change."""
        return replace(self.admin.actor(self.name or None), source=Source.CONSOLE)


class Sessions:
    """Signs and reads cookies, with a secret that is fetched when the first of them needs it."""

    def __init__(self, fetch_secret: Callable[[], bytes]) -> None:
        self._fetch_secret = fetch_secret
        self._secret: bytes | None = None

    def issue(self, key_id: str, name: str) -> str:
        """Return the cookie of a session that begins now."""
        said = f"{key_id}.{int(time.time())}.{base64.urlsafe_b64encode(name.encode()).decode().rstrip('=')}"
        return f"{said}.{self._sign('session', said)}"

    def read(self, cookie: str, keys: Keys) -> Session | None:
        """Return the session of a cookie; None for one that is not ours or too old, or whose key is not in force.

        Cookies of other keys than those in force are refused before the secret is fetched.
        """
        said, _, signature = cookie.rpartition(".")
        key_id, issued, name = parts if len(parts := said.split(".")) == 3 else ("", "", "")
        key = keys.with_id(key_id)
        if key is None or key.scope not in SCOPES or not is_recent(issued):
            return None
        if not hmac.compare_digest(signature.encode(), self._sign("session", said).encode()):
            return None
        return Session(Admin(key), decoded(name), self.csrf_of(cookie))

    def csrf_of(self, cookie: str) -> str:
        """Return what forms bring that belong to this cookie: another site's page knows neither."""
        return self._sign("csrf", cookie)

    def _sign(self, purpose: str, text: str) -> str:
        if self._secret is None:
            self._secret = self._fetch_secret()
        return hmac.new(self._secret, f"{purpose} {text}".encode(), hashlib.sha256).hexdigest()


def is_recent(issued: str) -> bool:
    """Tell whether a session that was begun then, in seconds since 1970, may go on."""
    begun = parse_digits(issued)
    return begun is not None and 0 <= time.time() - begun < HOURS * 3600


def decoded(name: str) -> str:
    """Return the name in a cookie; empty where it is none."""
    try:
        return base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def cookie_name(request: Request, settings: Settings) -> str:
    """Return the name of the cookie that this request's site has."""
    return COOKIE if needs_tls(request, settings) else LOCAL_COOKIE


def needs_tls(request: Request, settings: Settings) -> bool:
    """Tell whether the session must not go over plain HTTP: everywhere but on this machine."""
    scheme, _, host = (settings.public_url or origin_of(request)).partition("://")
    return scheme == "https" or not is_local(host.partition("/")[0])
