"""What client keys and stream tokens can read: nothing of the flags that are not marked for them, on no route."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from werkzeug.routing import Rule

from api.access import stream_tokens
from api.app import create_app
from api.client.stream import Stream, open_stream
from api.paths import STREAM
from api.request import WsgiRequest
from api.services import connect
from db.settings import Settings
from tests.api.conftest import Client
from tests.processes import wait_until

FLAGS, SEGMENTS = "/api/admin/flags", "/api/admin/segments"
ELSEWHERE = frozenset({"/health", "/ready", "/metrics", STREAM})
"""Of the process, not of flags, and for everybody; and the stream, which does not end."""
SEEN = ("open-static", "open-rule", "open-text", "open-needs")
HIDDEN = ("unseen-static", "unseen-rule", "unseen-needed", "unseen-list")
JOHN = {"targetingKey": "john", "country": "US"}


@pytest.fixture(autouse=True)
def one_token_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stream tokens are others every five minutes, whatever happens to flags."""
    monkeypatch.setattr(stream_tokens, "WINDOW_SECONDS", 1 << 26)


class Browser:
    """Everything that can be asked with a client key, without one, or with a stream token."""

    def __init__(self, client: Client, key: str | None, query: str) -> None:
        self.client = client
        self.headers = {"X-API-Key": key, "Authorization": f"Bearer {key}"} if key else {}
        self.query = query
        self.rules = list(create_app(client.services).url_map.iter_rules())

    def ask(self, key: str) -> dict[str, Any]:
        """The answers of all routes about a flag, by method and path."""
        return {name: answer for rule in self.rules for name, answer in self._ask(rule, key)}

    def _ask(self, rule: Rule, key: str) -> Iterator[tuple[str, Any]]:
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<rest:{argument}>", key).replace(f"<{argument}>", key)
        if path in ELSEWHERE:
            return
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            for number, body in enumerate(bodies(key) if method not in ("GET", "HEAD") else [None]):
                sent = {**self.headers, "X-Request-Id": "the-same"}
                if body is not None:
                    sent["Content-Type"] = "application/json"
                data = None if body is None else orjson.dumps(body)
                response = self.client.flask.open(path, method=method, data=data, headers=sent)
                yield f"{method} {rule.rule} {number}", (response.status_code, list(response.headers), response.data)

    def stream(self) -> Stream:
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": STREAM, "QUERY_STRING": self.query, "wsgi.input": None}
        return open_stream(self.client.services, WsgiRequest({**environ, "REMOTE_ADDR": "203.0.113.7"}))


def bodies(key: str) -> list[dict[str, Any]]:
    """Bodies of which each route that evaluates takes one."""
    return [
        {"flagKey": key, "defaultValue": False, "context": JOHN},
        {"flagKey": key, "defaultValue": "text", "context": {}},
        {"user": {"id": "john", "country": "US"}},
        {"user": {"id": "john"}, "flagKeys": [key, "open-rule"]},
        {"context": JOHN},
        {"context": {}},
        {"no": "sense"},
    ]


@pytest.fixture(params=["client key", "no key"])
def browser(request: pytest.FixtureRequest, database: None, database_url: str) -> Iterator[Browser]:
    settings = Settings(
        database_url=database_url, evaluation_open=request.param == "no key", admin_limit=0, sign_in_limit=0
    )
    services = connect(settings, development=True)
    services.follower.refresh()
    client = Client(services)
    populate(client)
    made = client.do("POST", "/api/admin/keys", {"name": "web", "scope": "client", "environment": "prod"}, 201)
    key = made["secret"] if request.param == "client key" else None
    record = services.keys.find(key) if key else None
    yield Browser(client, key, f"token={stream_tokens.issue(record, 'prod')}")
    services.follower.close()


def populate(client: Client) -> None:
    """Flags of both kinds, also such that need each other and share a segment's long list."""
    beta = {"operator": "in_segment", "value": ["unseen-segment"]}
    us = [{"conditions": [{"field": "country", "operator": "eq", "value": "US"}], "variant": "on"}]
    listed = {"user": [f"unseen-user-{number}" for number in range(1_001)]}
    client.do("POST", SEGMENTS, {"key": "unseen-segment", "included": listed}, 201)
    client.create("unseen-needed", defaultVariant="on")
    client.create("open-static", isStatic=True, value=True, clientSide=True)
    client.create("open-rule", rules=us, clientSide=True)
    client.create("open-text", type="STRING", isStatic=True, value="hello", clientSide=True)
    client.create(
        "open-needs", rules=us, prerequisites=[{"flag": "unseen-needed", "variants": ["on"]}], clientSide=True
    )
    client.create("unseen-static", isStatic=True, value=True)
    client.create("unseen-rule", rules=us)
    client.create("unseen-list", rules=[{"conditions": [beta], "variant": "on"}])


def change_something_hidden(client: Client, choice: random.Random) -> None:
    """One write that touches flags which client keys don't see, and no others."""
    key = choice.choice([key for key in HIDDEN if key != "unseen-needed"])
    dynamic = choice.choice(["unseen-rule", "unseen-list"])
    environment = choice.choice(["prod", "dev"])
    number = choice.randrange(1 << 30)
    new = f"unseen-{number}"
    soon = {"at": "2040-01-01T00:00:00Z", "enabled": False}
    writes: list[Callable[[], object]] = [
        lambda: client.do("PUT", f"{FLAGS}/{key}?environment={environment}", {"description": str(number)}),
        lambda: client.do("PUT", f"{FLAGS}/{key}", {"owner": str(number), "metadata": {"cost": number}}),
        lambda: client.do("PATCH", f"{FLAGS}/{key}/toggle?environment={environment}"),
        lambda: client.do("PATCH", f"{FLAGS}/{key}/toggle?environment=*", {"enabled": False}),
        lambda: client.do("PUT", f"{FLAGS}/{dynamic}", {"rolloutPercentage": number % 100, "schedule": [soon]}),
        lambda: client.do("POST", f"{FLAGS}/{dynamic}/members", {"entityIds": [str(number)], "variant": "on"}),
        lambda: client.do("POST", f"{FLAGS}/{dynamic}/promote", {"from": "dev", "to": "prod"}),
        lambda: client.do("PUT", f"{SEGMENTS}/unseen-segment", {"included": {"user": [str(number)]}}),
        lambda: client.create(new, rolloutPercentage=50),
        lambda: (client.create(new), client.do("DELETE", f"{FLAGS}/{new}")),
        lambda: client.do("PUT", f"{FLAGS}/unseen-needed", {"description": str(number)}),
        lambda: client.do("POST", "/api/admin/keys", {"name": new, "scope": "server", "environment": "prod"}, 201),
    ]
    choice.choice(writes)()


def test_hidden_and_unknown_flags_are_answered_alike(browser: Browser) -> None:
    for key in HIDDEN:
        unknown = key.replace("unseen", "unsaid")
        # What answers repeat of the request is all that differs.
        assert str(browser.ask(unknown)).replace(unknown, key) == str(browser.ask(key))


def test_no_answer_holds_a_hidden_flag(browser: Browser) -> None:
    for key in SEEN:
        told = str(browser.ask(key))
        assert key in told
        assert "unseen" not in told


@pytest.mark.parametrize("seed", range(3))
def test_nothing_changes_with_flags_that_are_hidden(browser: Browser, seed: int) -> None:
    choice = random.Random(seed)
    before = {key: browser.ask(key) for key in (*SEEN, HIDDEN[0])}
    stream = browser.stream()
    first = stream.first()
    woken: list[int] = []
    stream.news.subscribe(lambda: woken.append(1))
    for _ in range(12):
        change_something_hidden(browser.client, choice)
        assert woken == [] and stream.news.position == stream.seen
        again = browser.stream()
        assert again.first() == first
        again.close()
    assert {key: browser.ask(key) for key in before} == before
    stream.close()


@pytest.mark.parametrize("key", ["open-static", "unseen-needed", "unseen-rule"])
def test_what_is_seen_changes_and_is_told(browser: Browser, key: str) -> None:
    """A flag that is seen, one that such a flag needs, and one that begins to be seen."""
    change = {"clientSide": True} if key == "unseen-rule" else {"enabled": False}
    before, stream = browser.ask("open-needs"), browser.stream()
    woken: list[int] = []
    stream.news.subscribe(lambda: woken.append(1))
    revision = browser.client.do("PUT", f"{FLAGS}/{key}", change)["flag"]["revision"]
    told = (stream.next() or b"").decode()
    assert woken and told == (
        f'event: message\ndata: {{"type":"refetchEvaluation","etag":"\\"{revision}\\""}}\nid: {revision}\n\n'
    )
    assert browser.ask("open-needs") != before
    stream.close()


def test_marks_taken_away_are_told(browser: Browser) -> None:
    stream = browser.stream()
    for change in ("mark-goes", "flag-goes"):
        browser.client.create(change, clientSide=True)
        assert stream.next()
        assert change in str(browser.ask("open-static"))
        path = f"{FLAGS}/{change}"
        browser.client.do("PUT", path, {"clientSide": False}) if change == "mark-goes" else browser.client.do(
            "DELETE", path
        )
        assert b"refetchEvaluation" in (stream.next() or b"")
        assert change not in str(browser.ask("open-static"))
    stream.close()


def test_the_moments_of_hidden_flags_are_not_told(browser: Browser) -> None:
    client, stream = browser.client, browser.stream()
    feed = client.services.feeds["prod"]
    client.services.follower.start()
    for key, is_told in (("unseen-rule", False), ("open-rule", True)):
        soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
        client.do("PUT", f"{FLAGS}/{key}", {"schedule": [{"at": soon, "enabled": False}]})
        stream.next()
        moment = feed.position.moment
        wait_until(lambda before=moment: feed.position.moment > before, 20)
        assert (stream.news.position != stream.seen) is is_told
    stream.close()


@pytest.mark.parametrize("scope", ["server", "admin"])
def test_other_keys_and_their_stream_tokens_see_everything(browser: Browser, scope: str) -> None:
    client = browser.client
    body = {"name": "backend", "scope": scope, **({} if scope == "admin" else {"environment": "prod"})}
    secret = client.do("POST", "/api/admin/keys", body, 201)["secret"]
    token = stream_tokens.issue(client.services.keys.find(secret), "prod")
    seen = Browser(client, secret, f"token={token}")
    assert all(key in str(seen.ask("open-static")) for key in (*SEEN, *HIDDEN))
    stream = seen.stream()
    client.do("PATCH", f"{FLAGS}/unseen-static/toggle")
    told = stream.next() or b""
    assert b"refetchEvaluation" in told and b"unseen" not in told
    stream.close()


def test_explain_says_whether_client_keys_see_the_flag(client: Client) -> None:
    client.create("secret")
    client.create("open", clientSide=True)
    for key, seen in (("secret", False), ("open", True)):
        body = {"flagKey": key, "defaultValue": False, "context": {}}
        assert client.do("POST", "/feature-flag/evaluate?explain=true", body)["explanation"]["clientSide"] is seen


def test_flags_are_marked_as_the_route_the_body_or_the_deployment_says(client: Client) -> None:
    assert client.create("plain")["clientSide"] is False
    assert client.do("POST", "/feature-flag/admin", {"flagKey": "short"}, 201)["flag"]["clientSide"] is True
    client.do("POST", "/feature-flags", {"name": "for users", "userId": "ada"}, 201)
    assert client.do("GET", f"{FLAGS}/for-users")["flag"]["clientSide"] is True
    hidden = client.do("POST", "/feature-flag/admin", {"flagKey": "hidden", "clientSide": False}, 201)
    assert hidden["flag"]["clientSide"] is False
    object.__setattr__(client.services.settings, "new_flags_client_side", True)
    assert client.create("by-deployment")["clientSide"] is True
    assert client.create("by-body", clientSide=False)["clientSide"] is False
    listed = client.do("GET", f"{FLAGS}?clientSide=false")["flags"]
    assert [flag["key"] for flag in listed] == ["by-body", "hidden", "plain"]


@pytest.mark.parametrize("value", ["yes", 1, []])
def test_a_mark_is_true_or_false(client: Client, value: Any) -> None:
    client.refused(400, "invalid_field", "POST", FLAGS, {"key": "beta", "clientSide": value})


def test_promoting_leaves_the_mark_alone(client: Client) -> None:
    client.create("beta", clientSide=True, rolloutPercentage=10)
    client.do("POST", f"{FLAGS}/beta/promote", {"from": "prod", "to": "dev"})
    assert client.do("GET", f"{FLAGS}/beta?environment=dev")["flag"]["clientSide"] is True


def test_how_long_an_answer_takes_tells_no_revision_of_hidden_flags(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look into the database takes long: there is one above what a client key sees, wherever hidden flags are."""
    key = client.do("POST", "/api/admin/keys", {"name": "web", "scope": "client", "environment": "prod"}, 201)["secret"]
    client.services.follower.refresh_keys()
    seen = client.create("open", clientSide=True)["revision"]
    now = client.create("unseen")["revision"]
    looked: list[str] = []
    monkeypatch.setattr(client.services.follower, "refresh", looked.append)

    def looks(told: int, **headers: str) -> int:
        client.services.follower._next_client_refresh.clear()  # as a second later
        looked.clear()
        path = f"/ofrep/v1/evaluate/flags?flagConfigEtag={told}"
        assert client.request("POST", path, {"context": JOHN}, headers).status == 200
        return len(looked)

    assert [looks(told, **{"X-API-Key": key}) for told in (seen, now, now + 1)] == [0, 1, 1]
    assert [looks(told) for told in (seen, now, now + 1)] == [0, 0, 1]  # without a key, all is seen here
