"""`PYTHON engine_worker.py DOCUMENT`: evaluations by the engine that this Python imports, timed as they are asked for.

Reads lines `KEY COUNT` and answers each with nanoseconds an evaluation. It imports the engine alone, so that every
commit can run it.
"""

from __future__ import annotations

import json
import sys
import timeit
from pathlib import Path

from flagstaff.engine import Engine

CONTEXT = {"targetingKey": "somebody", "country": "US", "plan": "premium"}


def main() -> None:
    engine = Engine(Path(sys.argv[1]).read_bytes())
    for line in sys.stdin:
        key, count = line.split()
        names = {"evaluate": engine.evaluate, "key": key, "context": CONTEXT}
        taken = timeit.timeit("evaluate(key, context)", globals=names, number=int(count))
        print(json.dumps(taken / int(count) * 1e9), flush=True)


if __name__ == "__main__":
    main()
