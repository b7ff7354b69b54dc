"""What the control function does to the deployment, over the HTTP APIs of Lambda and of the RDS Data API."""

from __future__ import annotations

import http.client
import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from api.aws import cluster_sql as sql
from api.errors import RequestError
from db.aws.signing import Signer
from db.settings import ControlSettings

log = logging.getLogger(__name__)

MAX_WAIT_SECONDS: Final = 180.0
BETWEEN_SECONDS: Final = 3.0
RESUMING: Final = ("DatabaseResumingException", "is resuming", "ServiceUnavailable", "DatabaseUnavailable")
ALREADY_THERE: Final = "already exists"
"""What PostgreSQL says of a database that is there; CREATE DATABASE has no IF NOT EXISTS."""


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
        self._execute(sql.role(self.settings.role, self.settings.database), self.settings.database)

    def create_guest(self, name: str) -> None:
        """Make a database, and a role of the same name, for a stage that shares the cluster.

        Doing it again does nothing. Raises AwsError.
        """
        try:
            self._execute([sql.create(name)], self.settings.database)
        except AwsError as error:
            if ALREADY_THERE not in str(error):
                raise
        self._execute(sql.role(name, name), name)
        self._execute([sql.keep_others_out(self.settings.database)], self.settings.database)

    def drop_guest(self, name: str) -> None:
        """Remove a guest's database with all that is in it, and its role. Raises AwsError."""
        self._execute(sql.drop(name), self.settings.database)

    def refuse_guests(self) -> None:
        """Raise AwsError, which names them, where stages share the cluster."""
        self._execute([sql.REFUSE_GUESTS], self.settings.database)

    def _execute(self, statements: Sequence[str], database: str) -> None:
        until = time.monotonic() + MAX_WAIT_SECONDS
        for statement in statements:
            request = {
                "resourceArn": self.settings.cluster_arn,
                "secretArn": self.settings.secret_arn,
                "database": database,
                "sql": statement,
            }
            self._patiently(request, until)

    def _patiently(self, request: Mapping[str, str], until: float) -> None:
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
