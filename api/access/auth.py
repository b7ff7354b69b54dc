"""Keys: who asks, and what they may do. No database and no Flask in here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple, Protocol

from api.errors import RETRY_LATER, RequestError
from api.request import Request
from db.published.keyring import KeyRecord, Keyring, hash_secret
from db.vocabulary import Actor, Scope, Source

EVALUATION_HEADERS = ("x-api-key", "x-sdk-key")
ADMIN_HEADERS = ("x-admin-api-key", "x-admin-token")
READING = frozenset({"GET", "HEAD"})
CHALLENGE = (("WWW-Authenticate", "Bearer"),)

DEVELOPMENT_KEYS = (
    KeyRecord("dev-admin", "dev admin key", hash_secret("admin-secret-key"), Scope.ADMIN, None),
    KeyRecord("dev-sdk", "dev SDK key", hash_secret("sdk-secret-key"), Scope.SERVER, None),
)
"""Known to everyone, so only for `make run` on a loopback address. Bound to no environment: requests choose."""


class Keys:
    """The keys in force, and which of them have been used. One thread replaces them, all read them, nothing locks."""

    def __init__(self, always: Iterable[KeyRecord] = ()) -> None:
        self.loaded = False
        self._always = tuple(always)
        self._unstored = frozenset(record.id for record in self._always)
        self._ring = Keyring(self._always)
        self._used: set[str] = set()
        self._marked: dict[date, frozenset[str]] = {}

    def replace(self, records: Iterable[KeyRecord]) -> None:
        """From now on these are the keys in force (besides those that always are)."""
        self._ring = Keyring([*records, *self._always])
        self.loaded = True

    def find(self, secret: str) -> KeyRecord | None:
        """Return the key that this secret is, if it is in force."""
        record = self._ring.find(secret, datetime.now(UTC))
        if record is not None:
            self._used.add(record.id)
        return record

    def with_id(self, key_id: str) -> KeyRecord | None:
        """Return the key of this id, if it is in force."""
        return self._ring.with_id(key_id, datetime.now(UTC))

    def used(self) -> set[str]:
        """Return the ids of the keys used since they were last marked as used today (UTC)."""
        return self._used - self._marked.get(datetime.now(UTC).date(), self._unstored)

    def marked(self, ids: set[str]) -> None:
        """Note that these keys have been marked as used today."""
        today = datetime.now(UTC).date()
        self._marked = {today: self._marked.get(today, self._unstored) | ids}
        self._used -= ids


class Admin(NamedTuple):
    """Who makes an admin call: somebody with an admin key, or a signed-in person."""

    key: KeyRecord | None = None
    person: str | None = None

    @property
    def identity(self) -> str:
        """What tells callers apart."""
        return f"key {self.key.id}" if self.key else f"person {self.person}"

    def actor(self, user_id: str | None) -> Actor:
        """Return the actor of a change: the signed-in person, or whom the key's user names, else the key itself."""
        if self.key is None:
            return Actor(self.person or "", Source.API)
        return Actor(user_id or self.key.name, Source.API, f"key {self.key.name}")


class IdentityProvider(Protocol):
    """What knows people: `api.access.jwt.SignIn`, which is loaded only where it is configured."""

    def authenticate(self, request: Request) -> str | None:
        """Return the admin who is signed in, None where nobody tries to. Raises `RequestError`."""


def extract_secret(request: Request, headers: Iterable[str]) -> str | None:
    """Return the key that a request brings in the first of these headers that it has, or as a bearer token."""
    for header in headers:
        if secret := request.headers.get(header):
            return str(secret)
    return bearer_in(request)


def bearer_in(request: Request) -> str | None:
    """Return the bearer token of a request."""
    authorization: str = request.headers.get("authorization") or ""
    return authorization[7:].strip() or None if authorization[:7].lower() == "bearer " else None


def authenticate(keys: Keys, secret: str) -> KeyRecord:
    """Return the key that this secret is. Raises `RequestError`: 401 for none, 503 while keys have never
    been loaded.
    """
    record = keys.find(secret)
    if record is not None:
        return record
    if not keys.loaded:
        raise RequestError(503, "keys_not_loaded", "the API keys have not been loaded yet", RETRY_LATER)
    raise RequestError(401, "invalid_key", "this API key is not known, has expired or was revoked", CHALLENGE)


def optional_key(keys: Keys, request: Request, *, required: bool) -> KeyRecord | None:
    """Return the key of an evaluation. A key that is given counts even where none is required.

    Raises `RequestError`: 401 for a wrong key, and for none where one is required; 403 for a reader's key.
    """
    secret = extract_secret(request, EVALUATION_HEADERS)
    if secret is not None:
        return for_programs(authenticate(keys, secret))
    if required:
        message = "an API key is required: X-API-Key, X-SDK-Key or Authorization: Bearer"
        raise RequestError(401, "key_required", message, CHALLENGE)
    return None


def client_key(keys: Keys, request: Request, in_query: str | None = None) -> KeyRecord:
    """Return the key of a call by an SDK, which always needs one. Raises `RequestError` (401) without a valid one."""
    secret = extract_secret(request, EVALUATION_HEADERS) or in_query
    if secret is None:
        message = "an API key is required: X-API-Key, X-SDK-Key or Authorization: Bearer; for a stream also ?key="
        raise RequestError(401, "key_required", message, CHALLENGE)
    return for_programs(authenticate(keys, secret))


def for_programs(key: KeyRecord) -> KeyRecord:
    """Return the key of a program, which evaluates. Raises `RequestError` (403) for one that may only look."""
    if key.scope is Scope.READER:
        message = "a reader key only reads the admin API; programs need a server key, or to evaluate a client key"
        raise RequestError(403, "insufficient_scope", message)
    return key


def sees_all(key: KeyRecord | None, *, open_sees_all: bool) -> bool:
    """Tell whether the caller sees every flag: all but client keys do, and who has no key where that counts as a server
    key. Others see the flags that are marked for them, and those alone.
    """
    return open_sees_all if key is None else key.scope is not Scope.CLIENT


def check_may_explain(key: KeyRecord | None, *, everyone_may: bool) -> None:
    """Raise `RequestError` unless the caller may see how flags are targeted: 401 without a key where not everyone may,
    403 for a client's.
    """
    if key is None and not everyone_may:
        raise RequestError(401, "key_required", "explain needs an admin or a server key", CHALLENGE)
    if key is not None and key.scope is Scope.CLIENT:
        raise RequestError(403, "insufficient_scope", "explain needs an admin or a server key; this is a client key")


def admin(keys: Keys, identity_provider: IdentityProvider | None, request: Request) -> Admin:
    """Return who makes an admin call. Raises `RequestError`: 401 without a valid key or token, 403 for one
    of no admin, or of a reader who would change something.
    """
    in_header = any(request.headers.get(header) for header in ADMIN_HEADERS)
    if (
        identity_provider is not None
        and not in_header
        and (person := identity_provider.authenticate(request)) is not None
    ):
        return Admin(person=person)
    secret = extract_secret(request, ADMIN_HEADERS)
    if secret is None:
        elsewhere = next((name for name in EVALUATION_HEADERS if request.headers.get(name)), None)
        message = "an admin key is required: X-Admin-API-Key, X-Admin-Token or Authorization: Bearer"
        hint = f"; {elsewhere} is for evaluation" if elsewhere else ""
        raise RequestError(401, "key_required", message + hint, CHALLENGE)
    key = authenticate(keys, secret)
    if key.scope is not Scope.ADMIN and not (key.scope is Scope.READER and request.method in READING):
        raise RequestError(403, "insufficient_scope", f"this needs an admin key; this is a {key.scope} key")
    return Admin(key)
