"""The settings of a Flagstaff process: the one place where the environment is read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

from flagstaff.digits import parse_digits

T = TypeVar("T")

_PATH = re.compile(r"(/[A-Za-z0-9._~%-]+)*/?")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_COOKIE_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
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
    max_evaluation_bytes: int = 65_536
    """The same for evaluations, which anybody may ask for and which cost by the size of their context."""
    bucketing: str = "v2"
    refresh_seconds: float = 5.0
    """How often a process looks for changes that no notification told it of."""
    server: str = "rsgi"
    """The interface between the HTTP server and the service: `rsgi`, or `wsgi` behind a proxy that reads bodies."""
    threads: int = 16
    """Threads of one worker process; under `rsgi`, those for what the event loop does not answer itself."""
    workers: int = 1
    streams: int = 1_000
    """Event streams that one worker process keeps open at once; 0: it has none. Under `wsgi` each holds a thread."""
    admin_limit: int = 600
    """Admin calls a minute of one key from one address; 0: any number. The same holds for the limits below."""
    sign_in_limit: int = 20
    """Failed sign-ins a minute from one address."""
    evaluation_limit: int = 0
    """Evaluations a minute of one key from one address."""
    open_sees_all: bool = False
    """Whether who evaluates without a key sees what a server key sees; else it is what a client key sees."""
    new_flags_client_side: bool = False
    """Whether client keys see a new flag of which nobody says whether they do."""
    trusted_proxies: int = 0
    """How many proxies in front add the address that they hear from to X-Forwarded-For."""
    public_url: str | None = None
    """Scheme, host and port at which clients reach the service; None: what their requests say."""
    cors_origins: frozenset[str] = frozenset()
    """The origins whose pages may read answers; `*` among them: all."""
    jwt_public_key: str | None = None
    """RSA public key in PEM; None: nobody signs in by JWT."""
    jwt_audience: str | None = None
    jwt_issuer: str | None = None
    jwt_admin_claim: tuple[str, str] | None = None
    """Name and value of the claim that makes an admin."""
    jwt_admin_users: frozenset[str] = frozenset()
    """The user ids that are admins."""
    jwt_cookie: str = "flagstaff_session"
    interval_api_key: str | None = field(default=None, repr=False)
    interval_server_endpoint: str | None = None
    """The Interval server's websocket: wss://…/websocket."""
    interval_protected_roles: frozenset[str] = frozenset({"admin"})
    """The Interval roles that may change protected environments in the dashboard."""
    interval_protected_teams: frozenset[str] = frozenset()
    """The Interval teams, by slug, that may do so too."""
    database_iam: bool = False
    """Whether the database takes a token signed for each connection (RDS) instead of a password."""
    definitions_bucket: str | None = None
    """The S3 bucket that definitions and keys are published to; None: nothing is published."""
    aws_region: str | None = None
    s3_endpoint: str | None = None
    """Another S3 than Amazon's own."""
    demo: bool = False
    """Whether the demo is served at /demo."""
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

        bytes_ = _whole_number(1_024, 1 << 30)
        settings = cls(
            database_url=read("FLAGSTAFF_DATABASE_URL", None, postgres_url),
            host=read("HOST", cls.host, _text),
            port=read("PORT", cls.port, _whole_number(1, 65_535)),
            public_url=read("FLAGSTAFF_PUBLIC_URL", None, _base_url),
            default_environment=read("FLAGSTAFF_DEFAULT_ENVIRONMENT", cls.default_environment, _text),
            evaluation_open=read("FLAGSTAFF_EVALUATION", "key", _one_of("open", "key")) == "open",
            open_sees_all=read("FLAGSTAFF_OPEN_SEES", "marked", _one_of("marked", "all")) == "all",
            new_flags_client_side=read("FLAGSTAFF_NEW_FLAGS", "server", _one_of("server", "client")) == "client",
            max_body_bytes=read("FLAGSTAFF_MAX_BODY_BYTES", cls.max_body_bytes, bytes_),
            max_evaluation_bytes=read("FLAGSTAFF_MAX_EVALUATION_BYTES", cls.max_evaluation_bytes, bytes_),
            bucketing=read("FLAGSTAFF_BUCKETING", cls.bucketing, _one_of("v2", "v3")),
            refresh_seconds=read("FLAGSTAFF_REFRESH_SECONDS", cls.refresh_seconds, _seconds),
            server=read("FLAGSTAFF_SERVER", cls.server, _one_of("rsgi", "wsgi")),
            threads=read("FLAGSTAFF_THREADS", cls.threads, _whole_number(1, 1_024)),
            workers=read("FLAGSTAFF_WORKERS", cls.workers, _whole_number(1, 256)),
            streams=read("FLAGSTAFF_STREAMS", cls.streams, _whole_number(0, 100_000)),
            admin_limit=read("FLAGSTAFF_ADMIN_LIMIT", cls.admin_limit, _whole_number(0, 1_000_000)),
            sign_in_limit=read("FLAGSTAFF_SIGN_IN_LIMIT", cls.sign_in_limit, _whole_number(0, 1_000_000)),
            evaluation_limit=read("FLAGSTAFF_EVALUATION_LIMIT", cls.evaluation_limit, _whole_number(0, 100_000_000)),
            trusted_proxies=read("FLAGSTAFF_TRUSTED_PROXIES", cls.trusted_proxies, _whole_number(0, 10)),
            cors_origins=read("FLAGSTAFF_CORS_ORIGINS", cls.cors_origins, _origins),
            jwt_public_key=read("FLAGSTAFF_JWT_PUBLIC_KEY", None, _public_key),
            jwt_audience=read("FLAGSTAFF_JWT_AUDIENCE", None, _text),
            jwt_issuer=read("FLAGSTAFF_JWT_ISSUER", None, _text),
            jwt_admin_claim=read("FLAGSTAFF_JWT_ADMIN_CLAIM", None, _claim),
            jwt_admin_users=read("FLAGSTAFF_JWT_ADMIN_USERS", cls.jwt_admin_users, _list),
            jwt_cookie=read("FLAGSTAFF_JWT_COOKIE", cls.jwt_cookie, _cookie_name),
            interval_api_key=read("INTERVAL_API_KEY", None, _header_text),
            interval_server_endpoint=read("INTERVAL_SERVER_ENDPOINT", None, _websocket_url),
            interval_protected_roles=read("INTERVAL_PROTECTED_ROLES", cls.interval_protected_roles, _roles),
            interval_protected_teams=read("INTERVAL_PROTECTED_TEAMS", cls.interval_protected_teams, _list),
            database_iam=read("FLAGSTAFF_DATABASE_AUTH", "password", _one_of("password", "iam")) == "iam",
            definitions_bucket=read("FLAGSTAFF_DEFINITIONS_BUCKET", None, _text),
            aws_region=read("AWS_REGION", None, _text),
            s3_endpoint=read("AWS_ENDPOINT_URL_S3", None, _text),
            demo=read("FLAGSTAFF_DEMO", "off", _one_of("on", "off")) == "on",
            stage=read("FLAGSTAFF_STAGE", cls.stage, _text),
        )
        problems += settings._sign_in_problems(env)
        if (settings.database_iam or settings.definitions_bucket) and not settings.aws_region:
            problems.append("AWS_REGION must be set with FLAGSTAFF_DATABASE_AUTH=iam or FLAGSTAFF_DEFINITIONS_BUCKET")
        if problems:
            raise SettingsError("; ".join(problems))
        return settings

    def _sign_in_problems(self, env: Mapping[str, str]) -> list[str]:
        """Return a public key alone would let in everyone who has a token of the same issuer, for whatever program it
        is.
        """
        if not env.get("FLAGSTAFF_JWT_PUBLIC_KEY", "").strip():
            idle = self.jwt_audience or self.jwt_issuer or self.jwt_admin_claim or self.jwt_admin_users
            return ["FLAGSTAFF_JWT_PUBLIC_KEY must be set with the other FLAGSTAFF_JWT_ variables"] if idle else []
        problems = []
        if not self.jwt_audience:
            problems.append("FLAGSTAFF_JWT_AUDIENCE must be set with FLAGSTAFF_JWT_PUBLIC_KEY")
        if not self.jwt_admin_claim and not self.jwt_admin_users:
            which = "FLAGSTAFF_JWT_ADMIN_CLAIM or FLAGSTAFF_JWT_ADMIN_USERS"
            problems.append(f"{which} must be set with FLAGSTAFF_JWT_PUBLIC_KEY")
        return problems


@dataclass(frozen=True)
class ControlSettings:
    """What the control function acts on. Those of the cluster are empty in a stage that uses another stage's."""

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
        cluster = ("CLUSTER_ARN", "SECRET_ARN", "DATABASE_NAME", "DATABASE_ROLE")
        given = {name: env.get(f"FLAGSTAFF_{name}", "") for name in ("EVALUATION_FUNCTION", *cluster)}
        needed = given if any(given[name] for name in cluster) else ["EVALUATION_FUNCTION"]
        if missing := [f"FLAGSTAFF_{name}" for name in needed if not given[name]]:
            raise SettingsError(f"not set: {', '.join(missing)}")
        endpoints = env.get("AWS_ENDPOINT_URL_LAMBDA"), env.get("AWS_ENDPOINT_URL_RDS_DATA")
        function, arn, secret, database, role = given.values()
        return cls(function, arn, secret, database, role, *endpoints)


def _text(text: str) -> str:
    return text


def _whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        number = parse_digits(text)
        if number is None or not lowest <= number <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}, not {text!r}")
        return number

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


def _list(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _base_url(text: str) -> str:
    origin, path = re.fullmatch(r"([^/]*//[^/]*|[^/]*)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if not _ORIGIN.fullmatch(origin) or not _PATH.fullmatch(path):
        raise ValueError(f"must be a URL such as https://flags.example.com or https://example.com/flags, not {text!r}")
    return without_default_port(origin.lower()) + path.rstrip("/")


def _origins(text: str) -> frozenset[str]:
    origins = _list(text)
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            wanted = "* or origins such as https://app.example.com, separated by commas"
            raise ValueError(f"must be {wanted}; not {origin!r}")
    return frozenset(map(without_default_port, origins))


def without_default_port(origin: str) -> str:
    """Return an origin as browsers write it: in lower case, without the port that its scheme has anyway."""
    default = {"https": ":443", "http": ":80"}.get(origin.lower().partition("://")[0], "\0")
    return origin.lower().removesuffix(default)


def _public_key(text: str) -> str:
    """PEM text; where a variable can't hold several lines, `\\n` stands for their ends."""
    pem = text.replace("\\n", "\n")
    if not pem.startswith("-----BEGIN PUBLIC KEY-----") and not pem.startswith("-----BEGIN RSA PUBLIC KEY-----"):
        raise ValueError("must be an RSA public key in PEM form, which begins with -----BEGIN PUBLIC KEY-----")
    return pem


def _claim(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ValueError(f"must be a claim and its value such as role=admin, not {text!r}")
    return name.strip(), value.strip()


def _cookie_name(text: str) -> str:
    if not _COOKIE_NAME.fullmatch(text):
        raise ValueError(f"must be a name that a cookie can have, not {text!r}")
    return text


def _header_text(text: str) -> str:
    """Return the text, if it can be an HTTP header; what is wrong is said without showing it, because it
    is a secret.
    """
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


def _roles(text: str) -> frozenset[str]:
    """Roles as the Interval server tells them; `none` for no role at all, so that only teams count."""
    roles = _list(text)
    if roles == {"none"}:
        return frozenset()
    if not roles or not roles <= INTERVAL_ROLES:
        raise ValueError(
            f"must be {', '.join(sorted(INTERVAL_ROLES))} (some of them, with commas) or none, not {text!r}"
        )
    return roles


def postgres_url(text: str) -> str:
    """Return the URL itself; raises ValueError, which does not show it, because it carries a password."""
    problem = ValueError("is not a PostgreSQL URL such as postgresql://user:password@host:5432/name")
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise problem from None
    if url.scheme not in ("postgresql", "postgres") or not url.path.strip("/"):
        raise problem
    return text
