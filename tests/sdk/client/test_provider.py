"""The provider and a server that behaves badly: the last good values are served, and the status says how it is."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.event import ProviderEvent
from openfeature.exception import ErrorCode, ProviderFatalError, ProviderNotReadyError
from openfeature.provider import ProviderStatus

from flagstaff.client import disk
from flagstaff.client import updater as flagstaff_client
from flagstaff.provider import FlagstaffProvider
from tests.processes import free_port, wait_until
from tests.sdk.client.flag_server import KEY, Events, FlagServer, deleted, flag, hang, send, status, trickle, updated
from tests.sdk.conftest import Heard

CHANGED = ProviderEvent.PROVIDER_CONFIGURATION_CHANGED
Handler = BaseHTTPRequestHandler


@pytest.fixture
def server() -> Iterator[FlagServer]:
    with FlagServer().running() as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts that a test can sit out."""
    monkeypatch.setattr(flagstaff_client, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(flagstaff_client, "MAX_PAUSE", 0.2)


def make(server: FlagServer, **more: Any) -> FlagstaffProvider:
    settings = {"poll_seconds": 0.05, "timeout": 1.0, "copy_folder": None, **more}
    return FlagstaffProvider(server.url, settings.pop("key", KEY), **settings)


def beta(client: OpenFeatureClient) -> bool:
    return client.get_boolean_value("beta", False)


def is_now(client: OpenFeatureClient, wanted: ProviderStatus) -> None:
    wait_until(lambda: client.get_provider_status() is wanted)


def test_polling_where_there_is_no_stream(openfeature: OpenFeatureClient, heard: Heard, server: FlagServer) -> None:
    api.set_provider_and_wait(make(server, environment="qa & more"))
    assert beta(openfeature) is True
    assert server.requests[0].path == "/api/client/definitions?environment=qa%20%26%20more"
    server.set("other", 5)
    assert heard.wait(CHANGED).flags_changed == ["other"]
    assert openfeature.get_integer_value("other", 0) == 5
    wait_until(lambda: server.asked("definitions")[-1].headers.get("If-None-Match") == '"2"')
    assert len(server.asked("stream")) == 1  # a 501 is not asked again soon
    assert openfeature.get_provider_status() is ProviderStatus.READY


def test_following_the_stream(openfeature: OpenFeatureClient, heard: Heard, server: FlagServer) -> None:
    server.stream = events = Events()
    provider = make(server, poll_seconds=3600)
    api.set_provider_and_wait(provider)
    assert events.opened.acquire(timeout=10)
    assert server.asked("stream")[0].headers["Last-Event-ID"] == "1"
    assert server.asked("stream")[0].headers["X-API-Key"] == KEY
    events.write(": still here\n\n" + updated("a", flag(1)) + updated("b", flag(2)))
    events.write('event: message\ndata: {"type": "refetchEvaluation"}\nid: 3\n\n')
    assert heard.wait(CHANGED).flags_changed == ["a", "b"]  # both at once, with the end of their revision
    assert (openfeature.get_integer_value("a", 0), provider.revision) == (1, 3)
    events.write(updated("a", flag(7), 2))  # of an earlier revision: told twice, or an old server
    events.write(deleted("b", 4))
    assert heard.wait(CHANGED, 2).flags_changed == ["b"]
    assert openfeature.get_integer_value("a", 0) == 1
    events.write("id: 9\n\n")  # nothing of ours changed
    wait_until(lambda: provider.revision == 9)
    assert len(server.asked("definitions")) == 1


def test_a_flag_too_large_for_the_stream_is_fetched(
    openfeature: OpenFeatureClient, heard: Heard, server: FlagServer
) -> None:
    server.stream = events = Events()
    api.set_provider_and_wait(make(server, poll_seconds=3600))
    assert events.opened.acquire(timeout=10)
    server.set("large", "x")
    events.write(updated("large", None, 2, refetch=True))
    assert heard.wait(CHANGED).flags_changed == ["large"]
    assert openfeature.get_string_value("large", "") == "x"


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param("event: flag_updated\ndata: {\nid: 2\n\n", id="half an event"),
        pytest.param(updated("a", "x", 2), id="no definition"),
        pytest.param("id: x\n\n", id="no number"),
        pytest.param("event: flag_deleted\ndata: 5\nid: 2\n\n", id="no object"),
        pytest.param("data: " + "x" * 2_000_000, id="a line without end"),
    ],
)
def test_nonsense_in_the_stream_means_fetching_anew(
    openfeature: OpenFeatureClient, server: FlagServer, nonsense: str
) -> None:
    server.stream = events = Events()
    api.set_provider_and_wait(make(server, poll_seconds=3600))
    assert events.opened.acquire(timeout=10)
    server.set("beta", False)
    with contextlib.suppress(OSError):  # it may have had enough in the middle
        events.write(nonsense)
    wait_until(lambda: not beta(openfeature))
    assert events.opened.acquire(timeout=10)  # and it listens again


def test_a_stream_that_ends_is_opened_again(openfeature: OpenFeatureClient, heard: Heard, server: FlagServer) -> None:
    server.stream = events = Events()
    api.set_provider_and_wait(make(server, poll_seconds=3600))
    for value in (1, 2):
        assert events.opened.acquire(timeout=10)
        server.set("a", value)
        events.end()
        heard.wait(CHANGED, value)
        assert openfeature.get_integer_value("a", 0) == value
    assert not heard.of(ProviderEvent.PROVIDER_STALE)


def test_a_silent_stream_counts_as_broken(
    openfeature: OpenFeatureClient, server: FlagServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flagstaff_client, "SILENCE", 0.2)
    server.stream = events = Events()
    api.set_provider_and_wait(make(server, poll_seconds=3600))
    for _ in range(3):
        assert events.opened.acquire(timeout=10)


@pytest.mark.parametrize("answer", [status(503, Retry_After="1"), status(404), status(200, b"no stream"), hang])
def test_a_stream_that_is_none(
    openfeature: OpenFeatureClient, server: FlagServer, answer: Callable[[Handler], None]
) -> None:
    server.stream = answer
    api.set_provider_and_wait(make(server, timeout=0.3))
    server.set("beta", False)
    wait_until(lambda: not beta(openfeature))
    assert openfeature.get_provider_status() is ProviderStatus.READY


def test_a_server_that_goes_between_document_and_stream(
    openfeature: OpenFeatureClient, heard: Heard, server: FlagServer
) -> None:
    def go(handler: Handler) -> None:
        server.definitions = lambda handler: None  # and the stream, too, ends without an answer

    server.stream = go
    api.set_provider_and_wait(make(server, poll_seconds=3600))
    heard.wait(ProviderEvent.PROVIDER_STALE)
    server.definitions, server.stream = server.document, status(501)
    is_now(openfeature, ProviderStatus.READY)


def test_a_proxy_that_lets_no_stream_through_means_polling(
    openfeature: OpenFeatureClient, heard: Heard, server: FlagServer
) -> None:
    server.stream = lambda handler: None
    api.set_provider_and_wait(make(server, poll_seconds=3600))
    wait_until(lambda: len(server.asked("stream")) == 4)
    time.sleep(0.5)
    assert len(server.asked("stream")) == 4
    assert not heard.of(ProviderEvent.PROVIDER_STALE)


def half(handler: Handler) -> None:
    send(handler, 200, b'{"flags": {}', Content_Length="500")


def older(handler: Handler) -> None:
    document = {"flags": {}, "metadata": {"environment": "prod", "revision": 0}}
    send(handler, 200, json.dumps(document).encode(), ETag='"0"')


BAD_ANSWERS = [
    pytest.param(status(500), id="500"),
    pytest.param(status(429, Retry_After="1"), id="429"),
    pytest.param(status(200, b"<html>"), id="garbage"),
    pytest.param(status(200, b'{"flags": {}}'), id="without a revision"),
    pytest.param(status(200, b'{"flags": [], "metadata": {"revision": 9}}'), id="flags that are none"),
    pytest.param(status(200, b"[" * 100_000), id="nested"),
    pytest.param(status(200, b"\x1f\x8b\x08nonsense", Content_Encoding="gzip"), id="broken gzip"),
    pytest.param(half, id="half a document"),
    pytest.param(older, id="an older revision"),
    pytest.param(hang, id="a hang"),
    pytest.param(trickle, id="a byte at a time"),
    pytest.param(status(302, Location="/api/client/definitions"), id="a redirect to itself"),
    pytest.param(status(302, Location="ftp://x/"), id="a redirect to nowhere"),
    pytest.param(status(302), id="a redirect without a place"),
    pytest.param(lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), id="no HTTP"),
    pytest.param(lambda handler: None, id="no answer"),
]


@pytest.mark.parametrize("answer", BAD_ANSWERS)
def test_a_server_that_goes_bad(
    openfeature: OpenFeatureClient, heard: Heard, server: FlagServer, answer: Callable[[Handler], None]
) -> None:
    api.set_provider_and_wait(make(server, timeout=0.3))
    server.definitions = answer
    assert heard.wait(ProviderEvent.PROVIDER_STALE).message
    assert openfeature.get_provider_status() is ProviderStatus.STALE
    assert beta(openfeature) is True
    server.set("beta", False)
    server.definitions = server.document
    is_now(openfeature, ProviderStatus.READY)
    wait_until(lambda: not beta(openfeature))
    assert len(heard.of(ProviderEvent.PROVIDER_STALE)) == 1  # said once, however often it was tried


@pytest.mark.parametrize("answer", BAD_ANSWERS)
def test_a_server_that_is_bad_from_the_start(
    openfeature: OpenFeatureClient, server: FlagServer, answer: Callable[[Handler], None]
) -> None:
    server.definitions = answer
    if answer is older:
        server.revision = -1
        server.definitions = lambda handler: send(handler, 200, server.body())
    with pytest.raises(ProviderNotReadyError) as refused:
        api.set_provider_and_wait(make(server, timeout=0.3))
    assert refused.value.error_message
    assert openfeature.get_provider_status() is ProviderStatus.ERROR
    details = openfeature.get_boolean_details("beta", False)
    assert (details.value, details.error_code) == (False, ErrorCode.PROVIDER_NOT_READY)
    assert str(details.error_message).startswith("there are no flag definitions yet: ")
    server.revision = 1
    server.definitions = server.document
    is_now(openfeature, ProviderStatus.READY)
    assert beta(openfeature) is True


def test_a_server_that_is_down_and_comes_up(openfeature: OpenFeatureClient, heard: Heard) -> None:
    server, port = FlagServer(), free_port()
    server.port = port
    with pytest.raises(ProviderNotReadyError, match=r".*") as refused:
        api.set_provider_and_wait(make(server))
    assert f"127.0.0.1:{port}" in str(refused.value.error_message)
    with server.running(port):
        is_now(openfeature, ProviderStatus.READY)
        assert beta(openfeature) is True
    is_now(openfeature, ProviderStatus.STALE)
    assert beta(openfeature) is True


def test_starting_from_the_copy_on_disk(
    openfeature: OpenFeatureClient, heard: Heard, server: FlagServer, tmp_path: Path
) -> None:
    server.stream = events = Events()
    api.set_provider_and_wait(make(server, copy_folder=tmp_path))
    assert events.opened.acquire(timeout=10)
    events.write(updated("streamed", flag(5), 8))
    heard.wait(CHANGED)
    api.shutdown()  # what the stream brought is written down at the latest now
    (copy,) = tmp_path.iterdir()
    assert copy.stat().st_mode & 0o077 == 0 and KEY not in copy.name + copy.read_text()
    server.definitions = status(500)
    api.set_provider_and_wait(make(server, copy_folder=tmp_path))
    assert openfeature.get_integer_value("streamed", 0) == 5 and beta(openfeature)
    is_now(openfeature, ProviderStatus.STALE)
    server.definitions = server.document  # of revision 1: never back
    time.sleep(0.3)
    assert openfeature.get_integer_value("streamed", 0) == 5
    assert openfeature.get_provider_status() is ProviderStatus.STALE
    server.revision = 9
    is_now(openfeature, ProviderStatus.READY)
    api.shutdown()
    with pytest.raises(ProviderNotReadyError):  # another environment has another copy
        server.definitions = status(500)
        api.set_provider_and_wait(make(server, copy_folder=tmp_path, environment="dev"))


@pytest.mark.parametrize("content", [b"", b"{", b'{"flags": {}}', b"\xff\xfe", None])
def test_a_copy_that_is_of_no_use(
    openfeature: OpenFeatureClient, server: FlagServer, tmp_path: Path, content: bytes | None
) -> None:
    api.set_provider_and_wait(make(server, copy_folder=tmp_path))
    api.shutdown()
    (copy,) = tmp_path.iterdir()
    copy.unlink()
    copy.mkdir() if content is None else copy.write_bytes(content)
    api.set_provider_and_wait(make(server, copy_folder=tmp_path))
    assert beta(openfeature) is True


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nowhere"])
def test_a_copy_that_can_not_be_written(
    openfeature: OpenFeatureClient,
    server: FlagServer,
    tmp_path: Path,
    place: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(disk.log, "handlers", [caplog.handler])  # whatever logging another test has configured
    monkeypatch.setattr(disk.log, "propagate", False)
    api.set_provider_and_wait(make(server, copy_folder=tmp_path / place))
    assert beta(openfeature) is True
    server.set("other", 1)
    wait_until(lambda: openfeature.get_integer_value("other", 0) == 1)
    said = [record for record in caplog.records if "copy of the flag definitions" in record.message]
    assert len(said) == 1  # once, not at each change


@pytest.mark.parametrize("code", [401, 403])
def test_a_wrong_key_is_fatal(
    openfeature: OpenFeatureClient, heard: Heard, server: FlagServer, tmp_path: Path, code: int
) -> None:
    api.set_provider_and_wait(make(server, copy_folder=tmp_path))
    api.shutdown()
    server.definitions = status(code)
    with pytest.raises(ProviderFatalError) as refused:
        api.set_provider_and_wait(make(server, copy_folder=tmp_path))
    assert "API key" in str(refused.value.error_message) and KEY not in str(refused.value.error_message)
    assert openfeature.get_provider_status() is ProviderStatus.FATAL
    details = openfeature.get_boolean_details("beta", False)
    assert (details.value, details.error_code) == (False, ErrorCode.PROVIDER_FATAL)
    assert details.error_message == refused.value.error_message
    asked = len(server.requests)
    time.sleep(0.3)
    assert len(server.requests) == asked  # it does not go on trying


def test_a_key_that_is_revoked_later(openfeature: OpenFeatureClient, heard: Heard, server: FlagServer) -> None:
    api.set_provider_and_wait(make(server))
    server.definitions = status(401)
    assert "API key" in str(heard.wait(ProviderEvent.PROVIDER_ERROR).message)
    assert openfeature.get_provider_status() is ProviderStatus.ERROR
    assert beta(openfeature) is True
    server.definitions = server.document
    is_now(openfeature, ProviderStatus.READY)


def test_a_redirect_to_another_host_is_followed_once_and_without_the_key(
    openfeature: OpenFeatureClient, server: FlagServer
) -> None:
    with FlagServer().running() as store:
        store.definitions = lambda handler: send(handler, 200, store.body())
        server.definitions = status(302, Location=f"http://localhost:{store.port}/bucket/prod.json?signature=x")
        api.set_provider_and_wait(make(server))
        assert beta(openfeature) is True
        assert store.requests[0].path == "/bucket/prod.json?signature=x"
        sent = {name.lower(): value for name, value in store.requests[0].headers.items()}
        assert KEY not in sent.values() and "x-api-key" not in sent
        store.definitions = status(302, Location=f"{server.url}/again")
        is_now(openfeature, ProviderStatus.STALE)
        assert not server.asked("/again")


def test_a_redirect_within_the_server_keeps_the_key(openfeature: OpenFeatureClient, server: FlagServer) -> None:
    def moved(handler: Handler) -> None:
        server.document(handler) if "moved" in handler.path else send(handler, 307, Location="/moved")

    server.definitions = moved
    api.set_provider_and_wait(make(server))
    assert beta(openfeature) is True and server.asked("/moved")[0].headers["X-API-Key"] == KEY


def test_shutting_down_ends_everything(openfeature: OpenFeatureClient, server: FlagServer) -> None:
    server.stream = events = Events()
    provider = make(server)
    api.set_provider_and_wait(provider)
    assert events.opened.acquire(timeout=10)
    threads = [thread for thread in threading.enumerate() if thread.name == "flagstaff"]
    assert len(threads) == 1
    api.shutdown()
    assert not threads[0].is_alive()
    asked = len(server.requests)
    api.set_provider_and_wait(provider)  # and it can be set again
    assert beta(openfeature) is True and len(server.requests) > asked


def test_one_provider_for_two_domains(openfeature: OpenFeatureClient, server: FlagServer) -> None:
    provider = make(server)
    api.set_provider_and_wait(provider)
    api.set_provider_and_wait(provider, "billing")
    assert beta(openfeature) and beta(api.get_client("billing"))
    assert len([thread for thread in threading.enumerate() if thread.name == "flagstaff"]) == 1


def test_after_a_fork_the_child_goes_on_by_itself(openfeature: OpenFeatureClient, server: FlagServer) -> None:
    """As gunicorn does with a preloaded application: the provider is set, then the process forks."""
    server.stream = events = Events()
    api.set_provider_and_wait(make(server))
    assert events.opened.acquire(timeout=10)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # no assertion in here: pytest lives in the parent
        os.write(write, b"1" if beta(openfeature) else b"0")
        end = time.monotonic() + 20
        while beta(openfeature) and time.monotonic() < end:
            time.sleep(0.01)
        os.write(write, b"0" if beta(openfeature) else b"1")
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        assert os.read(read, 1) == b"1"
        assert events.opened.acquire(timeout=10)  # the child's own stream
        server.set("beta", False)
        events.write(updated("beta", flag(False), 2))
        assert os.read(read, 1) == b"1"
        wait_until(lambda: not beta(openfeature))  # the parent's was left alone
    finally:
        os.waitpid(child, 0)
        os.close(read)
        os.close(write)


def test_evaluating_in_many_threads_while_flags_change(openfeature: OpenFeatureClient, server: FlagServer) -> None:
    api.set_provider_and_wait(make(server, poll_seconds=0.01))
    wrong: list[Any] = []
    stop = threading.Event()

    def evaluate() -> None:
        while not stop.is_set():
            details = openfeature.get_boolean_details("beta", False)
            if details.value is not True or details.error_code:
                wrong.append(details)

    threads = [threading.Thread(target=evaluate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        server.set(f"flag-{number}", number)
        wait_until(lambda number=number: openfeature.get_integer_value(f"flag-{number}", -1) == number)  # type: ignore[misc]
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("url", ["", "flags.example.com", "ftp://x", "http://", "http://x:y", "http://x:99999"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError):
        FlagstaffProvider(url, "key")


@pytest.mark.parametrize("setting", [{"timeout": 0}, {"poll_seconds": -1}])
def test_settings_that_make_no_sense(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        FlagstaffProvider("http://x", "key", **setting)


@pytest.mark.parametrize("key", ["secret\n", "secret\r\nX-Other: 1", "s\u00e9cret"])
def test_a_key_that_can_be_none_is_not_repeated(key: str) -> None:
    with pytest.raises(ValueError) as refused:
        FlagstaffProvider("http://x", key)
    assert "cret" not in str(refused.value)


def timed(moment: int) -> dict[str, Any]:
    """A flag that becomes true at a moment."""
    targeting = {"if": [{"<": [{"var": "$flagd.timestamp"}, moment]}, "off", "on"]}
    return {**flag(False), "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": targeting}


def test_a_flag_that_changes_with_time_is_told(
    openfeature: OpenFeatureClient, heard: Heard, server: FlagServer
) -> None:
    server.flags["soon"] = timed(int(time.time()) + 2)
    api.set_provider_and_wait(make(server, poll_seconds=3600))
    assert openfeature.get_boolean_value("soon", False) is False
    assert heard.wait(CHANGED).flags_changed == ["soon"]
    assert openfeature.get_boolean_value("soon", False) is True


def test_a_moment_that_comes_with_new_definitions_is_told(
    openfeature: OpenFeatureClient, heard: Heard, server: FlagServer
) -> None:
    api.set_provider_and_wait(make(server))
    server.set("soon", False)
    server.flags["soon"] = timed(int(time.time()) + 2)
    assert heard.wait(CHANGED).flags_changed == ["soon"]
    assert openfeature.get_boolean_value("soon", True) is False
    assert heard.wait(CHANGED, 2).flags_changed == ["soon"]
    assert openfeature.get_boolean_value("soon", False) is True
