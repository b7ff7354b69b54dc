"""Metrics as log lines: CloudWatch reads them out of the log (embedded metric format), and no call is made.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Final

import orjson

NAMESPACE: Final = "Flagstaff"


def emit(stage: str, metrics: Mapping[str, tuple[float, str]], **dimensions: str) -> None:
    """Write one line: values and units by name, told apart by stage and the dimensions given."""
    names = ["Stage", *dimensions]
    described = {
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
            }
        ],
    }
    line = {"_aws": described, "Stage": stage, **dimensions, **{name: value for name, (value, _) in metrics.items()}}
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
    sys.stdout.flush()
