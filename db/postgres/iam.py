"""Connecting to Amazon's PostgreSQL: a token instead of a password, over TLS verified with Amazon's own roots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from db import database
from db.aws.signing import Signer
from db.settings import Settings, SettingsError

ROOTS: Final = Path(__file__).parents[1] / "certificates" / "rds.pem"
"""The roots of RDS in every region that had one in 2024 (docs/aws.md says how to renew the file)."""


def connect(settings: Settings) -> str:
    """Say to this process which database to use, however the settings sign in; its URL.

    Raises SettingsError.
    """
    url = verified_url(settings)
    database.connect(url, sign_in=sign_in(settings))
    return url


def sign_in(settings: Settings) -> Callable[[], str] | None:
    """Return what gives each connection its password; None where the URL says all there is to say.

    A token is for the host and the port before the path. The way there may be another one, such as a port that is
    forwarded: `postgresql://USER@HOST:5432/NAME?hostaddr=127.0.0.1&port=15432`, where libpq still verifies HOST.
    Raises SettingsError where a token can't be signed for the URL.
    """
    if not settings.database_iam:
        return None
    url = urlsplit(settings.database_url or "")
    host, port, user = url.hostname, url.port or 5432, url.username
    if not host or not user or url.password:
        message = "needs a host, a user and no password, because FLAGSTAFF_DATABASE_AUTH is iam"
        raise SettingsError(f"FLAGSTAFF_DATABASE_URL {message}")
    signer = Signer(settings.aws_region or "")
    return lambda: signer.database_token(host, port, user)


def verified_url(settings: Settings) -> str:
    """Return the database's URL. With a token it says to verify the server, unless it says for itself how.

    Raises SettingsError without a URL.
    """
    url = settings.database_url
    if url is None:
        raise SettingsError("FLAGSTAFF_DATABASE_URL is not set")
    if not settings.database_iam or "sslmode=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}sslmode=verify-full&sslrootcert={ROOTS}"
