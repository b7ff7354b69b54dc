"""Signing in by JWT: an RS256 token of an issuer whose public key is configured, as bearer token or in a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from api.access.auth import CHALLENGE, bearer_in
from api.access.cookies import cookie_in
from api.access.origins import check_same_origin
from api.errors import RequestError
from api.request import Request
from db.settings import Settings, SettingsError

ALGORITHM = "RS256"
"""The only one. A token's own header never chooses: with HS256 the public key would be the secret."""

LEEWAY_SECONDS = 10
LEAST_KEY_BITS = 2048
READING = ("GET", "HEAD")


class SignIn:
    """Checks tokens against one public key.

    Raises SettingsError, which names the variable, for a key that can't be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = load_key(settings.jwt_public_key or "")

    def authenticate(self, request: Request) -> str | None:
        """Return the admin who is signed in, by user id; None where the request brings no token.

        Raises RequestError: 401 for a token that is not valid, 403 for somebody who is no admin, or for a write with
        a cookie that another site's page sent.
        """
        token = bearer_in(request)
        if token is not None and token.count(".") == 2:
            return self.admin(token)
        if token is None and (token := cookie_in(request, self._settings.jwt_cookie)):
            if request.method not in READING:
                check_same_origin(request, self._settings.public_url)
            return self.admin(token)
        return None

    def admin(self, token: str) -> str:
        """Return the user id of the admin whose token this is. Raises `RequestError` as `authenticate` does."""
        claims = self._claims(token)
        user_id = claims.get("userId", claims.get("sub"))
        if not isinstance(user_id, str) or not 0 < len(user_id) <= 256 or not user_id.isprintable():
            raise RequestError(401, "invalid_token", "the token has no userId (or sub) that is a name", CHALLENGE)
        if not self._is_admin(user_id, claims):
            raise RequestError(403, "not_an_admin", f"{user_id} is signed in, but is no admin")
        return user_id

    def _claims(self, token: str) -> dict[str, Any]:
        settings = self._settings
        try:
            return jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "aud"], "strict_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise RequestError(401, "token_expired", "the token has expired: sign in again", CHALLENGE) from None
        except jwt.PyJWTError as error:
            raise RequestError(401, "invalid_token", f"the token is not valid: {error}", CHALLENGE) from None

    def _is_admin(self, user_id: str, claims: Mapping[str, Any]) -> bool:
        if user_id in self._settings.jwt_admin_users:
            return True
        if self._settings.jwt_admin_claim is None:
            return False
        name, wanted = self._settings.jwt_admin_claim
        found = claim(claims, name)
        return wanted in (as_text(item) for item in (found if isinstance(found, list) else [found]))


def load_key(pem: str) -> RSAPublicKey:
    """Return the public key. Raises SettingsError for one that is none, or too weak."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError("FLAGSTAFF_JWT_PUBLIC_KEY is not a public key in PEM form") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_KEY_BITS:
        raise SettingsError(f"FLAGSTAFF_JWT_PUBLIC_KEY must be an RSA key of at least {LEAST_KEY_BITS} bits")
    return key


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its name, or by its path: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def as_text(value: Any) -> str | None:
    """Return what a claim is compared as: `true` for true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
