"""`python -m tests.api.in_memory_server PORT dispatch|flask`: a real server over the flags of `tests.api.support`."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from api.app import create_app
from api.wsgi import application
from tests.api.support import make_services


def load(which: str) -> Any:
    services = make_services(max_body_bytes=4096)
    return application(services) if which == "dispatch" else create_app(services)


def main() -> None:
    granian = Granian(
        "x:y", port=int(sys.argv[1]), interface=Interfaces.WSGI, blocking_threads=4, log_enabled=False, websockets=False
    )
    granian.serve(target_loader=partial(load, sys.argv[2]), wrap_loader=False)


if __name__ == "__main__":
    main()
