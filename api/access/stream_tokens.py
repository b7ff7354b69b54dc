"""Stream tokens: leave to hear, for a few minutes, that flags of one environment have changed, and nothing else.

A browser's EventSource sends no headers, so what opens a stream stands in its URL, and URLs end up in logs. A token is
signed with the hash of the key that asked for it: every process can check it, and it ends with its key.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import NamedTuple

from api.access import auth
from api.errors import RequestError
from db.published.keyring import KeyRecord

WINDOW_SECONDS = 300
"""A token is good for one to two of these. Within one everybody gets the same, so that streams need not be reopened."""

OPEN = "open"
"""Stands for the key where evaluation needs none. Such a token is no secret, and opens nothing that is not open."""


class Token(NamedTuple):
    """What a token says."""

    key: KeyRecord | None
    """The key that it was made from; None where evaluation is open and there was none."""
    environment: str


def issue(key: KeyRecord | None, environment: str) -> str:
    """Return a token for the events of this environment."""
    expires = (int(time.time()) // WINDOW_SECONDS + 2) * WINDOW_SECONDS
    name = f"{expires}.{key.id if key else OPEN}.{environment}"
    return f"{signature(key, name)}.{name}"


def read(keys: auth.Keys, token: str, *, evaluation_open: bool) -> Token:
    """Return what the token says. Raises `RequestError` (401) unless it is one of ours, and still good."""
    given, _, name = token.partition(".")
    expires, _, rest = name.partition(".")
    key_id, _, environment = rest.partition(".")
    key = None if key_id == OPEN and evaluation_open else keys.with_id(key_id)
    known = key is not None or (key_id == OPEN and evaluation_open)
    if known and hmac.compare_digest(given.encode(), signature(key, name).encode()) and int(expires) > time.time():
        return Token(key, environment)
    raise RequestError(401, "invalid_token", "this stream token is not known or has expired; ask for a new one")


def signature(key: KeyRecord | None, name: str) -> str:
    """Return what only those can write who know the key's hash."""
    secret = (key.hash if key else OPEN).encode()
    return hmac.new(secret, b"flagstaff stream " + name.encode(), hashlib.sha256).hexdigest()[:32]
