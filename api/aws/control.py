"""What the control function does to the deployment, over the HTTP APIs of Lambda and of the RDS Data API."""

from __future__ import annotations

import http.client
import json
import logging
import time
from typing import Any, Final
from urllib.parse import quote, urlsplit

from api.errors import RequestError
from db.aws.signing import Signer
from db.settings import ControlSettings

log = logging.getLogger(__name__)

MAX_WAIT_SECONDS: Final = 180.0
BETWEEN_SECONDS: Final = 3.0
RESUMING: Final = ("DatabaseResumingException", "is resuming", "ServiceUnavailable", "DatabaseUnavailable")


class AwsError(RuntimeError):
    """AWS refused; the text is its own."""


class Control:
    """Acts on one deployment."""

    def __init__(self, settings: ControlSettings, region: str) -> None:
        self.settings = settings
        self._region = region
        self._signer = Signer(region)

    def limit_evaluation(self, concurrency: int | None) -> None:
        """Let so many evaluations run at once: 0 stops them, None takes the limit away.

        Raises `RequestError` (502) with Lambda's words where it refuses, as it does for more than the account has.
        """
        path = f"/2017-10-31/functions/{quote(self.settings.evaluation_function, safe='')}/concurrency"
        method, body = (
            ("DELETE", None) if concurrency is None else ("PUT", {"ReservedConcurrentExecutions": concurrency})
        )
        try:
            self._request("lambda", self.settings.lambda_endpoint, method, path, body)
        except AwsError as error:
            raise RequestError(502, "refused_by_aws", f"Lambda refused the limit: {error}") from error
        log.warning("evaluation limited", extra={"facts": {"reservedConcurrency": concurrency}})

    def create_role(self) -> None:
        """Make the application's database role, which signs in by IAM token; waits while the database wakes.

        Doing it again does nothing. Raises AwsError.
        """
        until = time.monotonic() + MAX_WAIT_SECONDS
        for statement in role_statements(self.settings.role, self.settings.database):
            self._execute(statement, until)

    def _execute(self, statement: str, until: float) -> None:
        request = {
            "resourceArn": self.settings.cluster_arn,
            "secretArn": self.settings.secret_arn,
            "database": self.settings.database,
            "sql": statement,
        }
        while True:
            try:
                self._request("rds-data", self.settings.data_endpoint, "POST", "/Execute", request)
                return
            except AwsError as error:
                if time.monotonic() > until or not any(word in str(error) for word in RESUMING):
                    raise
                log.info("waiting: %s", error)
                time.sleep(BETWEEN_SECONDS)

    def _request(self, service: str, endpoint: str | None, method: str, path: str, body: Any) -> None:
        url = urlsplit(endpoint or f"https://{service}.{self._region}.amazonaws.com")
        data = json.dumps(body).encode() if body is not None else b""
        headers = {"Content-Type": "application/json"}
        signed = self._signer.headers(service, method, url.netloc, path, headers, data)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.netloc, timeout=20)
        try:
            connection.request(method, path, data or None, signed)
            answer = connection.getresponse()
            said = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise AwsError(f"ServiceUnavailable: {error!r}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise AwsError(f"{answer.status} {answer.headers.get('x-amzn-ErrorType', '')}: {said[:500]}")


def role_statements(role: str, database: str) -> list[str]:
    """SQL for a role that may make and use tables in the public schema of this database, and signs in by IAM token."""
    return [
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
        f'THEN CREATE ROLE "{role}" LOGIN; END IF; END $$',
        f'GRANT rds_iam TO "{role}"',
        f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"',
        f'GRANT USAGE, CREATE ON SCHEMA public TO "{role}"',
    ]
