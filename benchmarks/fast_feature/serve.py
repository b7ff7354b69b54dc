"""fast-feature, a peer in Python, with the flags of a flagd document, in memory.

Runs in an environment of its own, which has none of our packages: `python -m serve PORT DOCUMENT`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import uvicorn
from fast_feature.core import Flag
from fast_feature.ofrep import OfrepRouter
from fast_feature.storage.inmemory import InMemoryFlagRepository
from fastapi import FastAPI


def main(port: str, document: str) -> None:
    """Serve the flags of the document over OFREP."""
    flags = json.loads(Path(document).read_text())["flags"]
    repository = InMemoryFlagRepository(
        Flag(key, flag["variants"], flag["defaultVariant"], targeting=flag.get("targeting"))
        for key, flag in flags.items()
    )
    application = FastAPI()
    application.include_router(OfrepRouter.build(repository))
    uvicorn.run(application, host="127.0.0.1", port=int(port), log_level="error", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
