"""What the service is made of: one `Services` per process, handed to Flask and to the dispatch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.access.addresses import is_loopback
from api.access.auth import DEVELOPMENT_KEYS, IdentityProvider, Keys
from api.access.limits import Limits
from api.access.sessions import Sessions
from api.access.stream_capacity import Holder, StreamCapacity
from api.feeds.feed import Feed
from api.memory.follower import DefinitionsFollower
from api.routes import TIMED
from api.telemetry.counters import Counters, Table
from db import database
from db.administration import console_secret
from db.settings import Settings, SettingsError
from flagstaff.engine import Engine


@dataclass(frozen=True)
class Services:
    """Settings, definitions and keys of this process."""

    settings: Settings
    keys: Keys
    follower: DefinitionsFollower
    engines: Mapping[str, Engine]
    """Those of `follower`, at hand for evaluation."""
    explain_open: bool = False
    streams: StreamCapacity = field(default_factory=lambda: StreamCapacity(0))
    """Places for streams; none where there are no streams."""
    counters: Counters = field(default_factory=lambda: Counters(Table.alone(TIMED)))
    limits: Limits = field(default_factory=Limits)
    sign_in: IdentityProvider | None = None
    sessions: Sessions = field(default_factory=lambda: Sessions(console_secret.read))
    local_only: bool = False
    """Only requests from this machine are answered: the dev keys are accepted."""

    @property
    def client_engines(self) -> Mapping[str, Engine]:
        """The same with the flags alone that client keys see."""
        return self.follower.client_engines

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """The follower's environments, for SDKs that download flags."""
        return self.follower.feeds

    def refresh_if_behind(self, environment: str, revision: int, *, sees_all: bool) -> None:
        """Read what changed in an environment, if what such callers see is behind; once a second at most."""
        self.follower.refresh_if_behind(environment, revision, sees_all=sees_all)

    def end_streams(self) -> None:
        """End all streams, for good: the process is about to end. Their clients find another one."""
        self.streams.closing.set()
        for feed in self.feeds.values():
            feed.wake_all()

    def has_stream_room(self, holder: Holder) -> bool:
        """Tell whether there is a place for a stream of this one."""
        return self.streams.has_room(holder)

    def open_stream(self, holder: Holder) -> bool:
        """Take a place for a stream, if there is one."""
        if not self.streams.acquire(holder):
            return False
        self.counters.stream_opened()
        return True

    def close_stream(self, holder: Holder) -> None:
        """Give back the place of a stream that has ended."""
        self.streams.release(holder)
        self.counters.stream_closed()


def database_url(settings: Settings) -> str:
    """Return the URL of the database. Raises SettingsError where there is none, or one that can't be used."""
    if settings.database_url is None:
        raise SettingsError("FLAGSTAFF_DATABASE_URL is not set")
    try:
        database.connection_parameters(settings.database_url)
    except ValueError as error:
        raise SettingsError(f"FLAGSTAFF_DATABASE_URL: {error}") from None
    return settings.database_url


def connect(settings: Settings, *, development: bool = False, counts: Table | None = None) -> Services:
    """Make the services; `development` adds the dev keys and opens `?explain`. Nothing connects or starts yet.

    `counts` is shared with other workers of the same server. Raises SettingsError without a database or with a key
    that can't be used, ValueError for development on an address that others reach.
    """
    url = database_url(settings)
    database.connect(url)
    if development and not is_loopback(settings.host):
        raise ValueError("the dev keys are known to everyone: they are for loopback addresses only")
    keys = Keys(DEVELOPMENT_KEYS if development else ())
    follower = DefinitionsFollower(url, keys, bucketing=settings.bucketing, refresh_seconds=settings.refresh_seconds)
    follower.follow_own_writes()
    return Services(
        settings,
        keys,
        follower,
        follower.engines,
        explain_open=development and settings.open_sees_all,
        streams=StreamCapacity(settings.streams),
        counters=Counters(counts or Table.alone(TIMED)),
        limits=Limits.of(settings),
        sign_in=signing_in(settings),
        local_only=development,
    )


def signing_in(settings: Settings) -> IdentityProvider | None:
    """Return what checks people's tokens, where that is configured. Raises SettingsError for a key that
    can't be used.
    """
    if settings.jwt_public_key is None:
        return None
    from api.access.jwt import SignIn  # cryptography is large, and most processes need none of it

    return SignIn(settings)
