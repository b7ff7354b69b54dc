"""Signing requests to AWS, with nothing but the standard library.

boto3 does all of this, and takes longer to import than an evaluation function may take to start
(docs/decisions/signing.md has the figures). The rules: Signature Version 4,
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from db.aws.large_body import LargeBody

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TOKEN_SECONDS: Final = 900
"""How long a database token can be used to connect; the longest that RDS allows."""
CONTAINER_CREDENTIALS: Final = "http://169.254.170.2"
"""Where a task on Fargate asks for its role's credentials."""
RENEW_BEFORE: Final = timedelta(minutes=5)
EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
"""What S3 wants in the place of a body's digest where the signature is in the URL."""


class CredentialsError(RuntimeError):
    """This process has no AWS credentials; the text says where they were looked for."""


@dataclass(frozen=True)
class Credentials:
    """Who signs."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Credentials:
        """Those that Lambda (or a person) puts into the environment, else those of the container's role.

        Raises CredentialsError where there are none.
        """
        if env.get("AWS_ACCESS_KEY_ID") and env.get("AWS_SECRET_ACCESS_KEY"):
            token = env.get("AWS_SESSION_TOKEN") or None
            return cls(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], token)
        if path := env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
            return cls._of_container(path)
        variables = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
        raise CredentialsError(f"no AWS credentials: set {variables}")

    @classmethod
    def _of_container(cls, path: str) -> Credentials:
        import urllib.request  # of no use, and slow to import, where the environment has credentials

        try:
            with urllib.request.urlopen(CONTAINER_CREDENTIALS + path, timeout=2) as answer:
                said = json.load(answer)
            expires = datetime.fromisoformat(said["Expiration"])
            return cls(said["AccessKeyId"], said["SecretAccessKey"], said["Token"], expires)
        except (OSError, ValueError, KeyError) as error:
            raise CredentialsError(f"the container's role gave no credentials: {error!r}") from error


class Signer:
    """Signs for one region. Credentials that expire are asked for anew in time."""

    def __init__(self, region: str, get_credentials: Callable[[], Credentials] | None = None) -> None:
        self.region = region
        self._get_credentials = get_credentials or (lambda: Credentials.from_env(os.environ))
        self._held: Credentials | None = None

    def headers(
        self,
        service: str,
        method: str,
        host: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | LargeBody = b"",
    ) -> dict[str, str]:
        """Return the headers to send: those given and the signature's. `path` is as it is sent, and has no query
        string.
        """
        who, now = self._credentials(), _now()
        digest = body.sha256 if isinstance(body, LargeBody) else hashlib.sha256(body).hexdigest()
        sent = {name.lower(): value for name, value in headers.items()}
        sent |= {"host": host, "x-amz-date": now, "x-amz-content-sha256": digest}
        if who.session_token:
            sent["x-amz-security-token"] = who.session_token
        # S3 signs the path as it is, every other service an encoded form of what is encoded already.
        signed_path = path if service == "s3" else quote(path)
        signature, scope, names = self._sign(who, service, now, (method, signed_path, "", sent, digest))
        credential = f"Credential={who.access_key}/{scope}"
        sent["authorization"] = f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
        return sent

    def database_token(self, host: str, port: int, user: str) -> str:
        """Return what the user `user` gives as the password: a presigned request that is never sent (RDS IAM login)."""
        query = {"Action": "connect", "DBUser": user}
        return self.presigned("rds-db", "GET", f"{host}:{port}", "/", seconds=TOKEN_SECONDS, query=query)

    def presigned(
        self, service: str, method: str, host: str, path: str, *, seconds: int, query: Mapping[str, str] | None = None
    ) -> str:
        """Return a URL, without its scheme, with which anyone may make this one request within so many seconds.

        It ends with the credentials that sign it, if they do so earlier. `path` is as it is sent.
        """
        who, now = self._credentials(), _now()
        asked = {
            **(query or {}),
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{who.access_key}/{self._scope(service, now)}",
            "X-Amz-Date": now,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
        }
        if who.session_token:
            asked["X-Amz-Security-Token"] = who.session_token
        text = urlencode(sorted(asked.items()), quote_via=quote, safe="-_.~")
        request = (method, path, text, {"host": host}, UNSIGNED if service == "s3" else EMPTY_SHA256)
        signature, _, _ = self._sign(who, service, now, request)
        return f"{host}{path}?{text}&X-Amz-Signature={signature}"

    def _credentials(self) -> Credentials:
        held = self._held
        if held is None or (held.expires_at and held.expires_at - RENEW_BEFORE < datetime.now(UTC)):
            held = self._held = self._get_credentials()
        return held

    def _scope(self, service: str, now: str) -> str:
        return f"{now[:8]}/{self.region}/{service}/aws4_request"

    def _sign(
        self, who: Credentials, service: str, now: str, request: tuple[str, str, str, Mapping[str, str], str]
    ) -> tuple[str, str, str]:
        """Return the signature, its scope, and the names of the headers that it covers."""
        method, path, query, headers, digest = request
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
        canonical = hashlib.sha256("\n".join((method, path, query, lines, names, digest)).encode()).hexdigest()
        scope = self._scope(service, now)
        key = f"AWS4{who.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join((ALGORITHM, now, scope, canonical))
        return hmac.digest(key, text.encode(), "sha256").hex(), scope, names


def _now() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
