"""Who gets in, how long, and what another site's page can't do."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from api.access import sessions
from api.access.limits import Limits
from api.app import create_app
from api.client import stream
from db.administration import keys
from db.history import changes
from db.publishing.publisher import PublicationResult
from db.vocabulary import Scope, Source
from tests.api.access.test_jwt import client_of, token
from tests.api.conftest import Client
from tests.api.console.browser import ORIGIN, Browser, text_of
from tests.db.helpers import ADA

LIST = "/console/flags?environment=dev"
SWITCH = "/console/flags/checkout/enabled"
OFF = {"enabled": "false", "environment": "dev"}


def as_deployed(client: Client, **settings: object) -> Browser:
    """Somebody at a service that is not started by `make run`."""
    chosen = replace(client.services.settings, **settings)
    services = replace(client.services, settings=chosen, local_only=False, limits=Limits.of(chosen))
    return Browser(create_app(services).test_client())


def key_of(client: Client, scope: Scope, **more: object) -> tuple[str, str]:
    """The id and the secret of a new key."""
    view, secret = keys.create("mine", scope, actor=ADA, **more)
    client.services.follower.refresh_keys()
    return view.id, secret


def test_a_page_leads_to_signing_in_and_back(stranger: Browser) -> None:
    answer = stranger.client.get(LIST)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/console/sign-in?next=/console/flags?environment%3Ddev"
    assert "Open the console" in stranger.get(answer.headers["Location"])
    assert stranger.sign_in(next=LIST).headers["Location"] == LIST
    assert "Flags" in stranger.get(LIST)


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/console/",
        "//evil.example",
        "/\\evil",
        "/docs",
        "/console\n/x",
        "/console/../docs",
        "/console/x/%2E%2e/",
    ],
)
def test_signing_in_leads_to_no_other_site(stranger: Browser, place: str) -> None:
    assert stranger.sign_in(next=place).headers["Location"] == "/console/flags"


def test_the_cookie_is_for_this_site_alone(client: Client) -> None:
    secret = key_of(client, Scope.ADMIN)[1]
    local = as_deployed(client).sign_in(secret)
    assert local.headers["Set-Cookie"].startswith("flagstaff=")
    public = as_deployed(client, public_url="https://flags.example.com")
    answer = public.post("/console/sign-in", {"key": secret}, origin="https://flags.example.com")
    cookie = answer.headers.getlist("Set-Cookie")[0]
    assert cookie.startswith("__Host-flagstaff=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_one_click_is_for_make_run_alone(client: Client) -> None:
    browser = as_deployed(client)
    assert browser.sign_in().status_code == 404
    assert "Open the console" not in browser.get("/console/sign-in")


def test_a_wrong_key_counts_as_a_guess(client: Client) -> None:
    browser = as_deployed(client, sign_in_limit=2)
    assert [browser.sign_in("wrong").status_code for _ in range(3)] == [401, 401, 429]
    assert browser.sign_in(key_of(client, Scope.ADMIN)[1]).status_code == 303


@pytest.mark.parametrize("scope", [Scope.SERVER, Scope.CLIENT])
def test_a_key_of_a_program_opens_nothing(client: Client, scope: Scope) -> None:
    answer = as_deployed(client).sign_in(key_of(client, scope, environment="dev")[1])
    assert (answer.status_code, f"this is a {scope} key" in answer.text) == (403, True)


def test_a_reader_looks_and_changes_nothing(client: Client) -> None:
    client.create("checkout", environment="dev")
    browser = as_deployed(client)
    browser.sign_in(key_of(client, Scope.READER)[1])
    assert "switch" not in browser.get(LIST)
    cookie = next(iter(browser.client._cookies.values())).value
    answer = browser.post(SWITCH, {**OFF, "csrf": client.services.sessions.csrf_of(cookie)})
    assert (answer.status_code, "reader key" in answer.text) == (403, True)
    assert client.do("GET", "/api/admin/flags/checkout?environment=dev")["flag"]["enabled"]


def test_a_revoked_key_ends_its_sessions(client: Client) -> None:
    key_id, secret = key_of(client, Scope.ADMIN)
    browser = as_deployed(client)
    browser.sign_in(secret)
    browser.get(LIST)
    keys.revoke(key_id, actor=ADA)
    client.services.follower.refresh_keys()
    browser.get(LIST, 303)


def test_an_expired_key_ends_its_sessions(client: Client) -> None:
    _, secret = key_of(client, Scope.ADMIN, expires_at=datetime.now(UTC) + timedelta(seconds=1))
    browser = as_deployed(client)
    browser.sign_in(secret)
    browser.get(LIST)
    time.sleep(1.1)
    browser.get(LIST, 303)


def test_a_session_ends_after_twelve_hours(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + 12 * 3600 - 5)
    browser.get(LIST)
    monkeypatch.setattr(sessions.time, "time", lambda: now + 12 * 3600 + 1)
    browser.get(LIST, 303)


def test_a_cookie_that_was_changed_is_none(browser: Browser) -> None:
    good = next(cookie.value for cookie in browser.client._cookies.values() if cookie.key == "flagstaff")
    key_id, issued, name, signature = good.split(".")
    other = ".".join((key_id, str(int(issued) + 60), name, signature))
    for bad in (other, good[:-1], f"{key_id}.{issued}.", "x", "", "....", good.replace("dev-admin", "dev-sdk")):
        browser.client.set_cookie("flagstaff", bad)
        browser.get(LIST, 303)


def test_signing_out(browser: Browser) -> None:
    assert browser.post("/console/sign-out", origin="https://evil.example").status_code == 403
    assert browser.post("/console/sign-out").status_code == 303
    browser.get(LIST, 303)


def test_a_change_is_made_in_the_name_that_was_given(browser: Browser) -> None:
    assert browser.send(SWITCH, **OFF).status_code == 303
    last = changes.page("checkout", "dev").items[0]
    assert (last.actor, last.source, last.via) == ("Ada", Source.CONSOLE, "key dev admin key")


@pytest.mark.parametrize(
    ("token", "origin"),
    [(None, "http://localhost"), ("0" * 64, "http://localhost"), ("é", "http://localhost"), ("", None), ("", "null")],
)
def test_a_form_that_is_not_ours_changes_nothing(browser: Browser, token: str | None, origin: str | None) -> None:
    fields = {**OFF, "csrf": browser.csrf() if token == "" else token} if token is not None else OFF
    assert browser.post(SWITCH, fields, origin=origin).status_code == 403
    assert changes.page("checkout", "dev").total == 1


def test_another_sites_page_changes_nothing(browser: Browser) -> None:
    fields = {**OFF, "csrf": browser.csrf()}
    assert browser.post(SWITCH, fields, origin="https://evil.example").status_code == 403
    assert changes.page("checkout", "dev").total == 1


def test_a_form_of_a_session_that_ended_leads_back_to_its_page(browser: Browser) -> None:
    browser.client.delete_cookie("flagstaff")
    answer = browser.post(SWITCH, {**OFF, "next": LIST})
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        "/console/sign-in?next=/console/flags?environment%3Ddev",
    )


def test_pages_name_what_they_load_and_are_kept_by_nobody(browser: Browser) -> None:
    for path in (LIST, "/console/sign-in", "/console/nowhere"):
        headers = browser.client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "same-origin")


def test_browsers_get_the_console_and_programs_the_reference(browser: Browser) -> None:
    for accept, place in (("text/html,*/*;q=0.8", "/console/flags"), ("*/*", "/docs")):
        answer = browser.client.get("/", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Location"], answer.headers["Vary"]) == (302, place, "Accept")


def test_a_page_that_is_not_there_says_so_to_people(browser: Browser) -> None:
    assert "the console has no page 'nowhere/at-all'" in text_of(browser.get("/console/nowhere/at-all", 404))


def test_who_is_signed_in_by_token_is_signed_in_here(database: None, database_url: str) -> None:
    with client_of(database_url) as client:
        client.headers = {"Authorization": f"Bearer {token()}"}
        client.create("checkout", environment="dev")
        browser = Browser(client.flask.application.test_client())
        browser.get(LIST, 303)
        browser.client.set_cookie("rds-session", token())
        assert browser.send(SWITCH, **OFF).status_code == 303
        assert (changes.page("checkout", "dev").items[0].actor, client.count()[0]) == ("ada", 1)
        assert browser.post(SWITCH, OFF).status_code == 403
        browser.client.set_cookie("rds-session", token(role="member"))
        browser.get(LIST, 403)
        browser.client.set_cookie("rds-session", token(exp=int(time.time()) - 60))
        assert "The token has expired" in text_of(browser.get(browser.client.get(LIST).headers["Location"]))


def test_pages_hear_of_changes_by_a_token_of_their_key(browser: Browser) -> None:
    address = live_address(browser.get(LIST))
    assert address.startswith("/api/client/stream?token=") and "lastEventId=" in address
    answer = browser.client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    answer.close()


def test_a_stream_ends_so_that_its_page_asks_whether_the_session_goes_on(
    client: Client, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(stream, "SIGNED_IN_SECONDS", 0)
    answer = browser.client.get(live_address(browser.get(LIST)))
    chunks = iter(answer.response)
    assert next(chunks)
    with pytest.raises(StopIteration):
        next(chunks)
    answer.close()


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        ({"demo": False}, []),
        ({"demo": True, "evaluation_open": False}, ["/demo"]),
        ({"demo": True, "evaluation_open": True}, ["/demo?environment=dev"]),
    ],
)
def test_the_demo_is_a_link_where_it_is_served(client: Client, settings: dict[str, bool], addresses: list[str]) -> None:
    browser = as_deployed(client, **settings)
    browser.sign_in(key_of(client, Scope.ADMIN)[1])
    assert re.findall(r'href="(/demo[^"]*)"', browser.get(LIST)) == addresses


def test_who_is_signed_in_by_token_hears_of_changes_too(database: None, database_url: str) -> None:
    with client_of(database_url) as client:
        browser = Browser(client.flask.application.test_client())
        browser.client.set_cookie("rds-session", token())
        address = live_address(browser.get(LIST))
        assert address.startswith("/console/live/events?environment=dev")
        answer = browser.client.get(address)
        assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
        answer.close()
        browser.client.delete_cookie("rds-session")
        assert browser.client.get(address).status_code == 303


def live_address(html: str) -> str:
    (found,) = re.findall(r'<body[^>]* data-live="([^"]*)"', html)
    return unescape(str(found))


@pytest.mark.parametrize(("published", "said"), [(None, False), (True, False), (False, True)])
def test_a_change_that_is_not_published_yet_says_so(browser: Browser, published: bool | None, said: bool) -> None:
    outcome = PublicationResult()
    outcome.published = published
    in_aws = {"flagstaff.publication": outcome}
    fields = {**OFF, "csrf": browser.csrf()}
    browser.client.post(SWITCH, data=fields, headers={"Origin": ORIGIN}, environ_overrides=in_aws)
    page = browser.get(LIST)
    assert "checkout is disabled in dev." in page and ("not published yet" in page) is said


def test_a_link_can_not_have_the_page_say_what_it_likes(stranger: Browser) -> None:
    assert "mail your key" not in stranger.get("/console/sign-in?why=mail your key to us")


@pytest.mark.parametrize("path", [SWITCH, "/console/segments/beta/ids", "/console/new-flag", "/console/sign-in"])
def test_a_form_that_is_too_large_is_refused(browser: Browser, path: str) -> None:
    answer = browser.post(path, {"csrf": browser.csrf(), "environment": "dev", "ids": "x" * 1_100_000})
    assert answer.status_code == 413 and "more than 1,048,576 bytes: go back" in text_of(answer.text)


def test_a_stranger_is_refused_a_form_that_is_too_large(stranger: Browser) -> None:
    assert stranger.post(SWITCH, {"ids": "x" * 1_100_000}).status_code == 413
