"""The settings of a Flagstaff process: the one place where the environment is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

INTERVAL_ROLES: Final = frozenset({"admin", "developer", "member"})


class SettingsError(ValueError):
    """An environment variable is missing or can't be used; the text names it and says what is allowed."""


@dataclass(frozen=True)
class Settings:
    """What a process needs to know before it starts; each field stands for one environment variable."""

    database_url: str | None = field(default=None, repr=False)  # carries a password
    host: str = "127.0.0.1"
    port: int = 8080
    default_environment: str = "prod"
    evaluation_open: bool = False
    """Whether evaluating needs no key."""
    max_body_bytes: int = 1_048_576
    bucketing: str = "v2"
    refresh_seconds: float = 5.0
    """How often a process looks for changes that no notification told it of."""
    threads: int = 16
    """Threads of one worker process."""
    workers: int = 1
    interval_api_key: str | None = field(default=None, repr=False)
    interval_server_endpoint: str | None = None
    """The Interval server's websocket: wss://…/websocket."""
    interval_protected_roles: frozenset[str] = frozenset({"admin"})
    """The Interval roles that may change protected environments in the dashboard."""
    interval_protected_teams: frozenset[str] = frozenset()
    """The Interval teams, by slug, that may do so too."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read every setting once.

        Raises SettingsError, which names every variable that can't be used.
        """
        problems: list[str] = []

        def read(name: str, default: T, convert: Callable[[str], T]) -> T:
            text = env.get(name, "").strip()
            if not text:
                return default
            try:
                return convert(text)
            except ValueError as error:
                problems.append(f"{name} {error}")
                return default

        settings = cls(
            database_url=read("FLAGSTAFF_DATABASE_URL", None, postgres_url),
            host=read("HOST", cls.host, _text),
            port=read("PORT", cls.port, _whole_number(1, 65_535)),
            default_environment=read("FLAGSTAFF_DEFAULT_ENVIRONMENT", cls.default_environment, _text),
            evaluation_open=read("FLAGSTAFF_EVALUATION", "key", _one_of("open", "key")) == "open",
            max_body_bytes=read("FLAGSTAFF_MAX_BODY_BYTES", cls.max_body_bytes, _whole_number(1_024, 1 << 30)),
            bucketing=read("FLAGSTAFF_BUCKETING", cls.bucketing, _one_of("v2", "v3")),
            refresh_seconds=read("FLAGSTAFF_REFRESH_SECONDS", cls.refresh_seconds, _seconds),
            threads=read("FLAGSTAFF_THREADS", cls.threads, _whole_number(1, 1_024)),
            workers=read("FLAGSTAFF_WORKERS", cls.workers, _whole_number(1, 256)),
            interval_api_key=read("INTERVAL_API_KEY", None, _header_text),
            interval_server_endpoint=read("INTERVAL_SERVER_ENDPOINT", None, _websocket_url),
            interval_protected_roles=read("INTERVAL_PROTECTED_ROLES", cls.interval_protected_roles, _roles),
            interval_protected_teams=read("INTERVAL_PROTECTED_TEAMS", cls.interval_protected_teams, _names),
        )
        if problems:
            raise SettingsError("; ".join(problems))
        return settings


def _text(text: str) -> str:
    return text


def _whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}, not {text!r}")
        return int(text)

    return convert


def _one_of(*allowed: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}, not {text!r}")
        return text

    return convert


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.1 <= seconds <= 3_600:  # False for NaN too
        raise ValueError(f"must be a number of seconds from 0.1 to 3600, not {text!r}")
    return seconds


def _header_text(text: str) -> str:
    """The text, if it can be an HTTP header; what is wrong is said without showing it, because it is a secret."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("has a character that no key has")
    return text


def _websocket_url(text: str) -> str:
    try:
        url = urlsplit(text)
        usable = url.scheme in ("ws", "wss") and url.hostname and url.port != 0 and url.path == "/websocket"
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"must be a URL such as wss://interval.example.com/websocket, not {text!r}")
    return text


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip() for name in text.split(","))))


def _roles(text: str) -> frozenset[str]:
    """Roles as the Interval server tells them; `none` for no role at all, so that only teams count."""
    roles = _names(text)
    if roles == {"none"}:
        return frozenset()
    if not roles or not roles <= INTERVAL_ROLES:
        raise ValueError(
            f"must be {', '.join(sorted(INTERVAL_ROLES))} (some of them, with commas) or none, not {text!r}"
        )
    return roles


def postgres_url(text: str) -> str:
    """The URL itself; raises ValueError, which does not show it, because it carries a password."""
    problem = ValueError("is not a PostgreSQL URL such as postgresql://user:password@host:5432/name")
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise problem from None
    if url.scheme not in ("postgresql", "postgres") or not url.path.strip("/"):
        raise problem
    return text
