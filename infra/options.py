"""What a stage can be told: every option with its default and its check (docs/aws.md has a line for each)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final
from urllib.parse import urlsplit

import option_checks
import packages
from option_kinds import (
    OptionReader,
    OptionSource,
    boolean,
    capacity,
    listed,
    log_retention,
    matching,
    network,
    one_of,
    option,
    tags,
    whole,
)

HTTPS: Final = 443
PROTECTED_STAGES: Final = ("prod", "production")
LIKELY_IN_USE: Final = re.compile(r"(^|-)(prod|production|live)(-|$)")
STAGE_NAME: Final = re.compile(r"(?=.{1,20}$)[a-z](-?[a-z0-9])*")
TEXT: Final = r"\S(.*\S)?"
NAMES: Final = r"[^,\s]+(,[^,\s]+)*"


class OptionError(ValueError):
    """An option can't be used; the text names it, says what is allowed and how to set it."""


@dataclass(frozen=True)
class Options:
    """The options of one stage. An option is called as its field is, in camelCase."""

    stage: str
    protected: bool = option(boolean, None)
    """None until it is read: by the stage's name."""
    interval_api_key: Any = field(default=None, repr=False)
    """A secret output; None leaves the Interval process out."""
    interval_server_endpoint: str | None = option(matching(r"wss://[^\s/:]+(:\d{1,5})?/websocket"))
    interval_protected_roles: str | None = option(
        matching(r"none|(admin|developer|member)(,(admin|developer|member))*")
    )
    interval_protected_teams: str | None = option(matching(NAMES))
    minimum_capacity: float = option(capacity(0), 0.0)
    maximum_capacity: float = option(capacity(1), 2.0)
    auto_pause_seconds: int = option(whole(300, 86_400), 300)
    postgres_version: str = option(matching(r"16(\.([3-9]|\d\d))?|17(\.\d{1,2})?"), "16")
    """Aurora's 16.1 and 16.2 can't pause."""
    evaluation_memory: int = option(whole(128, 10_240), 512)
    admin_memory: int = option(whole(128, 10_240), 512)
    python_version: str = option(one_of(*packages.PYTHON_VERSIONS), packages.lambda_python())
    requests_per_second: int = option(whole(1, 10_000), 500)
    burst: int = option(whole(1, 10_000), 1000)
    cors_origins: Sequence[str] = option(listed(r"\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?"), ())
    cors_headers: Sequence[str] = option(listed(r"[A-Za-z0-9-]+"), ())
    log_retention_days: int = option(log_retention, 30)
    evaluation: str = option(one_of("open", "key"), "key")
    open_sees: str = option(one_of("marked", "all"), "marked")
    new_flags: str = option(one_of("server", "client"), "server")
    default_environment: str = option(matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"), "prod")
    refresh_seconds: float = option(whole(1, 3_600), 5)
    bucketing: str = option(one_of("v2", "v3"), "v2")
    tracing: bool = option(boolean, True)
    custom_domain: str | None = option(matching(r"[a-z0-9-]+(\.[a-z0-9-]+)+"))
    certificate_arn: str | None = option(matching(r"arn:aws[a-z-]*:acm:.+"))
    dashboard: bool = option(boolean, True)
    alarm_email: str | None = option(matching(r"[^@\s]+@[^@\s]+\.[^@\s]+"))
    alarm_topic_arn: str | None = option(matching(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+"))
    alarm_requests_per_hour: int = option(whole(1, 1_000_000_000), 200_000)
    stale_minutes: int = option(whole(1, 1_440), 10)
    tags: Mapping[str, str] = option(tags, {})
    availability_zones: Sequence[str] = option(listed(r"[a-z]{2}(-[a-z]+)+-\d[a-h]"), ())
    vpc_cidr: str = option(network(16, 22), "10.71.0.0/16")
    vpc_id: str | None = option(matching(r"vpc-[0-9a-f]+"))
    share_with: str | None = option(matching(STAGE_NAME.pattern))
    private_subnet_ids: Sequence[str] = option(listed(r"subnet-[0-9a-f]+"), ())
    public_subnet_ids: Sequence[str] = option(listed(r"subnet-[0-9a-f]+"), ())
    jwt_public_key_parameter: str | None = option(matching(r"[A-Za-z0-9_./-]{1,1011}"))
    """The name of an SSM parameter whose value is the key in PEM form."""
    jwt_audience: str | None = option(matching(TEXT))
    jwt_issuer: str | None = option(matching(TEXT))
    jwt_admin_claim: str | None = option(matching(r"[^=\s]+=\S+"))
    jwt_admin_users: str | None = option(matching(NAMES))
    jwt_cookie: str | None = option(matching(r"[A-Za-z0-9_.-]+"))

    @property
    def interval_server_port(self) -> int:
        """The port that the Interval server listens on."""
        return urlsplit(self.interval_server_endpoint or "").port or HTTPS

    @property
    def can_be_forwarded(self) -> bool:
        """Whether a developer may reach the database (`make stage-dev`): a task does, in a public subnet."""
        return not self.protected and (self.vpc_id is None or bool(self.public_subnet_ids))

    @property
    def looks_in_use(self) -> bool:
        """Whether a stage that keeps nothing is called like one that people rely on."""
        return not self.protected and LIKELY_IN_USE.search(self.stage) is not None

    @classmethod
    def names(cls) -> dict[str, str]:
        """Return the field of each option, by the option's name."""
        return {camel_case(one.name): one.name for one in fields(cls) if one.name != "stage"}

    @classmethod
    def read(cls, stage: str, source: OptionSource, given: Iterable[str]) -> Options:
        """Read every option; `given` are the names of those that are set. Raises OptionError, which names all that
        can't be used.
        """
        reader = OptionReader(source)
        values: dict[str, Any] = {
            one.name: reader.read(camel_case(one.name), one.metadata["convert"], one.metadata["default"])
            for one in fields(cls)
            if one.metadata
        }
        if values["protected"] is None:
            values["protected"] = stage in PROTECTED_STAGES
        options = cls(stage=stage, interval_api_key=source.get_secret("intervalApiKey"), **values)
        problems = [*stage_problems(stage), *unknown(given, cls.names()), *reader.problems]
        problems += option_checks.contradictions(options)
        if problems:
            raise OptionError("; ".join(problems))
        return options


def camel_case(name: str) -> str:
    """Return `log_retention_days` as `logRetentionDays`."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def stage_problems(stage: str) -> list[str]:
    """Return what is wrong with the name of a stage."""
    form = "1 to 20 of a-z, 0-9 and single hyphens between them, with a letter at the start"
    return [] if STAGE_NAME.fullmatch(stage) else [f"the stack's name must be {form}, not {stage!r}"]


def unknown(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return what there is to say of options that are set and do not exist, the known ones once."""
    names = sorted(known)
    problems = []
    for name in sorted(set(given) - set(names)):
        close = difflib.get_close_matches(name, names, 1)
        problems.append(f"there is no option flagstaff:{name}" + (f" (flagstaff:{close[0]}?)" if close else ""))
    return [*problems, f"the options are {', '.join(names)}"] if problems else []
