"""What a stage can be told: every option with its default and its check (docs/aws.md has a line for each)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")

PYTHON_VERSIONS: Final = ("3.11", "3.12", "3.13", "3.14")
"""Those that Lambda runs."""
RETENTION_DAYS: Final = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3653,
)
"""Those that CloudWatch Logs takes."""
PROTECTED_STAGES: Final = ("prod", "production")
STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,19}")


class OptionError(ValueError):
    """An option can't be used; the text names it, says what is allowed and how to set it."""


class Source(Protocol):
    """Where options come from: `pulumi.Config`."""

    def get(self, key: str) -> str | None:
        """The option's text, if it is set."""

    def get_secret(self, key: str) -> Any:
        """The option as a secret output, if it is set."""


@dataclass(frozen=True)
class Options:
    """The options of one stage."""

    stage: str
    protected: bool
    interval_api_key: Any = field(default=None, repr=False)
    """A secret output; None leaves the Interval process out."""
    interval_server_endpoint: str | None = None
    minimum_capacity: float = 0.0
    maximum_capacity: float = 2.0
    auto_pause_seconds: int = 300
    postgres_version: str = "16"
    evaluation_memory: int = 512
    admin_memory: int = 512
    python_version: str = f"{sys.version_info.major}.{sys.version_info.minor}"
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

    @classmethod
    def read(cls, stage: str, source: Source) -> Options:
        """Read every option. Raises OptionError, which names all that can't be used."""
        reader = _Reader(source)
        if not STAGE_NAME.fullmatch(stage):
            reader.problems.append(f"the stack's name must match {STAGE_NAME.pattern}, not {stage!r}")
        options = cls(
            stage=stage,
            protected=reader.read("protected", _boolean, stage in PROTECTED_STAGES),
            interval_api_key=source.get_secret("intervalApiKey"),
            interval_server_endpoint=reader.read("intervalServerEndpoint", _matching(r"wss://[^\s/]+/websocket"), None),
            minimum_capacity=reader.read("minimumCapacity", _capacity(0), cls.minimum_capacity),
            maximum_capacity=reader.read("maximumCapacity", _capacity(1), cls.maximum_capacity),
            auto_pause_seconds=reader.read("autoPauseSeconds", _whole(300, 86_400), cls.auto_pause_seconds),
            postgres_version=reader.read("postgresVersion", _matching(r"1[67](\.\d+)?"), cls.postgres_version),
            evaluation_memory=reader.read("evaluationMemory", _whole(128, 10_240), cls.evaluation_memory),
            admin_memory=reader.read("adminMemory", _whole(128, 10_240), cls.admin_memory),
            python_version=reader.read("pythonVersion", _one_of(*PYTHON_VERSIONS), cls.python_version),
            requests_per_second=reader.read("requestsPerSecond", _whole(1, 10_000), cls.requests_per_second),
            burst=reader.read("burst", _whole(1, 10_000), cls.burst),
            cors_origins=reader.read("corsOrigins", _listed(_ORIGIN), ()),
            log_retention_days=reader.read("logRetentionDays", _retention, cls.log_retention_days),
            open_evaluation=reader.read("evaluation", _one_of("open", "key"), "key") == "open",
            default_environment=reader.read("defaultEnvironment", _matching(_KEY), cls.default_environment),
            refresh_seconds=reader.read("refreshSeconds", _whole(1, 3_600), int(cls.refresh_seconds)),
            bucketing=reader.read("bucketing", _one_of("v2", "v3"), cls.bucketing),
            tracing=reader.read("tracing", _boolean, cls.tracing),
            custom_domain=reader.read("customDomain", _matching(_DOMAIN), None),
            certificate_arn=reader.read("certificateArn", _matching(r"arn:aws[a-z-]*:acm:.+"), None),
            alarm_email=reader.read("alarmEmail", _matching(r"[^@\s]+@[^@\s]+\.[^@\s]+"), None),
            stale_minutes=reader.read("staleMinutes", _whole(1, 1_440), cls.stale_minutes),
            availability_zones=reader.read("availabilityZones", _listed(r"[a-z]{2}(-[a-z]+)+-\d[a-z]"), ()),
        )
        reader.problems += options.contradictions()
        if reader.problems:
            raise OptionError("; ".join(reader.problems))
        return options

    def contradictions(self) -> list[str]:
        """What is wrong with the options together."""
        wrong = {
            "flagstaff:minimumCapacity is larger than flagstaff:maximumCapacity": self.minimum_capacity
            > self.maximum_capacity,
            "flagstaff:customDomain and flagstaff:certificateArn go together": (self.custom_domain is None)
            != (self.certificate_arn is None),
            "flagstaff:availabilityZones must be two or three": len(self.availability_zones) not in (0, 2, 3),
            f"Lambda does not run Python {self.python_version}: deploy with {' or '.join(PYTHON_VERSIONS)}, "
            "or set flagstaff:pythonVersion": self.python_version not in PYTHON_VERSIONS,
        }
        return [text for text, is_wrong in wrong.items() if is_wrong]


_KEY: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
_ORIGIN: Final = r"\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?"
_DOMAIN: Final = r"[a-z0-9-]+(\.[a-z0-9-]+)+"


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self.problems: list[str] = []

    def read(self, name: str, convert: Callable[[str], T], default: T) -> T:
        text = self._source.get(name)
        if text is None:
            return default
        try:
            return convert(text.strip())
        except ValueError as error:
            self.problems.append(f"flagstaff:{name} must be {error}, not {text!r}")
            return default


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return int(text)

    return convert


def _capacity(lowest: float) -> Callable[[str], float]:
    def convert(text: str) -> float:
        if not re.fullmatch(r"\d{1,3}(\.[05])?", text) or not lowest <= float(text) <= 256:
            raise ValueError(f"a number of Aurora capacity units from {lowest:g} to 256, in halves")
        return float(text)

    return convert


def _retention(text: str) -> int:
    if text not in map(str, RETENTION_DAYS):
        raise ValueError(f"one of {', '.join(map(str, RETENTION_DAYS))}")
    return int(text)


def _one_of(*allowed: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in allowed:
            raise ValueError(" or ".join(allowed))
        return text

    return convert


def _matching(pattern: str) -> Callable[[str], Any]:
    def convert(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"a text like {pattern}")
        return text

    return convert


def _listed(pattern: str) -> Callable[[str], Sequence[str]]:
    """A list, as JSON (`pulumi config set --path` writes it) or with commas between."""

    def convert(text: str) -> Sequence[str]:
        items = json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(",")]
        if not items or not all(isinstance(item, str) and re.fullmatch(pattern, item) for item in items):
            raise ValueError(f"a list of texts like {pattern}")
        return tuple(items)

    return convert
