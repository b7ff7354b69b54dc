"""`python -m benchmarks [AREA …]`: all, or some of those in `AREAS`. BASE names a commit to measure beside this one."""

from __future__ import annotations

import sys

from benchmarks import (
    cold_start,
    connections,
    console,
    engine,
    http,
    large,
    load,
    openfeature,
    polling,
    release_logic,
    streams,
)
from benchmarks.servers import NotInstalledError

AREAS = {
    "engine": engine.run,
    "release_logic": release_logic.run,
    "openfeature": openfeature.run,
    "http": http.run,
    "connections": connections.run,
    "polling": polling.run,
    "streams": streams.run,
    "load": load.run,
    "cold_start": cold_start.run,
    "large": large.run,
    "console": console.run,
}


def main(asked: list[str]) -> int:
    if unknown := [name for name in asked if name not in AREAS]:
        print(f"no benchmark is called {unknown[0]!r}; there are {', '.join(AREAS)}", file=sys.stderr)
        return 2
    failed = False
    for name in asked or AREAS:
        try:
            AREAS[name]()
        except NotInstalledError as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
