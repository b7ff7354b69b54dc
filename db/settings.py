"""The settings of a Flagstaff process: the one place where the environment is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


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
    database_iam: bool = False
    """Whether the database takes a token signed for each connection (RDS) instead of a password."""
    definitions_bucket: str | None = None
    """The S3 bucket that definitions and keys are published to; None: nothing is published."""
    aws_region: str | None = None
    s3_endpoint: str | None = None
    """Another S3 than Amazon's own."""
    stage: str = "local"
    """The deployment's name, as metrics show it."""

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
            database_iam=read("FLAGSTAFF_DATABASE_AUTH", "password", _one_of("password", "iam")) == "iam",
            definitions_bucket=read("FLAGSTAFF_DEFINITIONS_BUCKET", None, _text),
            aws_region=read("AWS_REGION", None, _text),
            s3_endpoint=read("AWS_ENDPOINT_URL_S3", None, _text),
            stage=read("FLAGSTAFF_STAGE", cls.stage, _text),
        )
        if (settings.database_iam or settings.definitions_bucket) and not settings.aws_region:
            problems.append("AWS_REGION must be set with FLAGSTAFF_DATABASE_AUTH=iam or FLAGSTAFF_DEFINITIONS_BUCKET")
        if problems:
            raise SettingsError("; ".join(problems))
        return settings


@dataclass(frozen=True)
class ControlSettings:
    """What the control function acts on; all but the endpoints must be set."""

    evaluation_function: str
    cluster_arn: str
    secret_arn: str
    """The database's master secret, which the Data API reads for itself."""
    database: str
    role: str
    """The database role that the application signs in as."""
    lambda_endpoint: str | None = None
    data_endpoint: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> ControlSettings:
        """Raises SettingsError, which names every variable that is missing."""
        names = ("EVALUATION_FUNCTION", "CLUSTER_ARN", "SECRET_ARN", "DATABASE_NAME", "DATABASE_ROLE")
        if missing := [f"FLAGSTAFF_{name}" for name in names if not env.get(f"FLAGSTAFF_{name}")]:
            raise SettingsError(f"not set: {', '.join(missing)}")
        function, cluster, secret, database, role = (env[f"FLAGSTAFF_{name}"] for name in names)
        endpoints = env.get("AWS_ENDPOINT_URL_LAMBDA"), env.get("AWS_ENDPOINT_URL_RDS_DATA")
        return cls(function, cluster, secret, database, role, *endpoints)


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
