"""`python -m benchmarks.publication URL`: publish, then once more after an edit, and say what each took, as JSON.

It runs the code of another commit too, so it asks for nothing that is new.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from db import database
from db.aws.s3 import Bucket
from db.aws.signing import Signer
from db.flags import flags
from db.publishing.publisher import Publisher
from db.vocabulary import Actor, Source


def main(url: str) -> None:
    """Publish to the bucket that the environment variables name."""
    database.connect(url)
    bucket = Bucket(os.environ["BUCKET"], Signer(os.environ["AWS_REGION"]), os.environ["AWS_ENDPOINT_URL_S3"])
    publisher = Publisher(bucket)
    before = time.process_time(), time.perf_counter()
    if os.environ.get("EDIT"):
        flags.set_enabled("flag-00500", "prod", os.environ["EDIT"] == "on", actor=Actor("ada", Source.API))
    publisher.publish()
    cpu, wall = time.process_time() - before[0], time.perf_counter() - before[1]
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak_of("self")}))


def peak_of(process: int | str) -> int:
    """Return the most memory that a process has had at once, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


if __name__ == "__main__":
    main(sys.argv[1])
