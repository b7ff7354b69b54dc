"""What a stage costs beside evaluations: editing, large environments, the Interval task, abuse."""

from __future__ import annotations

from typing import Final, NamedTuple

from costs import prices, usage
from costs.prices import HOURS, TIMES
from costs.usage import GB

SITTING_HOURS: Final = 0.25
SITTING_IO: Final = 10_000
LARGE_EDITS: Final = 3_000
"""A hundred a day."""
LARGE_GB: Final = 0.084
"""The whole document and its list, of 10,000 flags with 1,000,000 members (docs/aws.md, "Large environments")."""
LARGE_READS: Final = 175
LARGE_WRITES: Final = 4
"""The part and the manifest, the document and the list."""
LARGE_SECONDS: Final = 3.5
"""1.0 s of a whole core, of which 512 MB have 0.29."""
KEPT_DAYS: Final = 1.5
"""One, and until the next midnight."""
TASK_CPU, TASK_GB = 0.25, 0.5
CONSOLE_HOURS: Final = 100
CONSOLE_SECONDS: Final = 10
"""Between two questions of a console's page for the published revision."""
ABUSE_RATE: Final = 500
"""What `requestsPerSecond` lets through unless it is set."""


class Part(NamedTuple):
    """Something that costs, and how it comes about."""

    name: str
    dollars: str
    how: str


def money(dollars: float) -> str:
    """Return dollars as they are shown."""
    return f"{dollars:,.2f}"


def parts() -> list[Part]:
    """Return the lines of the second table."""
    return [_editing(), _console(), _large(), *_interval(), _awake(), _abuse(), _alarmed()]


def _editing() -> Part:
    awake, io = prices.ACU_HOUR.of(SITTING_HOURS), prices.AURORA_IO.of(SITTING_IO)
    how = f"the database is awake 15 minutes at 1 ACU, and reads and writes its storage some {SITTING_IO:,} times"
    return Part("Editing", f"{money(awake + io)} for each sitting of 10 minutes", how)


def _console() -> Part:
    seconds = CONSOLE_HOURS * 3600
    reads = prices.S3_READ.of(2 * seconds / usage.REFRESH_SECONDS)
    how = f"it asks the evaluation function for the revision every {CONSOLE_SECONDS} s; the database sleeps"
    return Part(
        f"{CONSOLE_HOURS} hours of a console's page in view",
        money(small_requests(seconds / CONSOLE_SECONDS) + reads),
        how,
    )


def _large() -> Part:
    versions = prices.S3_KEPT.of(LARGE_EDITS * LARGE_GB * KEPT_DAYS / 30)
    requests = prices.S3_READ.of(LARGE_READS) + prices.S3_WRITE.of(LARGE_WRITES)
    worker = usage.lambda_seconds(LARGE_EDITS, LARGE_SECONDS) + LARGE_EDITS * requests
    how = (
        f"old versions of {LARGE_GB * 1000:.0f} MB for a day or two: {money(versions)}; the worker: "
        f"{LARGE_SECONDS} s {TIMES} {usage.MEMORY_GB} GB and {LARGE_READS} reads and {LARGE_WRITES} writes each: "
        f"{money(worker)}"
    )
    return Part("100 edits a day of a large environment", money(versions + worker), how)


def _interval() -> list[Part]:
    task = HOURS * (prices.VCPU_HOUR.of(TASK_CPU) + prices.TASK_GB_HOUR.of(TASK_GB))
    cpu = f"{TASK_CPU} {TIMES} {prices.VCPU_HOUR.dollars}"
    how = f"{HOURS} {TIMES} ({cpu} + {TASK_GB} {TIMES} {prices.TASK_GB_HOUR.dollars})"
    address = prices.ADDRESS_HOUR.of(HOURS)
    kept = prices.SECRET.of(1) + prices.IMAGE.of(1) + prices.ALARM.of(1)
    return [
        Part("Interval task", f"{money(task)}, on Spot about {money(task * prices.SPOT)}", how),
        Part("its public address", money(address), f"{HOURS} {TIMES} {prices.ADDRESS_HOUR.dollars}"),
        Part("its secret, image and alarm", money(kept), "about 1 GB in ECR"),
    ]


def _awake() -> Part:
    half = prices.ACU_HOUR.of(HOURS / 2)
    return Part(
        "A database that never pauses",
        money(half),
        f"half an ACU: {HOURS} {TIMES} 0.5 {TIMES} {prices.ACU_HOUR.dollars}",
    )


def small_requests(count: float) -> float:
    """Return what requests cost that are answered in a moment, or refused for want of a key."""
    log = count * usage.LINE_BYTES / GB
    seconds = usage.lambda_seconds(count, usage.MILLISECONDS / 1000)
    gateway = prices.http_requests(count) + prices.LAMBDA_REQUEST.of(count) + seconds
    kept = prices.LOG_WRITTEN.of(log) + prices.LOG_KEPT.of(log * usage.LOG_COMPRESSED)
    return gateway + kept + prices.TRAFFIC.of(count * usage.ANSWER_BYTES / GB) + prices.TRACE.of(usage.traced(count))


def _abuse() -> Part:
    count = ABUSE_RATE * HOURS * 3600
    how = f"`requestsPerSecond` {ABUSE_RATE}, day and night, refused for want of a key: {count / 1e9:.1f} billion"
    return Part("Abuse", f"{small_requests(count):,.0f}, {money(small_requests(count) / HOURS)} an hour", how)


def _alarmed() -> Part:
    hour = small_requests(200_000 * HOURS) / HOURS
    return Part("200,000 requests in an hour", f"{money(hour)} an hour", "where the alarm `requests` goes off")
