"""`python -m cli.healthcheck`: exit 0 where the service in this container is ready, else 1, with its answer.

For orchestrators that check by a command, such as compose: the image has no curl.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

TIMEOUT_SECONDS = 4


def main() -> int:
    """Ask `GET /ready` of the service at PORT on this machine."""
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8080), timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/ready")
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        text, ready = str(error), False
    else:
        ready = response.status == 200
    finally:
        connection.close()
    print(text, file=sys.stdout if ready else sys.stderr)
    return 0 if ready else 1


if __name__ == "__main__":
    sys.exit(main())
