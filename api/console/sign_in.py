"""Sign in with a key, or under `make run` with one click; and sign out."""

from __future__ import annotations

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.access import auth
from api.access.addresses import address_of, origin_of
from api.access.origins import check_same_origin
from api.access.sessions import HOURS, SCOPES, cookie_name, needs_tls
from api.console import forms, links, page
from api.current import current_request, services
from api.errors import RequestError
from api.request import Request
from db.published.keyring import KeyRecord

NAME = "flagstaff-name"
"""The cookie with the name that somebody gave when they signed in, so that they are asked once."""
NAME_SECONDS = 365 * 24 * 3600
MAX_NAME = 256
REASONS = {
    "token_expired": "The token has expired: sign in again where it comes from, or with a key.",
    "invalid_token": "The token is not valid: sign in again where it comes from, or with a key.",
}
"""What a link may have this page say, by the codes of errors: never a text of the link's own."""
LOCAL_KEY = auth.DEVELOPMENT_KEYS[0].id

blueprint = Blueprint("console_sign_in", __name__, url_prefix="/console")
blueprint.before_request(forms.check_size)
blueprint.after_request(page.finish)
blueprint.register_error_handler(Exception, page.error)


@blueprint.get("/sign-in")
def form() -> FlaskResponse:
    """Ask for a key."""
    return show(REASONS.get(request.args.get("why", ""), ""))


def show(problem: str = "", status: int = 200) -> FlaskResponse:
    """Return the page that asks for a key, and says what was wrong with the one before."""
    service, asked = services(), current_request()
    over_http = needs_tls(asked, service.settings) and origin_of(asked).startswith("http:")
    return page.render(
        "sign_in.html",
        status,
        problem=problem,
        name=request.form.get("name") or request.cookies.get(NAME, ""),
        next=links.own_path(request.values.get("next")) or "",
        local=service.local_only,
        over_http=over_http,
    )


@blueprint.post("/sign-in")
def sign_in() -> FlaskResponse:
    """Begin a session with an admin or a reader key."""
    service, asked = services(), current_request()
    check_same_origin(asked, service.settings.public_url)
    try:
        return begin(key_given(asked))
    except RequestError as error:
        return show(str(error), error.status)


def key_given(asked: Request) -> KeyRecord:
    """Return the key that was typed in. Raises `RequestError`: 401, 403, 429 after too many wrong ones, 503."""
    service = services()
    try:
        key = auth.authenticate(service.keys, request.form.get("key", "").strip())
    except RequestError as error:
        if error.status == 401 and service.limits.sign_in is not None:
            service.limits.sign_in.count(address_of(asked, service.settings.trusted_proxies))
        raise
    if key.scope not in SCOPES:
        raise RequestError(403, "insufficient_scope", f"this is a {key.scope} key; use an admin key, or a reader key")
    return key


@blueprint.post("/sign-in/local")
def sign_in_local() -> FlaskResponse:
    """Begin a session without a key, where everybody on this machine knows it anyway: under `make run`."""
    service = services()
    check_same_origin(current_request(), service.settings.public_url)
    key = service.keys.with_id(LOCAL_KEY) if service.local_only else None
    if key is None:
        raise RequestError(404, "not_found", "only `make run` lets people in without a key")
    return begin(key)


def begin(key: KeyRecord) -> FlaskResponse:
    """Return the answer that begins a session. Raises `RequestError` (400) for a name that can't be one."""
    service, asked = services(), current_request()
    name = request.form.get("name", "").strip()
    if len(name) > MAX_NAME or not name.isprintable():
        raise RequestError(400, "invalid_name", f"your name must have at most {MAX_NAME} printable characters")
    response = page.see_other(links.own_path(request.form.get("next")) or links.address("console_flags.page"))
    tls = needs_tls(asked, service.settings)
    cookie = service.sessions.issue(key.id, name)
    response.set_cookie(
        cookie_name(asked, service.settings), cookie, HOURS * 3600, path="/", secure=tls, httponly=True, samesite="Lax"
    )
    response.set_cookie(NAME, name, NAME_SECONDS, path="/", secure=tls, httponly=True, samesite="Lax")
    return response


@blueprint.post("/sign-out")
def sign_out() -> FlaskResponse:
    """End the session."""
    service, asked = services(), current_request()
    check_same_origin(asked, service.settings.public_url)
    response = page.see_other(links.address("console_sign_in.form"))
    tls = needs_tls(asked, service.settings)
    response.delete_cookie(cookie_name(asked, service.settings), path="/", secure=tls, httponly=True, samesite="Lax")
    return response
