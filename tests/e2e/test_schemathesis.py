"""The running service against its own OpenAPI document: no 5xx, and no answer that the document does not have.

Schemathesis makes up requests, good and bad, and follows the links from one operation to the next. It has an
environment of its own. It takes a minute or two, so `make schemathesis` runs it and `make test` does not.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.environments import environment
from tests.processes import free_port, running

EXAMPLES = os.environ.get("FLAGSTAFF_OPENAPI_EXAMPLES", "8")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)
LEFT_OUT = (
    "/api/client/stream",  # it does not end
    "/reset-limit",  # they answer 501 on purpose, which counts as a server error
    "/mark-concurrency-zero",
)


@pytest.mark.skipif("FLAGSTAFF_SCHEMATHESIS" not in os.environ, reason="make schemathesis runs it")
def test_every_answer_is_documented(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    env = {
        "PORT": str(port),
        "FLAGSTAFF_DATABASE_URL": database_url,
        "FLAGSTAFF_ADMIN_LIMIT": "0",
        "FLAGSTAFF_SIGN_IN_LIMIT": "0",
    }
    with running("api", "dev", port=port, env=env) as server:
        server.wait_until_it_answers("/ready")
        command = [
            *(
                str(environment("schemathesis") / "bin" / "st"),
                "run",
                f"http://127.0.0.1:{port}/openapi.json",
                "--no-color",
                "--request-timeout=30",
            ),
            *("-H", "X-Admin-API-Key: admin-secret-key", "-H", "X-SDK-Key: sdk-secret-key"),
            *("--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", "1"),
            *(part for path in LEFT_OUT for part in ("--exclude-path", path)),
        ]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
