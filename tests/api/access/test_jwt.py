"""Signing in by JWT: who gets in, who does not, and who it says made a change."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from api.app import create_app
from api.services import connect
from db.settings import Settings, SettingsError
from tests.api.conftest import Client

FLAGS = "/api/admin/flags"
AUDIENCE = "flagstaff"


@cache
def key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def public_pem(of: Any = None) -> str:
    return (of or key("ours")).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(of: Any = None) -> str:
    return (of or key("ours")).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def token(name: str = "ours", algorithm: str = "RS256", **claims: Any) -> str:
    usual = {"userId": "ada", "role": "admin", "aud": AUDIENCE, "exp": int(time.time()) + 600}
    given = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(given, private_pem(key(name)), algorithm=algorithm)


@pytest.fixture
def signing_in(database: None, database_url: str) -> Iterator[Client]:
    with client_of(database_url) as client:
        yield client


@contextmanager
def client_of(database_url: str, **more: str) -> Iterator[Client]:
    settings = Settings.from_env(
        {
            "FLAGSTAFF_DATABASE_URL": database_url,
            "FLAGSTAFF_JWT_PUBLIC_KEY": public_pem().replace("\n", "\\n"),
            "FLAGSTAFF_JWT_AUDIENCE": AUDIENCE,
            "FLAGSTAFF_JWT_ADMIN_CLAIM": "role=admin",
            "FLAGSTAFF_JWT_ADMIN_USERS": "grace, linus",
            "FLAGSTAFF_JWT_COOKIE": "rds-session",
            "FLAGSTAFF_SIGN_IN_LIMIT": "0",
            **more,
        }
    )
    services = connect(settings, development=True)
    services.follower.refresh()
    services.follower.refresh_keys()
    client = Client(services)
    client.headers = {}
    client.flask = create_app(services).test_client(use_cookies=False)  # cookies are what a test sends
    yield client
    services.follower.close()


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_signed_in_person_is_the_actor_whatever_the_body_says(signing_in: Client) -> None:
    body = {"key": "beta", "userId": "somebody else"}
    flag = signing_in.do("POST", FLAGS, body, 201, **bearer(token()))["flag"]
    assert flag["createdBy"] == "ada"
    changes = signing_in.do("GET", "/api/admin/changes", **bearer(token(userId="grace", role="guest")))["changes"]
    assert {change["actor"] for change in changes} == {"ada"}


@pytest.mark.parametrize(
    "claims",
    [
        {"role": ["editor", "admin"]},
        {"userId": "grace", "role": None},
        {"userId": None, "sub": "linus", "role": None},
        {"aud": ["other", AUDIENCE]},
    ],
)
def test_these_get_in(signing_in: Client, claims: dict[str, Any]) -> None:
    signing_in.do("GET", FLAGS, **bearer(token(**claims)))


@pytest.mark.parametrize(
    ("status", "code", "claims"),
    [
        (401, "token_expired", {"exp": int(time.time()) - 60}),
        (401, "invalid_token", {"exp": None}),
        (401, "invalid_token", {"aud": "another"}),
        (401, "invalid_token", {"aud": None}),
        (401, "invalid_token", {"aud": 7}),
        (401, "invalid_token", {"nbf": int(time.time()) + 600}),
        (401, "invalid_token", {"userId": None}),
        (401, "invalid_token", {"userId": ""}),
        (401, "invalid_token", {"userId": 7}),
        (401, "invalid_token", {"userId": "a\nb"}),
        (401, "invalid_token", {"userId": "a" * 257}),
        (403, "not_an_admin", {"role": "editor"}),
        (403, "not_an_admin", {"role": None}),
        (403, "not_an_admin", {"role": {"admin": True}}),
        (403, "not_an_admin", {"role": ["Admin"]}),
    ],
)
def test_these_do_not(signing_in: Client, status: int, code: str, claims: dict[str, Any]) -> None:
    signing_in.refused(status, code, "GET", FLAGS, **bearer(token(**claims)))


def test_another_key_or_algorithm_is_refused(signing_in: Client) -> None:
    signing_in.refused(401, "invalid_token", "GET", FLAGS, **bearer(token("theirs")))
    for algorithm in ("RS512", "PS256"):
        signing_in.refused(401, "invalid_token", "GET", FLAGS, **bearer(token(algorithm=algorithm)))
    head, body, signature = token().split(".")
    signing_in.refused(401, "invalid_token", "GET", FLAGS, **bearer(f"{head}.{body}.{signature[:-4]}AAAA"))
    signing_in.refused(401, "invalid_token", "GET", FLAGS, **bearer(f"{head}.{body}."))
    for header in ({"alg": "none"}, {"alg": "None"}, {"alg": "RS256"}, {}):
        signing_in.refused(401, "invalid_token", "GET", FLAGS, **bearer(f"{encoded(header)}.{body}."))


def test_the_public_key_is_no_shared_secret(signing_in: Client) -> None:
    """The classic confusion: a token signed with HMAC, whose secret is the public key that everyone knows."""
    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{token().split('.')[1]}"
    for secret in (public_pem(), public_pem().strip(), public_pem().replace("\n", "\\n")):
        mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
        forged = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
        signing_in.refused(401, "invalid_token", "GET", FLAGS, **bearer(forged))


def encoded(header: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")


def cookie(text: str, **headers: str) -> dict[str, str]:
    return {"Cookie": f"theme=dark; rds-session={text}", "Host": "flags.example.com", **headers}


def test_a_cookie_reads_and_writes_from_this_site_only(signing_in: Client) -> None:
    signing_in.do("GET", FLAGS, **cookie(token()))
    for origin in ("https://flags.example.com", "http://flags.example.com", "https://flags.example.com:443"):
        body = {"key": f"from-{len(origin)}"}
        signing_in.do("POST", FLAGS, body, 201, **cookie(token(), Origin=origin))
    before = signing_in.do("GET", FLAGS, **cookie(token()))["total"]
    for origin in (
        "https://evil.example",
        "https://flags.example.com.evil.example",
        "null",
        "https://flags.example.com:8",
    ):
        signing_in.refused(403, "foreign_origin", "POST", FLAGS, {"key": "x"}, **cookie(token(), Origin=origin))
    signing_in.refused(403, "foreign_origin", "POST", FLAGS, {"key": "x"}, **cookie(token()))
    assert signing_in.do("GET", FLAGS, **cookie(token()))["total"] == before
    signing_in.refused(401, "token_expired", "GET", FLAGS, **cookie(token(exp=1)))
    signing_in.refused(401, "key_required", "GET", FLAGS, Cookie=f"another={token()}")


def test_behind_a_proxy_that_ends_tls_a_page_that_came_without_is_another_site(signing_in: Client) -> None:
    secure = {"X-Forwarded-Proto": "https"}
    written = cookie(token(), Origin="http://flags.example.com", **secure)
    signing_in.refused(403, "foreign_origin", "POST", FLAGS, {"key": "x"}, **written)
    signing_in.do("POST", FLAGS, {"key": "x"}, 201, **cookie(token(), Origin="https://flags.example.com", **secure))


def test_where_the_address_is_configured_writes_come_from_there_alone(database: None, database_url: str) -> None:
    with client_of(database_url, FLAGSTAFF_PUBLIC_URL="https://public.example") as client:
        written = cookie(token(), **{"X-Forwarded-Proto": "https"})
        for origin in ("http://public.example", "https://flags.example.com", "null", ""):
            client.refused(403, "foreign_origin", "POST", FLAGS, {"key": "x"}, **written, Origin=origin)
        client.do("POST", FLAGS, {"key": "x"}, 201, **written, Origin="https://public.example")


@pytest.mark.parametrize("value", ['"%s"', "%s; rds-session=another", '%s; x="' + "\\" * 10_000 + '"'])
def test_cookies_beside_the_one_that_counts(signing_in: Client, value: str) -> None:
    signing_in.do("GET", FLAGS, **cookie(value % token()))


def test_keys_go_on_working(signing_in: Client) -> None:
    signing_in.do("GET", FLAGS, **bearer("admin-secret-key"))
    signing_in.do("GET", FLAGS, **{"X-Admin-Token": "admin-secret-key"})
    signing_in.refused(401, "invalid_key", "GET", FLAGS, **bearer("no-key"))
    signing_in.refused(401, "invalid_key", "GET", FLAGS, **{"X-Admin-API-Key": token()})
    signing_in.do("GET", FLAGS, **{"X-Admin-API-Key": "admin-secret-key", **cookie("garbage")})


def test_without_a_public_key_no_token_counts(client: Client) -> None:
    client.headers = {}
    client.refused(401, "invalid_key", "GET", FLAGS, **bearer(token()))
    client.refused(401, "key_required", "GET", FLAGS, Cookie=f"flagstaff_session={token()}")


GOOD = {
    "FLAGSTAFF_DATABASE_URL": "postgresql://nobody@127.0.0.1/none",
    "FLAGSTAFF_JWT_PUBLIC_KEY": public_pem(),
    "FLAGSTAFF_JWT_AUDIENCE": AUDIENCE,
    "FLAGSTAFF_JWT_ADMIN_CLAIM": "role=admin",
}


@pytest.mark.parametrize(
    ("named", "env"),
    [
        ("FLAGSTAFF_JWT_AUDIENCE", {**GOOD, "FLAGSTAFF_JWT_AUDIENCE": ""}),
        ("FLAGSTAFF_JWT_ADMIN_CLAIM or FLAGSTAFF_JWT_ADMIN_USERS", {**GOOD, "FLAGSTAFF_JWT_ADMIN_CLAIM": ""}),
        ("FLAGSTAFF_JWT_PUBLIC_KEY", {**GOOD, "FLAGSTAFF_JWT_PUBLIC_KEY": ""}),
        ("FLAGSTAFF_JWT_PUBLIC_KEY", {**GOOD, "FLAGSTAFF_JWT_PUBLIC_KEY": private_pem()}),
        ("FLAGSTAFF_JWT_PUBLIC_KEY", {**GOOD, "FLAGSTAFF_JWT_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----\nx"}),
        ("FLAGSTAFF_JWT_PUBLIC_KEY", {**GOOD, "FLAGSTAFF_JWT_PUBLIC_KEY": public_pem(key("weak", 1024))}),
        (
            "FLAGSTAFF_JWT_PUBLIC_KEY",
            {**GOOD, "FLAGSTAFF_JWT_PUBLIC_KEY": public_pem(ec.generate_private_key(ec.SECP256R1()))},
        ),
        ("FLAGSTAFF_JWT_ADMIN_CLAIM", {**GOOD, "FLAGSTAFF_JWT_ADMIN_CLAIM": "admin"}),
        ("FLAGSTAFF_JWT_COOKIE", {**GOOD, "FLAGSTAFF_JWT_COOKIE": "a b"}),
    ],
)
def test_half_a_configuration_is_none(named: str, env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=named) as raised:
        connect(Settings.from_env(env))
    assert "BEGIN PRIVATE" not in str(raised.value)
