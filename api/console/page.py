"""Answer with a page: the one way from a template, an error or a change that was made to what a browser gets."""

from __future__ import annotations

import base64
import binascii
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response as FlaskResponse
from flask import g, request
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.access.auth import READING
from api.access.sessions import needs_tls
from api.console import forms, links, navigation, static_files
from api.console.live.address import address
from api.console.visit import ConfirmationNeededError
from api.current import current_request, services
from api.errors import describe
from db.wording import actions, differences, phrases

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",  # with none at all, browsers would send `Origin: null` with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NOTICE = "flagstaff-notice"
"""The cookie that says, on the page after a change, what was done."""
NOTICE_SECONDS = 60
MAX_NOTICE = 500
"""Characters: browsers keep cookies of up to 4,096 bytes."""


class SignedOutError(Exception):
    """Nobody is signed in; the text is a name of `sign_in.REASONS`, where there is more to say than that."""


@cache
def templates() -> Environment:
    """Return the templates. Whatever stands in them is escaped, and a name that they don't know is an error."""
    made = Environment(
        loader=PackageLoader("api.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {
        "link": link,
        "elsewhere": elsewhere,
        "static": static_files.address,
        "navigation": navigation.ITEMS,
        "phrases": phrases,
        "seen_version": forms.seen,
        "actions": actions,
        "differences": differences,
    }
    return made


def link(endpoint: str, **values: object) -> str:
    """Return the address of a page, in the environment at hand unless another is given."""
    if "visit" in g and "environment" not in values:
        values["environment"] = g.visit.environment.key
    return links.address(endpoint, **values)


def elsewhere(environment: str) -> str:
    """Return the address of this page in another environment; after a form that was sent, of the list of flags."""
    if request.method not in READING:
        return links.address("console_flags.page", environment=environment)
    query = {**request.args.to_dict(), "environment": environment}
    query.pop("page", None)
    return f"{links.prefix()}{request.path}?{urlencode(query)}"


def render(template: str, status: int = 200, **values: Any) -> FlaskResponse:
    """Return a page made of a template, with what every page has at hand: `visit`, `notice`, `path`."""
    at_hand = {
        "live": live_address(),
        "visit": g.get("visit"),
        "notice": said(),
        "path": own_address(),
        "prefix": links.prefix(),
        "demo": demo_address(),
        "answers_form": request.method not in READING,
    }
    response = FlaskResponse(templates().get_template(template).render(**at_hand, **values), status)
    if request.cookies.get(NOTICE):
        response.delete_cookie(NOTICE, path="/")
    return response


def live_address() -> str:
    """Return where the page hears of changes; empty where nobody is signed in, or there is nothing to hear."""
    return address(g.visit) if "visit" in g and g.visit.has_environment else ""


def demo_address() -> str:
    """Return where the demo is, in the environment at hand; empty where there is none.

    Where evaluation needs a key, the key decides on the environment.
    """
    settings = services().settings
    if not settings.demo:
        return ""
    in_environment = settings.evaluation_open and "visit" in g and g.visit.has_environment
    return f"{links.prefix()}/demo" + (f"?environment={g.visit.environment.key}" if in_environment else "")


def own_address() -> str:
    """Return the path of this page, with its query, as browsers see it."""
    query = request.query_string.decode("ascii", "replace")
    return f"{links.prefix()}{request.path}" + (f"?{query}" if query else "")


def done(text: str, endpoint: str, **values: object) -> FlaskResponse:
    """Return the answer to a change that was made: the page that the form names as `next`, or this one."""
    response = see_other(links.own_path(request.form.get("next")) or link(endpoint, **values))
    said = f"{text[:MAX_NOTICE]}{unpublished()}"
    remembered = base64.urlsafe_b64encode(said.encode()).decode()
    tls = needs_tls(current_request(), services().settings)
    response.set_cookie(NOTICE, remembered, NOTICE_SECONDS, path="/", secure=tls, httponly=True, samesite="Lax")
    return response


def unpublished() -> str:
    """Return what is to be said after a change that was saved and could not be published, in AWS; empty elsewhere."""
    outcome = request.environ.get("flagstaff.publication")
    if outcome is None or outcome.published is not False:
        return ""
    return " It is saved, but not published yet: programs get it with the next change that is."


def see_other(path: str) -> FlaskResponse:
    """Return a redirect to a page of ours."""
    return FlaskResponse(status=303, headers={"Location": path})


def said() -> str:
    """Return what the change before this page did; empty where there was none."""
    try:
        return base64.urlsafe_b64decode(request.cookies.get(NOTICE, "")).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def error(problem: Exception) -> FlaskResponse:
    """Return the page that tells of an error, asks for confirmation, or lets somebody sign in."""
    if isinstance(problem, SignedOutError):
        back = own_address() if request.method in READING else request.form.get("next")
        return see_other(links.address("console_sign_in.form", next=links.own_path(back), why=str(problem) or None))
    if isinstance(problem, ConfirmationNeededError):
        back = links.own_path(request.form.get("back") or request.form.get("next"))
        return render("confirm.html", asked=problem, fields=repeated(), back=back or page_of_form())
    status, body, headers = describe(problem)
    bare = "visit" not in g or not g.visit.has_environment
    response = render("error_bare.html" if bare else "error.html", status, problem=body, method=request.method)
    response.headers.extend(headers)
    return response


def page_of_form() -> str | None:
    """Return the page of ours from which the form at hand was sent, where the browser says so."""
    try:
        page = urlsplit(request.referrer or "")
    except ValueError:
        return None
    return links.own_path(f"{page.path}?{page.query}" if page.query else page.path)


def repeated() -> list[tuple[str, str]]:
    """Return the fields of the form at hand, to send again with the confirmation."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in ("confirm", "comment")]


def finish(response: FlaskResponse) -> FlaskResponse:
    """Add what every page says of itself, and count a write."""
    response.headers.extend(HEADERS)
    status = response.status_code
    if request.method not in READING and status != 200:  # a page that asks for confirmation wrote nothing
        services().counters.wrote("done" if status < 400 else "refused" if status < 500 else "failed")
    return response
