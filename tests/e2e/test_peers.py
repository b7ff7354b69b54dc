"""Clients that send slowly, read nothing, or say nothing: none of them holds up the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from db.administration import keys
from db.configuration.edits import NewFlag
from db.flags import flags
from db.targeting.rules import read_rules
from db.vocabulary import Actor, Scope, Source
from tests.e2e.test_streams import serving
from tests.processes import OPEN, Server, wait_until
from tests.streams import Stream

TESTER = Actor("tester", Source.SYSTEM)
EVALUATE = "/feature-flag/evaluate"
QUESTION = {"flagKey": "beta", "defaultValue": "unknown", "context": {"targetingKey": "john"}}
HEAD = b"POST /feature-flag/evaluate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60\r\n"
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def connect(server: Server, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(sent)
    return connection


def answer_to(connection: socket.socket) -> bytes:
    """All that the server sends until it closes the connection."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def held_open(server: Server, sent: bytes, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(connect(server, sent))
        yield


def threads_of(server: Server) -> int:
    workers = psutil.Process(server.process.pid).children()
    return sum(worker.num_threads() for worker in workers)


def evaluates(server: Server) -> bool:
    return server.request("POST", EVALUATE, QUESTION).status == 200


@pytest.fixture
def server(database: None, database_url: str) -> Iterator[Server]:
    flags.create(NewFlag("beta"), "prod", actor=TESTER)
    with serving(database_url, **OPEN, FLAGSTAFF_THREADS="4") as running:
        yield running


def test_nobody_holds_a_thread(server: Server) -> None:
    with (
        held_open(server, b"", 300),
        held_open(server, b"POST /feature-fl", 200),
        held_open(server, HEAD + b"\r\n{", 200),
        held_open(server, HTTP2, 5),
    ):
        assert all(evaluates(server) for _ in range(100))
        assert threads_of(server) < 20


def test_a_body_that_does_not_arrive_is_given_up(server: Server) -> None:
    waiting = connect(server, HEAD + b"\r\n{")
    assert evaluates(server)
    answer = answer_to(waiting)
    assert answer.startswith(b"HTTP/1.1 408 ") and b"\r\nconnection: close\r\n" in answer
    assert b'"code":"body_timeout"' in answer


def test_ofrep_says_so_in_its_own_shape(server: Server) -> None:
    head = HEAD.replace(b"/feature-flag/evaluate", b"/ofrep/v1/evaluate/flags/beta")
    answer = answer_to(connect(server, head + b"\r\n{"))
    assert answer.startswith(b"HTTP/1.1 408 ") and b'"key":"beta","errorCode":"GENERAL"' in answer


def test_a_client_that_waits_to_be_asked_for_its_body(server: Server) -> None:
    body = b'{"flagKey":"beta","defaultValue":1,"context":{"a":"%s"}}' % (b"x" * 8)
    head = HEAD.replace(b"60", str(len(body)).encode()) + b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
    with connect(server, head) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert b"HTTP/1.1 200 " in answer_to(connection)


def test_a_body_over_the_limit_is_refused_also_while_it_is_being_sent(server: Server) -> None:
    size = 3 << 20
    head = HEAD.replace(b"60", str(size).encode()) + b"Connection: close\r\n\r\n"
    with connect(server, head) as connection:
        for _ in range(size // 65536):
            connection.sendall(b" " * 65536)
        assert answer_to(connection).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_end_is_cut_off(server: Server) -> None:
    head = HEAD.replace(b"Content-Length: 60\r\n", b"Transfer-Encoding: chunked\r\n\r\n")
    with connect(server, head) as connection:
        with suppress(OSError):  # the server closes while this is still being sent
            for _ in range(1_000):
                connection.sendall(b"10000\r\n%s\r\n" % (b" " * 65536))
        answer = b""
        with suppress(OSError):
            answer = connection.recv(65536)
    assert not answer or (answer.startswith(b"HTTP/1.1 413 ") and b"\r\nconnection: close\r\n" in answer)
    assert evaluates(server)


def test_http2_is_not_spoken(server: Server) -> None:
    assert answer_to(connect(server, HTTP2)) == b""
    assert evaluates(server)


def test_streams_hold_no_threads(server: Server, database: None) -> None:
    _, secret = keys.create("backend", Scope.SERVER, environment="prod", actor=TESTER)
    wait_until(lambda: server.request("GET", "/api/client/flags", headers={"X-API-Key": secret}).status == 200)
    with ExitStack() as stack:
        streams = [stack.enter_context(Stream(server.port, f"key={secret}")) for _ in range(200)]
        assert all(stream.next() for stream in streams)
        assert threads_of(server) < 20
        revision = flags.set_enabled("beta", "prod", None, actor=TESTER).revision
        for stream in streams:
            assert stream.until(lambda event: event.id == str(revision))[0].data["key"] == "beta"


def test_a_place_is_free_as_soon_as_its_client_has_gone(database: None, database_url: str) -> None:
    _, secret = keys.create("backend", Scope.SERVER, environment="prod", actor=TESTER)
    with serving(database_url, FLAGSTAFF_STREAMS="1") as server:
        with Stream(server.port, f"key={secret}") as first:
            assert first.next()
            assert Stream(server.port, f"key={secret}").status == 503
        wait_until(lambda: Stream(server.port, f"key={secret}").status == 200, seconds=10)


def test_asking_for_the_head_of_a_stream_takes_no_place(database: None, database_url: str) -> None:
    _, secret = keys.create("backend", Scope.SERVER, environment="prod", actor=TESTER)
    with serving(database_url, FLAGSTAFF_STREAMS="1") as server:
        for _ in range(3):
            assert server.request("HEAD", f"/api/client/stream?key={secret}").status == 200
        with Stream(server.port, f"key={secret}") as stream:
            assert stream.next()


def test_streams_are_not_offered_while_there_is_no_room(database: None, database_url: str) -> None:
    _, secret = keys.create("web", Scope.CLIENT, environment="prod", actor=TESTER)
    headers = {"X-API-Key": secret}
    with serving(database_url, FLAGSTAFF_STREAMS="1") as server:
        asked = ("POST", "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "john"}})
        assert "eventStreams" in server.request(*asked, headers=headers).json
        with Stream(server.port, f"key={secret}") as stream:
            assert stream.next()
            assert "eventStreams" not in server.request(*asked, headers=headers).json


def test_a_header_that_looks_like_one_of_a_proxy_counts_for_nothing(database: None, database_url: str) -> None:
    settings = {"FLAGSTAFF_TRUSTED_PROXIES": "1", "FLAGSTAFF_EVALUATION_LIMIT": "3", **OPEN}
    with serving(database_url, **settings) as server:
        statuses = [
            server.request(
                "POST", EVALUATE, QUESTION, {"X-Forwarded-For": "203.0.113.7", "X_Forwarded_For": f"198.51.100.{n}"}
            ).status
            for n in range(5)
        ]
        assert statuses == [200, 200, 200, 429, 429]


def test_names_of_headers_are_not_kept(server: Server) -> None:
    def memory_after(requests: int) -> int:
        for number in range(requests):
            name = f"x-{number}-{'y' * 50_000}"
            head = f"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{name}: 1\r\n\r\n"
            with connect(server, head.encode()) as peer:
                assert peer.recv(15) == b"HTTP/1.1 200 OK"
        return sum(worker.memory_info().rss for worker in psutil.Process(server.process.pid).children())

    before = memory_after(20)
    assert memory_after(600) - before < 20 << 20  # kept, these names alone would be 60 MB


def test_an_explanation_is_not_a_multiple_of_the_context(database: None, database_url: str) -> None:
    conditions = [{"field": "plan", "operator": "eq", "value": "pro"}] * 50
    rules = read_rules([{"conditions": conditions, "variant": "on"}])
    flags.create(NewFlag("beta", rules=rules), "prod", actor=TESTER)
    _, secret = keys.create("backend", Scope.SERVER, environment="prod", actor=TESTER)
    nested: list[object] = []
    for _ in range(600):
        nested = [nested]
    with serving(database_url, FLAGSTAFF_MAX_EVALUATION_BYTES="1048576") as server:
        for plan in ("x" * 100_000, ["x"] * 25_000, {f"x{number}": number for number in range(9_000)}, nested):
            asked = {"flagKey": "beta", "defaultValue": False, "context": {"plan": plan}}
            answer = server.request("POST", EVALUATE + "?explain=true", asked, {"X-API-Key": secret})
            assert answer.status == 200 and answer.json["explanation"]["steps"], plan
            assert len(answer.body) < 100_000


def test_wsgi_serves_as_well(database: None, database_url: str) -> None:
    flags.create(NewFlag("beta"), "prod", actor=TESTER)
    settings = {"FLAGSTAFF_SERVER": "wsgi", "FLAGSTAFF_THREADS": "1", "FLAGSTAFF_STREAMS": "2"}
    _, secret = keys.create("backend", Scope.SERVER, environment="prod", actor=TESTER)
    with serving(database_url, **OPEN, **settings) as server:
        with Stream(server.port, f"key={secret}") as stream:
            assert stream.next()
            assert evaluates(server)
            revision = flags.set_enabled("beta", "prod", None, actor=TESTER).revision
            assert stream.until(lambda event: event.id == str(revision))
        refused = answer_to(connect(server, HEAD.replace(b"application/json", b"text/plain") + b"\r\n{"))
        assert refused.startswith(b"HTTP/1.1 415 ") and b"\r\nconnection: close\r\n" in refused
        assert server.stop() == 0


def test_the_server_takes_as_many_connections_as_the_system_allows(server: Server) -> None:
    (worker,) = psutil.Process(server.process.pid).children()
    soft, hard = (int(n) for n in Path(f"/proc/{worker.pid}/limits").read_text().split("Max open files")[1].split()[:2])
    assert soft == min(hard, 65_536)
