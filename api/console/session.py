"""Let people in who have a session, and nobody else; let them change something only from our own pages."""

from __future__ import annotations

import hmac

from flask import Blueprint, g, request

from api.access.addresses import address_of
from api.access.auth import READING, Admin, bearer_in
from api.access.cookies import cookie_in
from api.access.origins import check_same_origin
from api.access.sessions import Session, cookie_name
from api.console import forms, page
from api.console.visit import Visit
from api.current import current_request, services
from api.errors import RETRY_LATER, RequestError
from api.request import Request
from api.services import Services

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"


def guard(blueprint: Blueprint) -> Blueprint:
    """Let only people with a session see what is in this blueprint, and answer its errors as pages."""
    blueprint.before_request(forms.check_size)
    blueprint.before_request(let_in)
    blueprint.after_request(page.finish)
    blueprint.register_error_handler(Exception, page.error)
    return blueprint


def let_in() -> None:
    """Find out who is there. Raises SignedOutError, or `RequestError` (403, 429, 503)."""
    service, asked = services(), current_request()
    session = session_of(service, asked)
    if session is None:
        raise page.SignedOutError()
    g.visit, g.admin, g.actor = Visit(session), session.admin, session.actor
    if service.limits.admin is not None:
        service.limits.admin.count((session.admin.identity, address_of(asked, service.settings.trusted_proxies)))
    if asked.method not in READING:
        check_write(service, asked, session)


def session_of(service: Services, asked: Request) -> Session | None:
    """Return the session of a request: that of its cookie, or of the person whom a configured token names.

    Raises SignedOutError for a token that is not valid any more, `RequestError` (403) for somebody who is no admin.
    """
    cookie = cookie_in(asked, cookie_name(asked, service.settings))
    if cookie is not None:
        if not service.keys.loaded:
            raise RequestError(503, "keys_not_loaded", "the API keys have not been loaded yet", RETRY_LATER)
        if (session := service.sessions.read(cookie, service.keys)) is not None:
            return session
    return person_of(service, asked)


def person_of(service: Services, asked: Request) -> Session | None:
    """Return the session of somebody who is signed in elsewhere, by a JSON Web Token. Raises as `session_of` does."""
    if service.sign_in is None:
        return None
    try:
        person = service.sign_in.authenticate(asked)
    except RequestError as error:
        if error.status == 401:
            raise page.SignedOutError(error.code) from None
        raise
    if person is None:
        return None
    token = cookie_in(asked, service.settings.jwt_cookie) or bearer_in(asked) or ""
    return Session(Admin(person=person), person, service.sessions.csrf_of(token))


def check_write(service: Services, asked: Request, session: Session) -> None:
    """Raise `RequestError` (403) unless this comes from a form of ours, and somebody who may change something."""
    check_same_origin(asked, service.settings.public_url)
    given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        message = "this form belongs to a session that has ended: open the page again, then try again"
        raise RequestError(403, "invalid_csrf_token", message)
    if not session.may_write:
        raise RequestError(403, "insufficient_scope", "you are signed in with a reader key: it only lets you look")
