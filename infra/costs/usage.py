"""How much of what a stage uses, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from costs import prices
from costs.prices import HOURS, MILLION, TIMES

COLUMNS: Final = (0, MILLION, 10 * MILLION, 100 * MILLION)
"""Evaluations a month."""
PROCESSES: Final = (0, 1, 1, 3)
"""How many processes of the evaluation function serve them."""
GB: Final = 1e9
SECONDS: Final = HOURS * 3600
TRACED_AT_MOST: Final = SECONDS
LINE_BYTES: Final = 260
"""Of the access log: 233 of a line as the gateway's format makes it, and 26 that CloudWatch adds."""
ANSWER_BYTES: Final = 500
MILLISECONDS: Final = 3
MEMORY_GB: Final = 0.5
LOG_COMPRESSED: Final = 0.15
ALARMS: Final = 9
METRICS: Final = 12
METRIC_LINE_BYTES: Final = 2_000
METRIC_LINE_SECONDS: Final = 10
REFRESH_SECONDS: Final = 5
WORKER_RUNS: Final = HOURS * 60
WORKER_SECONDS: Final = 0.2
WORKER_READS: Final = 10
"""Of a run that finds nothing to do: the keys, and three of each of three environments."""


class Row(NamedTuple):
    """A line of the table: what it costs for each column."""

    name: str
    dollars: Sequence[float]
    how: str


def traced(requests: float) -> float:
    """Return how many of a month's requests are traced: the first of each second, and 5 % of the others."""
    first = min(requests, TRACED_AT_MOST)
    return first + 0.05 * (requests - first)


def lambda_seconds(count: float, seconds: float) -> float:
    """Return what calls of a function with 512 MB cost by their time."""
    return prices.LAMBDA_SECOND.of(count * seconds * MEMORY_GB)


def log_gigabytes(count: float, processes: int) -> float:
    """Return how much log evaluations make: a line for each, and metrics of each process."""
    lines = processes * SECONDS / METRIC_LINE_SECONDS
    return (count * LINE_BYTES + lines * METRIC_LINE_BYTES) / GB


def worker() -> float:
    """Return what the worker costs without an edit."""
    calls = prices.LAMBDA_REQUEST.of(WORKER_RUNS) + lambda_seconds(WORKER_RUNS, WORKER_SECONDS)
    return calls + prices.S3_READ.of(WORKER_RUNS * WORKER_READS)


def rows() -> list[Row]:
    """Return the table without its sums."""

    def of(name: str, cost: Callable[[float, int], float], how: str) -> Row:
        return Row(name, [cost(count, each) for count, each in zip(COLUMNS, PROCESSES, strict=True)], how)

    def always(name: str, dollars: float, how: str) -> Row:
        return of(name, lambda *_: dollars, how)

    reads = 2 * SECONDS / REFRESH_SECONDS
    return [
        of("HTTP API", lambda count, _: prices.http_requests(count), "a request each"),
        of("Lambda requests", lambda count, _: prices.LAMBDA_REQUEST.of(count), "one each"),
        of(
            "Lambda duration",
            lambda count, _: lambda_seconds(count, MILLISECONDS / 1000),
            f"{MILLISECONDS} ms {TIMES} {MEMORY_GB} GB each",
        ),
        of(
            "Logs",
            lambda count, each: prices.LOG_WRITTEN.of(log_gigabytes(count, each)),
            f"{LINE_BYTES} bytes each, and {METRIC_LINE_BYTES // 1000} KB of metrics every {METRIC_LINE_SECONDS} s in "
            f"each of {', '.join(map(str, PROCESSES[1:-1]))} and {PROCESSES[-1]} processes",
        ),
        of(
            "Logs that are kept",
            lambda count, each: prices.LOG_KEPT.of(log_gigabytes(count, each) * LOG_COMPRESSED),
            "for 30 days",
        ),
        of("Traffic out", lambda count, _: prices.TRAFFIC.of(count * ANSWER_BYTES / GB), f"{ANSWER_BYTES} bytes each"),
        of(
            "Traces",
            lambda count, _: prices.TRACE.of(traced(count)),
            f"one a second ({TRACED_AT_MOST / MILLION:.2f} million a month at most) and 5 % of the others",
        ),
        of(
            "S3 reads",
            lambda _, each: prices.S3_READ.of(reads * each),
            f"2 every {REFRESH_SECONDS} s in each process",
        ),
        of(
            "Custom metrics",
            lambda count, _: prices.METRIC.of(METRICS if count else 0),
            f"{METRICS} of them, in months with evaluations",
        ),
        always(
            "Worker",
            worker(),
            f"once a minute: {WORKER_SECONDS} s {TIMES} {MEMORY_GB} GB and {WORKER_READS} reads of S3 each",
        ),
        always("Alarms", prices.ALARM.of(ALARMS), f"{ALARMS} of them; 10 with an Interval task"),
        always("Dashboard", prices.DASHBOARD.of(1), "`dashboard: false` leaves it out"),
        always("Master secret", prices.SECRET.of(1), "kept by RDS"),
        always("Storage and backups", prices.AURORA_KEPT.of(1), "less than 1 GB"),
    ]


def sums(*, without: Sequence[str] = ()) -> list[float]:
    """Return the sum of each column, leaving out rows."""
    found = [row.dollars for row in rows() if row.name not in without]
    return [sum(column) for column in zip(*found, strict=True)]
