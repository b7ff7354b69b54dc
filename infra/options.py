"""What a stage can be told: every option with its default and its check (docs/aws.md has a line for each)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import packages
from option_kinds import OptionReader, OptionSource, boolean, capacity, listed, log_retention, matching, one_of, whole

HTTPS: Final = 443
PROTECTED_STAGES: Final = ("prod", "production")
STAGE_NAME: Final = re.compile(r"(?=.{1,20}$)[a-z](-?[a-z0-9])*")


class OptionError(ValueError):
    """An option can't be used; the text names it, says what is allowed and how to set it."""


@dataclass(frozen=True)
class Options:
    """The options of one stage."""

    stage: str
    protected: bool
    interval_api_key: Any = field(default=None, repr=False)
    """A secret output; None leaves the Interval process out."""
    interval_server_endpoint: str | None = None
    interval_protected_roles: str | None = None
    interval_protected_teams: str | None = None
    minimum_capacity: float = 0.0
    maximum_capacity: float = 2.0
    auto_pause_seconds: int = 300
    postgres_version: str = "16"
    evaluation_memory: int = 512
    admin_memory: int = 512
    python_version: str = packages.lambda_python()
    requests_per_second: int = 500
    burst: int = 1000
    cors_origins: Sequence[str] = ()
    log_retention_days: int = 30
    open_evaluation: bool = False
    default_environment: str = "prod"
    refresh_seconds: float = 5.0
    bucketing: str = "v2"
    tracing: bool = True
    custom_domain: str | None = None
    certificate_arn: str | None = None
    alarm_email: str | None = None
    stale_minutes: int = 10
    availability_zones: Sequence[str] = ()
    jwt_public_key_parameter: str | None = None
    """The name of an SSM parameter whose value is the key in PEM form."""
    jwt_audience: str | None = None
    jwt_issuer: str | None = None
    jwt_admin_claim: str | None = None
    jwt_admin_users: str | None = None
    jwt_cookie: str | None = None

    @property
    def interval_server_port(self) -> int:
        """The port that the Interval server listens on."""
        return urlsplit(self.interval_server_endpoint or "").port or HTTPS

    @classmethod
    def read(cls, stage: str, source: OptionSource) -> Options:
        """Read every option. Raises OptionError, which names all that can't be used."""
        reader = OptionReader(source)
        if not STAGE_NAME.fullmatch(stage):
            form = "1 to 20 of a-z, 0-9 and single hyphens between them, with a letter at the start"
            reader.problems.append(f"the stack's name must be {form}, not {stage!r}")
        options = cls(
            stage=stage,
            protected=reader.read("protected", boolean, stage in PROTECTED_STAGES),
            interval_api_key=source.get_secret("intervalApiKey"),
            interval_server_endpoint=reader.read("intervalServerEndpoint", matching(_WEBSOCKET), None),
            interval_protected_roles=reader.read("intervalProtectedRoles", matching(_ROLES), None),
            interval_protected_teams=reader.read("intervalProtectedTeams", matching(_NAMES), None),
            minimum_capacity=reader.read("minimumCapacity", capacity(0), cls.minimum_capacity),
            maximum_capacity=reader.read("maximumCapacity", capacity(1), cls.maximum_capacity),
            auto_pause_seconds=reader.read("autoPauseSeconds", whole(300, 86_400), cls.auto_pause_seconds),
            postgres_version=reader.read("postgresVersion", matching(r"1[67](\.\d+)?"), cls.postgres_version),
            evaluation_memory=reader.read("evaluationMemory", whole(128, 10_240), cls.evaluation_memory),
            admin_memory=reader.read("adminMemory", whole(128, 10_240), cls.admin_memory),
            python_version=reader.read("pythonVersion", one_of(*packages.PYTHON_VERSIONS), cls.python_version),
            requests_per_second=reader.read("requestsPerSecond", whole(1, 10_000), cls.requests_per_second),
            burst=reader.read("burst", whole(1, 10_000), cls.burst),
            cors_origins=reader.read("corsOrigins", listed(_ORIGIN), ()),
            log_retention_days=reader.read("logRetentionDays", log_retention, cls.log_retention_days),
            open_evaluation=reader.read("evaluation", one_of("open", "key"), "key") == "open",
            default_environment=reader.read("defaultEnvironment", matching(_KEY), cls.default_environment),
            refresh_seconds=reader.read("refreshSeconds", whole(1, 3_600), int(cls.refresh_seconds)),
            bucketing=reader.read("bucketing", one_of("v2", "v3"), cls.bucketing),
            tracing=reader.read("tracing", boolean, cls.tracing),
            custom_domain=reader.read("customDomain", matching(_DOMAIN), None),
            certificate_arn=reader.read("certificateArn", matching(r"arn:aws[a-z-]*:acm:.+"), None),
            alarm_email=reader.read("alarmEmail", matching(r"[^@\s]+@[^@\s]+\.[^@\s]+"), None),
            stale_minutes=reader.read("staleMinutes", whole(1, 1_440), cls.stale_minutes),
            availability_zones=reader.read("availabilityZones", listed(r"[a-z]{2}(-[a-z]+)+-\d[a-z]"), ()),
            jwt_public_key_parameter=reader.read("jwtPublicKeyParameter", matching(r"[A-Za-z0-9_./-]{1,1011}"), None),
            jwt_audience=reader.read("jwtAudience", matching(_TEXT), None),
            jwt_issuer=reader.read("jwtIssuer", matching(_TEXT), None),
            jwt_admin_claim=reader.read("jwtAdminClaim", matching(r"[^=\s]+=\S+"), None),
            jwt_admin_users=reader.read("jwtAdminUsers", matching(_NAMES), None),
            jwt_cookie=reader.read("jwtCookie", matching(r"[A-Za-z0-9_.-]+"), None),
        )
        reader.problems += options.contradictions()
        if reader.problems:
            raise OptionError("; ".join(reader.problems))
        return options

    def contradictions(self) -> list[str]:
        """Return what is wrong with the options together."""
        problems = []
        if self.minimum_capacity > self.maximum_capacity:
            problems.append("flagstaff:minimumCapacity is larger than flagstaff:maximumCapacity")
        if (self.custom_domain is None) != (self.certificate_arn is None):
            problems.append("flagstaff:customDomain and flagstaff:certificateArn go together")
        if len(self.availability_zones) not in (0, 2, 3):
            problems.append("flagstaff:availabilityZones must be two or three")
        return problems + self._jwt_contradictions()

    def _jwt_contradictions(self) -> list[str]:
        """Return what db/settings.py would refuse, said before anything is made."""
        admins = self.jwt_admin_claim or self.jwt_admin_users
        if self.jwt_public_key_parameter is None:
            idle = admins or self.jwt_audience or self.jwt_issuer or self.jwt_cookie
            return ["the other flagstaff:jwt options need flagstaff:jwtPublicKeyParameter"] if idle else []
        problems = []
        if self.jwt_audience is None:
            problems.append("flagstaff:jwtPublicKeyParameter needs flagstaff:jwtAudience")
        if not admins:
            problems.append("flagstaff:jwtPublicKeyParameter needs flagstaff:jwtAdminClaim or flagstaff:jwtAdminUsers")
        return problems


_TEXT: Final = r"\S(.*\S)?"
_WEBSOCKET: Final = r"wss://[^\s/:]+(:\d{1,5})?/websocket"
_ROLES: Final = r"none|(admin|developer|member)(,(admin|developer|member))*"
_NAMES: Final = r"[^,\s]+(,[^,\s]+)*"
_KEY: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
_ORIGIN: Final = r"\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?"
_DOMAIN: Final = r"[a-z0-9-]+(\.[a-z0-9-]+)+"
