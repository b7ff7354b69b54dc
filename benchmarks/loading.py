"""`python -m benchmarks.loading URL`: load one environment into an engine and say what that took, as JSON."""

from __future__ import annotations

import json
import sys
import time

import psutil  # type: ignore[import-untyped]

from db import database
from db.definitions.document import whole
from db.definitions.reader import EnvironmentReader
from flagstaff.engine import Engine


def main(url: str) -> None:
    """Load `prod` as the API does."""
    database.connect(url)
    started = time.perf_counter()
    delta = EnvironmentReader("prod").refresh()
    read = time.perf_counter()
    engine = Engine(whole(delta.changed, delta.metadata, delta.evaluators))
    loaded = time.perf_counter()
    for key in delta.changed:
        engine.evaluate(key, {"targetingKey": "somebody"})
    done = time.perf_counter()
    if engine.errors:
        raise AssertionError(f"broken flags: {engine.errors}")
    figures = {
        "flags": len(engine.keys()),
        "read": read - started,
        "load": loaded - read,
        "first": done - loaded,
        "cpu": time.process_time(),
        "rss": psutil.Process().memory_info().rss,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
