"""One evaluation by today's engine and by the commit beside it, each of the document that its own server writes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from benchmarks import table
from benchmarks.base import TODAY, Checkout, base, checkouts
from benchmarks.dev import create_flags, flagstaff
from benchmarks.scenario import STATIC, TARGETED
from benchmarks.timing import ROUNDS, ratio

EVALUATIONS = 50_000
WORKER = Path(__file__).with_name("engine_worker.py")


def run() -> None:
    """Start an engine of each commit, and ask them in turn. Does nothing where BASE names no commit."""
    if base() is None:
        return
    with ExitStack() as running:
        workers = {one.name: running.enter_context(engine(one)) for one in checkouts()}
        for key, title in ((TARGETED, "A targeted flag as the API writes it"), (STATIC, "A static flag")):
            taken: dict[str, list[float]] = {name: [] for name in workers}
            for _ in range(ROUNDS):
                for name, worker in workers.items():
                    taken[name].append(_ask(worker, key))
            ours = taken[TODAY.name]
            rows = [
                [name, table.duration(median(times)), f"{ratio(ours, times):.2f} x"] for name, times in taken.items()
            ]
            table.show(title, ["", "one evaluation", "ours is"], rows)


@contextmanager
def engine(checkout: Checkout) -> Iterator[subprocess.Popen[str]]:
    """Run a commit's engine over the document that its server writes, until the block ends."""
    with tempfile.NamedTemporaryFile(suffix=".json") as document:
        with flagstaff(checkout) as server:
            create_flags(server, 2)
            Path(document.name).write_bytes(server.fetch("/api/client/definitions"))
        # -P: a module beside the worker has the name of one that the engine imports.
        command = [checkout.python, "-P", str(WORKER), document.name]
        environment = os.environ | checkout.environment
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            try:
                yield process
            finally:
                process.terminate()


def _ask(worker: subprocess.Popen[str], key: str) -> float:
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write(f"{key} {EVALUATIONS}\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())
