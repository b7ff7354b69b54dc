"""`python -m benchmarks.loading URL [ENVIRONMENT]`: load `prod`, or another one, into an engine; says what that took as
JSON.
"""

from __future__ import annotations

import json
import sys
import time

import psutil  # type: ignore[import-untyped]

from db import database
from db.definitions.document import whole
from db.definitions.reader import EnvironmentReader
from flagstaff.engine import Engine


def main(url: str, environment: str = "prod") -> None:
    """Load an environment as the API does."""
    database.connect(url)
    started, cpu = time.perf_counter(), time.process_time()
    delta = EnvironmentReader(environment).refresh()
    read = time.perf_counter()
    engine = Engine(whole(delta.changed, delta.metadata, delta.evaluators))
    loaded, loaded_cpu, loaded_rss = time.perf_counter(), time.process_time(), psutil.Process().memory_info().rss
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
        "load_cpu": loaded_cpu - cpu,
        "all_cpu": time.process_time() - cpu,
        "load_rss": loaded_rss,
        "rss": psutil.Process().memory_info().rss,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
