"""OFREP and definitions are the same by RSGI, by WSGI and by Flask alone, byte for byte, through a real server."""

from __future__ import annotations

import pytest

from api.serving.dispatch import find
from tests.api.serving.test_interfaces import Servers, same, servers
from tests.api.support import FLAGS

__all__ = ["servers"]

BULK = "/ofrep/v1/evaluate/flags"
DEFINITIONS = "/api/client/definitions"
JOHN = {"context": {"targetingKey": "john"}}
HOST = {"Host": "flags.example.com"}
"""Bulk answers have the URL of a stream, and the servers have other ports."""


@pytest.mark.parametrize(
    "key", [*FLAGS, "unknown", "%20", "n%C3%B6", "%ff", "a/b", "%2F", "a%2Fb", "//", "%00", "a%0Ab"]
)
def test_one_flag(servers: Servers, key: str) -> None:
    answer = same(servers, "POST", f"{BULK}/{key}", JOHN)
    expected = 200 if key in FLAGS and key != "broken" else 400 if key == "broken" else 404
    assert answer.status == expected and answer.json["key"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"X-API-Key": "client"}, 200), ({"X-API-Key": "wrong"}, 401), ({"X-API-Key": "server"}, 403)],
)
@pytest.mark.parametrize("path", [BULK, BULK + "/text", BULK + "/", BULK + "//"])
def test_keys_and_slashes(servers: Servers, path: str, headers: dict[str, str], status: int) -> None:
    answer = same(servers, "POST", path + "?environment=prod", JOHN, **HOST, **headers)
    assert answer.status == (404 if path.endswith("/") and status == 200 else status)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"context":1}', b" " * 5000, b'{"context":{"a":NaN}}'])
@pytest.mark.parametrize("path", [BULK, BULK + "/text"])
def test_bodies(servers: Servers, path: str, body: bytes) -> None:
    answer = same(servers, "POST", path, body, **HOST, **{"Content-Type": "application/json"})
    assert answer.status in (200, 400, 413)
    assert body == b"{}" or answer.json["errorCode"]


def test_a_bulk_answer_that_the_client_has(servers: Servers) -> None:
    etag = dict(same(servers, "POST", BULK, JOHN, **HOST).headers)["etag"]
    assert same(servers, "POST", BULK, JOHN, **HOST, **{"If-None-Match": etag}).status == 304


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-SDK-Key": "admin"}, 200),
        ({"X-SDK-Key": "admin", "Accept-Encoding": "gzip"}, 200),
        ({"X-SDK-Key": "admin", "Accept-Encoding": "gzip;q=0, identity"}, 200),
        ({"X-SDK-Key": "admin", "If-None-Match": '"1"'}, 304),
        ({"X-SDK-Key": "admin", "If-None-Match": 'W/"1"'}, 304),
        ({"X-SDK-Key": "admin", "If-None-Match": '"2"'}, 200),
        ({"X-SDK-Key": "server"}, 200),
        ({"X-SDK-Key": "client"}, 403),
        ({"X-SDK-Key": "wrong"}, 401),
        ({}, 401),
    ],
)
@pytest.mark.parametrize("path", [DEFINITIONS, "/api/client/flags"])
def test_what_sdks_read(servers: Servers, path: str, headers: dict[str, str], status: int) -> None:
    answer = same(servers, "GET", path, **headers)
    assert answer.status == (200 if status == 304 and path != DEFINITIONS else status)
    packed = path == DEFINITIONS and status == 200 and headers.get("Accept-Encoding") == "gzip"
    assert (answer.body[:2] == b"\x1f\x8b") is packed


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", BULK, 405),
        ("GET", BULK + "/text", 405),
        ("POST", DEFINITIONS, 405),
        ("HEAD", DEFINITIONS, 401),
        ("GET", DEFINITIONS + "/", 401),
        ("GET", DEFINITIONS + "?environment=dev&environment=prod", 401),
    ],
)
def test_other_methods_and_paths(servers: Servers, method: str, path: str, status: int) -> None:
    assert same(servers, method, path).status == status


def test_the_dispatch_answers_these() -> None:
    asked = [
        ("POST", BULK),
        ("POST", BULK + "/text"),
        ("POST", BULK + "/"),
        ("GET", DEFINITIONS),
        ("POST", "/feature-flag/evaluate"),
    ]
    assert all(find(*request) for request in asked)
    assert all(find(method, f"/{path}") == find(method, path) for method, path in asked)  # a base URL with a slash
    assert not find("GET", BULK) and not find("POST", DEFINITIONS)
