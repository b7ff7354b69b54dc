"""`python -m tests.api.serving.in_memory_server PORT rsgi|wsgi|flask`: a real server over `tests.api.support`."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

from api.app import create_app
from api.serving.rsgi import Application
from api.wsgi import application
from tests.api.support import make_services


def load(which: str) -> Any:
    services = make_services(max_body_bytes=4096, max_evaluation_bytes=4096)
    return {"rsgi": Application, "wsgi": application, "flask": create_app}[which](services)


def main() -> None:
    port, which = sys.argv[1:]
    interface = Interfaces.RSGI if which == "rsgi" else Interfaces.WSGI
    threads = 1 if which == "rsgi" else 4
    granian = Granian(
        "x:y",
        port=int(port),
        interface=interface,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        blocking_threads=threads,
        log_enabled=False,
        websockets=False,
    )
    granian.serve(target_loader=partial(load, which), wrap_loader=False)


if __name__ == "__main__":
    main()
