"""AWS's prices: the one place where they are written down."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

AS_OF: Final = date(2026, 11, 27)
"""When they were last looked up: in guides of 2025 and 2026 that quote AWS's lists, not in the lists themselves."""
HOURS: Final = 730
"""In a month."""
MILLION: Final = 1_000_000
THOUSAND: Final = 1_000
TIMES: Final = "\N{MULTIPLICATION SIGN}"


class Price(NamedTuple):
    """Dollars for so many of something."""

    what: str
    dollars: str
    """As it is shown."""
    unit: str
    per: float = 1

    def of(self, amount: float) -> float:
        """Return what an amount costs."""
        return amount * float(self.dollars) / self.per


HTTP_REQUEST: Final = Price("HTTP API", "1.00", "a million requests (0.90 from 300 million on)", MILLION)
LAMBDA_REQUEST: Final = Price("Lambda", "0.20", "a million requests", MILLION)
LAMBDA_SECOND: Final = Price("Lambda", "0.0000133334", "a GB-second (arm64)")
LOG_WRITTEN: Final = Price("logs", "0.50", "a GB")
LOG_KEPT: Final = Price("logs that are kept", "0.03", "a GB and month of what compression leaves, some 0.15 of them")
TRACE: Final = Price("traces", "5.00", "a million", MILLION)
METRIC: Final = Price("custom metrics", "0.30", "each")
ALARM: Final = Price("alarms", "0.10", "each")
DASHBOARD: Final = Price("CloudWatch dashboards", "3.00", "each (an account's first three are free)")
S3_READ: Final = Price("S3", "0.0004", "a thousand reads", THOUSAND)
S3_WRITE: Final = Price("S3", "0.005", "a thousand writes", THOUSAND)
S3_KEPT: Final = Price("S3", "0.023", "a GB and month")
SECRET: Final = Price("secrets", "0.40", "each")
ACU_HOUR: Final = Price("Aurora", "0.12", "an ACU-hour")
AURORA_KEPT: Final = Price("Aurora", "0.10", "a GB and month")
AURORA_IO: Final = Price("Aurora", "0.20", "a million reads and writes of its storage", MILLION)
VCPU_HOUR: Final = Price("Fargate (arm64)", "0.03238", "a vCPU-hour")
TASK_GB_HOUR: Final = Price("Fargate (arm64)", "0.00356", "a GB-hour")
SPOT: Final = 0.3
"""What Spot costs of that, about."""
ADDRESS_HOUR: Final = Price("a public IPv4 address", "0.005", "an hour")
IMAGE: Final = Price("images", "0.10", "a GB and month")
TRAFFIC: Final = Price("traffic to the internet", "0.09", "a GB")

PRICES: Final = [price for price in list(globals().values()) if isinstance(price, Price)]
"""All of them."""


def http_requests(count: float) -> float:
    """Return what requests to the gateway cost, which are cheaper from 300 million on."""
    return HTTP_REQUEST.of(count - 0.1 * max(0.0, count - 300 * MILLION))
