"""What is worth waking somebody for, when it is, and what to do then (docs/aws.md has the table)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
from options import Options

OURS: Final = "Flagstaff"
"""The namespace of what functions and the worker write (db/process/metrics.py)."""
GATEWAY: Final = "AWS/ApiGateway"
LAMBDA: Final = "AWS/Lambda"
PERIOD_SECONDS: Final = 300
HOUR_SECONDS: Final = 3600
FULL_PERCENT: Final = 80
SLOW_MILLISECONDS: Final = 1000
SAMPLES: Final = 3
"""Of a task that runs there are five or more in a period: ECS measures once a minute at least."""


@dataclass(frozen=True)
class Alarm:
    """One alarm: what is wrong, what to do, and the metric that tells."""

    name: str
    says: str
    advice: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str = "Sum"
    """`p99` and the like wait for samples enough to mean something: 1,000 in the periods."""
    threshold: float = 0
    below: bool = False
    """Whether values below the threshold are wrong; else those above it are."""
    seconds: int = PERIOD_SECONDS
    periods: int = 1
    """How many in a row have to be wrong."""
    missing: Literal["notBreaching", "breaching", "ignore"] = "notBreaching"

    @property
    def is_percentile(self) -> bool:
        """Whether the statistic is one."""
        return self.statistic.startswith("p")


@dataclass(frozen=True)
class Watched:
    """The names that AWS's metrics go by."""

    api: pulumi.Input[str]
    failures: tuple[str, str]
    """Namespace and name of the metric that counts failures in the access log."""
    functions: Mapping[str, pulumi.Input[str]]
    interval: Mapping[str, pulumi.Input[str]] | None
    """Cluster and service of the Interval task; None where there is none that could run."""


def alarms(options: Options, watched: Watched) -> list[Alarm]:
    """Return every alarm of a stage."""
    found = [*of_requests(options, watched), *of_functions(watched), *of_definitions(options)]
    return found + (of_interval(watched.interval) if watched.interval else [])


def of_requests(options: Options, watched: Watched) -> Sequence[Alarm]:
    """Return the alarms that the gateway's figures set off."""
    namespace, failures = watched.failures
    api = {"ApiId": watched.api}
    return [
        Alarm(
            "5xx",
            "the API answers with errors",
            "The access log says for which paths, the logs of the evaluation and the admin function why",
            *(namespace, failures, {}),
        ),
        Alarm(
            "latency",
            f"one answer in a hundred takes more than {SLOW_MILLISECONDS} ms, for 15 minutes",
            "Many cold starts, or a large environment: a larger evaluationMemory has more CPU, too",
            *(GATEWAY, "Latency", api),
            statistic="p99",
            threshold=SLOW_MILLISECONDS,
            periods=3,
        ),
        Alarm(
            "requests",
            f"more than {options.alarm_requests_per_hour} requests in an hour, each of which costs",
            "The access log says who asks. A lower requestsPerSecond limits it, the cost brake stops it; if it is "
            "as it should be, raise alarmRequestsPerHour",
            *(GATEWAY, "Count", api),
            threshold=options.alarm_requests_per_hour,
            seconds=HOUR_SECONDS,
        ),
    ]


def of_functions(watched: Watched) -> Sequence[Alarm]:
    """Return the alarms that Lambda's figures set off. Errors of functions that the gateway calls are answers of it."""
    refused = {
        "evaluation": "If the cost brake is on, POST /reset-limit takes it off; else raise the account's quota of "
        "concurrent executions",
        "admin": "Raise the account's quota of concurrent executions, or find out what else uses it up",
    }
    throttles = [
        Alarm(
            f"{part}-throttles",
            f"calls of the {part} function are refused",
            advice,
            *(LAMBDA, "Throttles", {"FunctionName": watched.functions[part]}),
        )
        for part, advice in refused.items()
    ]
    errors = Alarm(
        "worker-errors",
        "whole documents, which SDKs and flagd read, are not up to date",
        "Evaluation goes on. The worker's log says of which environment, and why; it tries again each minute",
        *(LAMBDA, "Errors", {"FunctionName": watched.functions["worker"]}),
        periods=2,
    )
    return [*throttles, errors]


def of_definitions(options: Options) -> Sequence[Alarm]:
    """Return the alarms that our own figures set off."""
    stage = {"Stage": options.stage}
    return [
        Alarm(
            "stale-definitions",
            f"definitions could not be brought up to date for {options.stale_minutes} minutes",
            "Old ones are evaluated meanwhile. The evaluation function's log says what S3 answers",
            *(OURS, "DefinitionsAge", stage),
            statistic="Maximum",
            threshold=options.stale_minutes * 60,
        ),
        Alarm(
            "unpublished",
            "a change is committed, but programs do not have it",
            "The log of the admin function or the Interval task says why. Any write publishes it, and so does "
            "Publish now in the dashboard",
            *(OURS, "UnpublishedRevisions", stage),
            statistic="Minimum",
            missing="ignore",  # it stays until a publication succeeds: no news is no good news here
        ),
        Alarm(
            "memory",
            f"a process of the evaluation function needs more than {FULL_PERCENT} % of its memory",
            "Raise evaluationMemory before environments grow further: without memory it answers nobody",
            *(OURS, "MemoryPeak", stage),
            statistic="Maximum",
            threshold=options.evaluation_memory * FULL_PERCENT / 100,
        ),
    ]


def of_interval(service: Mapping[str, pulumi.Input[str]]) -> list[Alarm]:
    """Return the alarm of a task that is not running, or ends again and again: ECS says nothing of it then."""
    return [
        Alarm(
            "interval-task",
            "the Interval dashboard has not been running for 15 minutes",
            "The service's events in ECS and the task's log say why; ECS tries again by itself, ever more seldom",
            *("AWS/ECS", "CPUUtilization", service),
            statistic="SampleCount",
            threshold=SAMPLES,
            below=True,
            periods=3,
            missing="breaching",
        )
    ]
