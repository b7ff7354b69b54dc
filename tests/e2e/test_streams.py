"""Event streams from a real server: what they tell, to whom, and what happens to them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from db.administration import keys
from db.configuration.edits import FlagEdit, NewFlag
from db.flags import flags, members
from db.vocabulary import Actor, Scope, Source
from flagstaff.targeting import Step
from tests.api.evaluation import ofrep_schema
from tests.db.helpers import targeting
from tests.processes import Server, free_port, running, wait_until
from tests.streams import Event, Stream

TESTER = Actor("tester", Source.SYSTEM)
FLAGS = "/api/admin/flags"


@contextmanager
def serving(database_url: str, port: int | None = None, **env: str) -> Iterator[Server]:
    port = port or free_port()
    settings = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, **env}
    with running("api", port=port, env=settings) as server:
        server.wait_until_it_answers("/ready")
        yield server


@pytest.fixture
def server_key(database: None) -> str:
    return keys.create("backend", Scope.SERVER, environment="prod", actor=TESTER)[1]


@pytest.fixture
def client_key(database: None) -> str:
    return keys.create("web", Scope.CLIENT, environment="prod", actor=TESTER)[1]


def create(key: str, **more: Any) -> Any:
    return flags.create(NewFlag(key, **targeting(more)), "prod", actor=TESTER)


def toggle(key: str) -> int:
    return flags.set_enabled(key, "prod", None, actor=TESTER).revision


def at(revision: int) -> Any:
    return lambda event: event.id == str(revision)


def test_what_a_server_key_hears(database_url: str, server_key: str) -> None:
    with serving(database_url) as server, Stream(server.port, f"key={server_key}") as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        start = stream.next()
        assert start is not None and start.data is None and start.id is not None  # where a client can come back to
        made = create(
            "beta", description="A trial", rollout=[{"variant": "on", "weight": 5}, {"variant": "off", "weight": 95}]
        )
        told = stream.until(at(made.revision))
        listed = server.request("GET", "/api/client/flags", headers={"X-API-Key": server_key}).json["flags"]
        document = server.request("GET", "/api/client/definitions", headers={"X-API-Key": server_key}).json
        updated, refetch = told
        assert updated.name == "flag_updated" and updated.id is None
        assert updated.data == {**listed[0], "definition": document["flags"]["beta"], "revision": made.revision}
        assert listed[0] == {
            "id": made.id,
            "key": "beta",
            "description": "A trial",
            "enabled": True,
            "rollout_percentage": 5,
            "targeted_users": [],
        }
        assert refetch == Event(
            "message", {"type": "refetchEvaluation", "etag": f'"{made.revision}"'}, str(made.revision)
        )
        flags.archive("beta", actor=TESTER)
        gone = stream.until(lambda event: event.name == "message" and event.data is not None)
        assert gone[0] == Event("flag_deleted", {"key": "beta"}, None)


def test_what_client_keys_and_stream_tokens_hear(database_url: str, client_key: str) -> None:
    with serving(database_url) as server:
        body = {"context": {"targetingKey": "john"}}
        answer = server.request("POST", "/ofrep/v1/evaluate/flags", body, {"X-API-Key": client_key})
        query = answer.json["eventStreams"][0]["url"].partition("?")[2]
        assert client_key not in query
        with Stream(server.port, f"key={client_key}") as by_key, Stream(server.port, query) as by_token:
            revision = create("beta", client_side=True).revision
            for stream in (by_key, by_token):
                (event,) = stream.until(at(revision))
                assert event.name == "message" and event.data["type"] == "refetchEvaluation"
                ofrep_schema.check_schema(
                    "#/components/schemas/sseEvent",
                    {**event._asdict(), "event": event.name, "data": json.dumps(event.data)},
                )
                ofrep_schema.check_schema("#/components/schemas/sseEventData", event.data)


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("", {}, 401, "key_required"),
        ("key=wrong", {}, 401, "invalid_key"),
        ("token=wrong", {}, 401, "invalid_token"),
        ("key={key}&environment=dev", {}, 403, "wrong_environment"),
        ("key={key}&key={key}", {}, 400, "repeated_parameter"),
        ("key={key}", {"Last-Event-ID": "x"}, 400, "invalid_last_event_id"),
        ("key={key}", {"Last-Event-ID": "-1"}, 400, "invalid_last_event_id"),
        ("key={key}", {"Last-Event-ID": "9" * 30}, 400, "invalid_last_event_id"),
    ],
)
def test_refusals(
    one_server: Server, one_key: str, query: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = one_server.request("GET", "/api/client/stream?" + query.format(key=one_key), headers=headers)
    assert (answer.status, answer.json["code"]) == (status, code)


@pytest.fixture(scope="module")
def one_server(database_url: str) -> Iterator[Server]:
    with serving(database_url) as server:
        yield server


@pytest.fixture
def one_key(one_server: Server, server_key: str) -> str:
    header = {"X-API-Key": server_key}
    wait_until(lambda: one_server.request("GET", "/api/client/flags", headers=header).status == 200)
    return server_key


def test_coming_back_after_a_restart_nothing_is_lost_or_told_twice(database_url: str, server_key: str) -> None:
    """A client that comes and goes, while flags change and the server is restarted, ends up with the document."""
    for key in ("a", "b", "c", "d"):
        create(key)
    port = free_port()
    known: dict[str, Any] = {}
    revisions: list[int] = []

    def take_in(stream: Stream, last: int) -> None:
        def done(event: Event) -> bool:
            if event.name == "flag_updated":
                known[event.data["key"]] = event.data["definition"]
                revisions.append(event.data["revision"])
            elif event.name == "flag_deleted":
                del known[event.data["key"]]  # told once: a second time would fail
            return bool(event.id == str(last))

        stream.until(done)

    with serving(database_url, port) as server:
        document = server.request("GET", "/api/client/definitions", headers={"X-API-Key": server_key}).json
        known |= document["flags"]
        with Stream(port, f"key={server_key}", str(document["metadata"]["revision"])) as stream:
            take_in(stream, toggle("a"))
            last_id = stream.last_id
    toggle("a")
    toggle("a")  # two changes, told as one
    flags.archive("b", actor=TESTER)
    flags.archive("c", actor=TESTER)
    create("c")  # gone, and another one there by now
    create("e")
    flags.archive("e", actor=TESTER)  # came and went: nobody ever heard of it
    known["e"] = None
    revision = toggle("d")
    with serving(database_url, port) as server:
        with Stream(port, f"key={server_key}", last_id) as stream:
            take_in(stream, revision)
            last_id = stream.last_id
        with Stream(port, f"key={server_key}", last_id) as stream:  # nothing new: nothing told
            take_in(stream, toggle("a"))
        document = server.request("GET", "/api/client/definitions", headers={"X-API-Key": server_key}).json
    assert known == document["flags"]
    assert len(set(revisions)) == len(revisions) and revisions == sorted(revisions)


def test_a_stream_cut_within_a_batch_goes_on_with_the_next_revision(database_url: str, server_key: str) -> None:
    for key in ("a", "b", "c"):
        create(key)
    with serving(database_url) as server:
        with Stream(server.port, f"key={server_key}", "0") as stream:
            first = stream.until(lambda event: event.id is not None)
        assert [event.data["key"] for event in first] == ["a"]
        with Stream(server.port, f"key={server_key}", first[-1].id) as stream:
            rest = stream.until(lambda event: event.name == "message" and event.data is not None)
        assert [event.data["key"] for event in rest[:-1]] == ["b", "c"]


def test_an_id_from_before_the_database_was_set_back_brings_everything(database_url: str, server_key: str) -> None:
    create("a")
    with serving(database_url) as server, Stream(server.port, f"key={server_key}", "999") as stream:
        told = stream.until(lambda event: event.name == "message" and event.data is not None)
        assert [event.data.get("key") for event in told] == ["a", None]


def test_a_large_flag_is_not_told_whole(database_url: str, server_key: str) -> None:
    with serving(database_url) as server, Stream(server.port, f"key={server_key}") as stream:
        create("crowd")
        create("page", value_type="string", is_static=True, value="x" * 60_000)
        members.add("crowd", "prod", "user", [f"u{n}" for n in range(2_001)], variant="on", actor=TESTER)
        edit = FlagEdit(description="ü" * 4_000)
        last = flags.update("page", "prod", edit, actor=TESTER).revision
        told = stream.until(at(last))
        large = [event.data for event in told if event.name == "flag_updated" and event.data.get("refetch")]
        assert [flag["key"] for flag in large] == ["crowd", "page"]
        assert "definition" not in large[0] and "targeted_users" not in large[0] and large[0]["enabled"] is True


def test_a_limit_and_a_place_that_is_given_back(database_url: str, server_key: str) -> None:
    with serving(database_url, FLAGSTAFF_STREAMS="2", FLAGSTAFF_THREADS="2") as server, ExitStack() as open_streams:
        first, _ = (open_streams.enter_context(Stream(server.port, f"key={server_key}")) for _ in range(2))
        with Stream(server.port, f"key={server_key}") as third:
            assert third.status == 503 and third.headers["retry-after"] == "10"
            assert third.body()["code"] == "too_many_streams"
        body = {"flagKey": "none", "defaultValue": 1}
        header = {"X-API-Key": server_key}
        assert server.request("POST", "/feature-flag/evaluate", body, header).status == 200  # always a thread for this
        first.close()

        def there_is_room() -> bool:
            create(f"flag-{time.monotonic_ns()}")  # a change finds out that the client has gone
            with Stream(server.port, f"key={server_key}") as again:
                return again.status == 200

        wait_until(there_is_room)


def test_no_streams(database_url: str, server_key: str) -> None:
    with serving(database_url, FLAGSTAFF_STREAMS="0") as server, Stream(server.port, f"key={server_key}") as stream:
        assert stream.status == 501 and stream.body()["code"] == "no_streams"


def test_a_revoked_key_ends_its_stream(database_url: str, server_key: str) -> None:
    with serving(database_url) as server, Stream(server.port, f"key={server_key}") as stream:
        assert stream.next() is not None
        (key,) = keys.list_all()
        keys.revoke(key.id, actor=TESTER)
        assert stream.next() is None


def test_the_server_stops_though_streams_are_open(database_url: str, server_key: str) -> None:
    with serving(database_url) as server, ExitStack() as open_streams:
        streams = [open_streams.enter_context(Stream(server.port, f"key={server_key}")) for _ in range(5)]
        assert all(stream.next() for stream in streams)
        assert server.stop() == 0
        assert all(stream.next() is None for stream in streams)  # ended, not broken off
        assert "Killing" not in server.output()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux closes such connections by itself")
def test_a_client_that_reads_nothing_is_cut_off_and_harms_nobody(
    database_url: str, server_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "x" * 60_000
    create("page", value_type="string", is_static=True, value=text)
    env = {"FLAGSTAFF_STREAMS": "2"}
    with (
        serving(database_url, **env) as server,
        Stream(server.port, f"key={server_key}", buffer=4096) as deaf,
        Stream(server.port, f"key={server_key}") as other,
    ):
        end = time.monotonic() + 120
        status = 503
        while status == 503 and time.monotonic() < end:
            text = ("x" if text[0] == "y" else "y") * 60_000
            revision = flags.update("page", "prod", FlagEdit(value=text), actor=TESTER).revision
            other.until(at(revision))  # hears of every change all the while
            with Stream(server.port, f"key={server_key}") as new:
                status = new.status
        assert status == 200, "its place was never given back"
        assert deaf.status == 200


def planned(seconds: float) -> tuple[Step, ...]:
    """A schedule that switches the flag off after so many seconds."""
    return (Step(int(time.time() + seconds), enabled=False),)


def test_what_changes_with_time_is_told_after_a_restart_too(
    database_url: str, server_key: str, client_key: str
) -> None:
    create("beta", client_side=True, default_variant="on", schedule=planned(15))

    def bulk(server: Server, **headers: str) -> Any:
        path, body = "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "john"}}
        return server.request("POST", path, body, headers={"X-API-Key": client_key, **headers})

    with serving(database_url) as server:
        assert bulk(server).json["flags"][0]["value"] is True
    with serving(database_url) as server, ExitStack() as streams:
        before = {name.lower(): value for name, value in bulk(server).headers}["etag"]
        open_streams = [
            streams.enter_context(Stream(server.port, f"key={key}", seconds=30)) for key in (client_key, server_key)
        ]
        for stream in open_streams:
            (event,) = stream.until(lambda event: event.data is not None)
            assert (event.name, event.data["type"]) == ("message", "refetchEvaluation")
        after = bulk(server, **{"If-None-Match": before})
        assert (after.status, "value" in after.json["flags"][0]) == (200, False)
