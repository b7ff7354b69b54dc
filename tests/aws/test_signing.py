"""Our signatures are those of Amazon's own library."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from db.aws import signing
from db.aws.s3 import Bucket
from db.aws.signing import Credentials, CredentialsError, Signer

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PLAIN = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEMPORARY = Credentials("ASIDEXAMPLE", "secret", "token/with+signs==")


@pytest.fixture(autouse=True)
def at_a_fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_now", lambda: f"{NOW:%Y%m%dT%H%M%SZ}")
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: NOW.replace(tzinfo=None))


def theirs(who: Credentials) -> Any:
    return botocore.credentials.Credentials(who.access_key, who.secret_key, who.session_token)


@pytest.mark.parametrize("who", [PLAIN, TEMPORARY], ids=["a key of a person", "the key of a role"])
@pytest.mark.parametrize(
    ("service", "method", "path", "headers", "body"),
    [
        ("s3", "GET", "/definitions/prod.json", {}, b""),
        ("s3", "GET", "/definitions/prod.json", {"If-None-Match": '"abc"'}, b""),
        ("s3", "PUT", "/keys.json", {"Content-Type": "application/json", "x-amz-meta-state": "17 v2"}, b"{}"),
        ("lambda", "PUT", "/2017-10-31/functions/a%3Ab/concurrency", {"Content-Type": "application/json"}, b"{}"),
        ("rds-data", "POST", "/Execute", {"Content-Type": "application/json"}, "{\"sql\": \"ü\"}".encode()),
    ],
)  # fmt: skip
def test_headers(
    who: Credentials, service: str, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> None:
    host = f"{service}.eu-central-1.amazonaws.com"
    ours = Signer("eu-central-1", lambda: who).headers(service, method, host, path, headers, body)
    sent = {name: value for name, value in ours.items() if name not in ("authorization", "host")}
    sent = {name: value for name, value in sent.items() if not name.startswith("x-amz-s")}
    request = botocore.awsrequest.AWSRequest(method, f"https://{host}{path}", headers=sent, data=body)
    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    request.context["payload_signing_enabled"] = True
    signer(theirs(who), service, "eu-central-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]


@pytest.mark.parametrize("who", [PLAIN, TEMPORARY], ids=["a key of a person", "the key of a role"])
def test_database_token(who: Credentials) -> None:
    host = "stage.cluster-abc.eu-central-1.rds.amazonaws.com"
    ours = urlsplit("https://" + Signer("eu-central-1", lambda: who).database_token(host, 5432, "flagstaff"))
    url = f"https://{host}:5432/?Action=connect&DBUser=flagstaff"
    request = botocore.awsrequest.AWSRequest("GET", url)
    botocore.auth.SigV4QueryAuth(theirs(who), "rds-db", "eu-central-1", expires=900).add_auth(request)
    expected = urlsplit(request.url)
    assert (ours.netloc, ours.path) == (expected.netloc, expected.path)
    assert parse_qs(ours.query) == parse_qs(expected.query)


@pytest.mark.parametrize("who", [PLAIN, TEMPORARY], ids=["a key of a person", "the key of a role"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_links_to_objects(who: Credentials, method: str) -> None:
    bucket = Bucket("flags", Signer("eu-central-1", lambda: who))
    ours = urlsplit(bucket.url("definitions/prod.json", method=method, seconds=60))
    url = "https://flags.s3.eu-central-1.amazonaws.com/definitions/prod.json"
    request = botocore.awsrequest.AWSRequest(method, url)
    botocore.auth.S3SigV4QueryAuth(theirs(who), "s3", "eu-central-1", expires=60).add_auth(request)
    expected = urlsplit(request.url)
    assert (ours.scheme, ours.netloc, ours.path) == (expected.scheme, expected.netloc, expected.path)
    assert parse_qs(ours.query) == parse_qs(expected.query)


def test_credentials_come_from_the_environment_and_are_not_shown() -> None:
    env = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_SESSION_TOKEN": "whisper"}
    found = Credentials.from_env(env)
    assert (found.access_key, found.secret_key, found.session_token) == ("A", "hush", "whisper")
    assert "hush" not in repr(found)
    assert "whisper" not in repr(found)
    with pytest.raises(CredentialsError, match="AWS_ACCESS_KEY_ID"):
        Credentials.from_env({})


def test_credentials_that_are_about_to_expire_are_asked_for_anew() -> None:
    asked: list[Credentials] = []

    def ask() -> Credentials:
        asked.append(Credentials("A", "s", expires_at=datetime.now(UTC) + signing.RENEW_BEFORE / 2))
        return asked[-1]

    signer = Signer("eu-central-1", ask)
    for _ in range(2):
        signer.headers("s3", "GET", "host", "/", {})
    assert len(asked) == 2
