"""The README's requests, sent to a real service: what it shows is what is answered."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.processes import ROOT, Server, free_port, running

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Request(NamedTuple):
    """What a curl line asks for."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Server]:
    """The service as `make run` starts it, on a database with nothing in it."""
    port = free_port()
    settings = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url}
    with running("api", "dev", port=port, env=settings) as server:
        server.wait_until_it_answers("/ready")
        yield server


def test_the_readme_s_requests_answer_what_it_shows(service: Server) -> None:
    answer: Any = None
    shown = 0
    for language, block in BLOCK.findall(README):
        if language == "json":
            shown += 1
            assert_contains(answer, json.loads(block))
        else:
            for request in requests(block):
                response = service.request(request.method, request.path, request.body, request.headers)
                assert response.status in (200, 201), f"{request}: {response.body.decode()}"
                answer = response.json
    assert shown >= 3


def test_a_request_is_read_from_curl() -> None:
    line = "curl -X PATCH 'http://127.0.0.1:8080/a?b=c' \\\n  -H 'X-Key: k' -d '{}'\ncurl http://127.0.0.1:8080/d\n"
    assert requests(line) == [
        Request("PATCH", "/a?b=c", {"X-Key": "k"}, b"{}"),
        Request("GET", "/d", {}, None),
    ]


def requests(block: str) -> list[Request]:
    """The requests of a block of curl commands; anything else in it is an error."""
    commands = re.split(r"^(?=curl )", block.replace("\\\n", " "), flags=re.MULTILINE)
    return [read_curl(shlex.split(command)) for command in commands if command]


def read_curl(words: list[str]) -> Request:
    """One curl command with the options that the README uses."""
    assert words[0] == "curl"
    method, address, body = None, None, None
    headers: dict[str, str] = {}
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-d":
                body = next(rest).encode()
            case _:
                assert address is None, f"two addresses, or an unknown option: {word}"
                address = urlsplit(word)
    assert address is not None and address.netloc == "127.0.0.1:8080"
    path = f"{address.path}?{address.query}" if address.query else address.path
    return Request(method or ("POST" if body else "GET"), path, headers, body)


def assert_contains(answer: Any, shown: Any) -> None:
    """All that is shown is in the answer, which may say more where objects stand."""
    if isinstance(shown, dict):
        assert isinstance(answer, dict) and answer.keys() >= shown.keys(), f"{shown.keys()} in {answer}"
        for name, value in shown.items():
            assert_contains(answer[name], value)
    else:
        assert answer == shown
