"""By RSGI, by WSGI and by Flask alone, the service answers the same, byte for byte, through a real server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.support import FLAGS
from tests.processes import Answer, Server, free_port, running

EVALUATE = "/feature-flag/evaluate"
GOOD = {"flagKey": "members", "defaultValue": False, "context": {"entityId": "john"}}

Servers = tuple[Server, Server, Server]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    module = "tests.api.serving.in_memory_server"
    with ExitStack() as stack:
        started = []
        for which in ("rsgi", "wsgi", "flask"):
            port = free_port()
            started.append(stack.enter_context(running(module, str(port), which, port=port)))
            started[-1].wait_until_it_answers()
        rsgi, wsgi, flask = started
        yield rsgi, wsgi, flask


def comparable(answer: Answer) -> Answer:
    """The answer without what the server adds by chance: the time, and whether an unread body had arrived by then."""
    headers = [pair for pair in answer.headers if pair[0] not in ("date", "connection")]
    return answer._replace(headers=sorted(headers))


def same(servers: Servers, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    sent = {"X-Request-Id": "the-same", **headers}  # what Flask answers carries one, by chance if none is given
    rsgi, wsgi, flask = (comparable(server.request(method, path, body, sent)) for server in servers)
    assert rsgi == wsgi == flask
    return rsgi


@pytest.mark.parametrize("key", [*FLAGS, "unknown"])
@pytest.mark.parametrize("default", [False, "text", 0, {}, [], None])
@pytest.mark.parametrize("context", [{}, {"entityId": "john"}, {"targetingKey": "mary", "country": "US"}])
def test_every_flag_for_every_default(servers: Servers, key: str, default: Any, context: dict[str, Any]) -> None:
    body = {"flagKey": key, "defaultValue": default, "context": context}
    assert same(servers, "POST", EVALUATE, body).status == 200


@pytest.mark.parametrize(
    "query",
    ["", "?", "?explain=true", "?explain=what", "?environment=dev", "?a=1&a=2", "?x=%ff", "?%", "?" + "&" * 200],
)
@pytest.mark.parametrize("key", [None, "client", "server", "admin", "wrong", "expired"])
def test_every_key_and_query(servers: Servers, query: str, key: str | None) -> None:
    headers = {"X-API-Key": key} if key else {}
    assert same(servers, "POST", EVALUATE + query, GOOD, **headers).status in (200, 400, 401, 403)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", EVALUATE, 405),
        ("HEAD", EVALUATE, 405),
        ("OPTIONS", EVALUATE, 405),
        ("PUT", EVALUATE, 405),
        ("BREW", EVALUATE, 405),
        ("POST", EVALUATE + "/", 200),
        ("POST", "/feature-flag//evaluate", 404),
        ("POST", "/Feature-Flag/Evaluate", 404),
        ("POST", "/feature-flag/evaluate%00", 404),
        ("POST", "/feature-flag%2Fevaluate", 200),
        ("POST", "/nothing/here", 404),
        ("GET", "/%ff%ed%a0%80", 404),
        ("GET", "/health", 200),
        ("GET", "/", 302),
    ],
)
def test_other_methods_and_paths(servers: Servers, method: str, path: str, status: int) -> None:
    answer = same(servers, method, path, GOOD)
    assert answer.status == status
    if status == 405:
        assert ("allow", "POST") in answer.headers
    if status >= 400 and method != "HEAD":
        assert set(answer.json) == {"error", "code"}


def test_one_flag_without_a_key_is_none_and_not_all(servers: Servers) -> None:
    answer = same(servers, "POST", "/ofrep/v1/evaluate/flags/", {"context": {"targetingKey": "john"}})
    assert (answer.status, answer.json["key"], answer.json["errorCode"]) == (404, "", "FLAG_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {"Content-Type": "application/json"}, 400),
        (b"{", {"Content-Type": "application/json"}, 400),
        (b"[]", {"Content-Type": "application/json"}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b" " * 4097, {"Content-Type": "application/json"}, 413),
        (b" " * 4096, {"Content-Type": "application/json"}, 400),
        (
            b'{"flagKey":"text","defaultValue":' + b"[" * 400 + b"]" * 400 + b"}",
            {"Content-Type": "application/json"},
            400,
        ),
    ],
)
def test_bad_bodies(servers: Servers, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = same(servers, "POST", EVALUATE, body, **headers)
    assert answer.status == status
    assert {"error", "code"} <= set(answer.json)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user": {"id": "john"}}, 200),
        ({"user": {"id": "john"}, "flagKeys": ["members", "text", "broken", "nope"]}, 200),
        ({"user": {"id": "john"}, "environment": "dev"}, 200),
        ({"user": {"id": "john"}, "environment": "nowhere"}, 400),
        ({"user": 1}, 400),
        ({}, 400),
    ],
)
def test_all_flags(servers: Servers, body: Any, status: int) -> None:
    assert same(servers, "POST", "/api/evaluate", body).status == status


@pytest.mark.parametrize(("size", "status"), [(20, 400), (5000, 413)])
def test_a_body_without_a_length(servers: Servers, size: int, status: int) -> None:
    answers = [send_chunked(server.port, b" " * size) for server in servers]
    assert len({answer.partition(b"\r\n\r\n")[2] for answer in answers}) == 1
    assert all(answer.startswith(b"HTTP/1.1 %d " % status) for answer in answers)


def send_chunked(port: int, body: bytes) -> bytes:
    head = b"POST /feature-flag/evaluate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        return b"".join(iter(lambda: connection.recv(65536), b""))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["flagKey", "flag_key", "defaultValue", "default_value", "context", "environment"]) | st.text()
bodies = (
    st.binary(max_size=300)
    | st.dictionaries(names, anything | st.sampled_from(sorted(FLAGS))).map(lambda body: json.dumps(body).encode())
    | st.fixed_dictionaries(
        {"flagKey": st.sampled_from(sorted(FLAGS)), "defaultValue": anything},
        optional={"context": st.dictionaries(st.sampled_from(["entityId", "targetingKey", "country"]), anything)},
    ).map(lambda body: json.dumps(body).encode())
)


@given(body=bodies, content_type=st.sampled_from(["application/json", "application/json; charset=utf-8", "text/html"]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body(servers: Servers, body: bytes, content_type: str) -> None:
    answer = same(servers, "POST", EVALUATE, body, **{"Content-Type": content_type})
    assert answer.status in (200, 400, 415)
