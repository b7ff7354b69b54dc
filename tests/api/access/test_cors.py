"""Pages of other origins: which may read answers, through the dispatch and through Flask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.wsgi import application
from db.settings import Settings, SettingsError
from tests.api.support import environ_of, make_services

PAGE = "https://app.example.com"
EVALUATE = "/feature-flag/evaluate"
Answer = tuple[int, dict[str, str], bytes]


def ask(origins: str, method: str, path: str, **environ: str) -> Answer:
    services = make_services(cors_origins=Settings.from_env({"FLAGSTAFF_CORS_ORIGINS": origins}).cors_origins)
    answer: Callable[..., Any] = application(services)
    started: list[Any] = []
    body = {"user": {}} if path == "/api/evaluate" else {"flagKey": "members", "defaultValue": False}
    given = {**environ_of(body), "REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "x", "SERVER_PORT": "80"}
    given = {**given, "wsgi.url_scheme": "http", **environ}
    read = b"".join(answer(given, lambda status, headers, *_: started.append((status, headers))))
    status, headers = started[0]
    return int(status[:3]), {name.lower(): value for name, value in headers}, read


@pytest.mark.parametrize(("method", "path"), [("POST", EVALUATE), ("POST", "/api/evaluate"), ("GET", "/health")])
def test_allowed_origins_may_read(method: str, path: str) -> None:
    status, headers, _ = ask(f"{PAGE}, https://other.example.com", method, path, HTTP_ORIGIN=PAGE)
    assert status == 200
    assert headers["access-control-allow-origin"] == PAGE
    assert "etag" in headers["access-control-expose-headers"].lower()
    assert headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", PAGE + ".evil.example", "http://app.example.com"])
@pytest.mark.parametrize(("method", "path"), [("POST", EVALUATE), ("GET", "/health"), ("OPTIONS", EVALUATE)])
def test_others_may_not(method: str, path: str, origin: str) -> None:
    asked = {"HTTP_ORIGIN": origin, "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    status, headers, _ = ask(PAGE, method, path, **asked)
    assert status == (405 if method == "OPTIONS" else 200)
    assert not any(name.startswith("access-control") for name in headers)
    assert headers["vary"] == "Origin"


@pytest.mark.parametrize("path", [EVALUATE, "/api/evaluate", "/api/admin/flags/beta"])
def test_a_preflight(path: str) -> None:
    asked = {"HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT", "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "x-api-key, x-more"}
    status, headers, body = ask(PAGE, "OPTIONS", path, HTTP_ORIGIN=PAGE, **asked)
    assert (status, body) == (204, b"")
    assert headers["access-control-allow-origin"] == PAGE
    assert "PUT" in headers["access-control-allow-methods"]
    assert headers["access-control-allow-headers"] == "x-api-key, x-more"


def test_all_origins() -> None:
    _, headers, _ = ask("*", "POST", EVALUATE, HTTP_ORIGIN="https://anything.example")
    assert headers["access-control-allow-origin"] == "*"


def test_no_origin_is_no_page() -> None:
    _, headers, _ = ask(PAGE, "POST", EVALUATE)
    assert not any(name.startswith("access-control") for name in headers)


def test_without_origins_nothing_is_added() -> None:
    _, headers, _ = ask("", "POST", EVALUATE, HTTP_ORIGIN=PAGE)
    assert set(headers) == {"content-type", "x-content-type-options", "content-length"}


@pytest.mark.parametrize("origin", ["app.example.com", "https://app.example.com/", "https://*.example.com", "null"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(SettingsError, match="FLAGSTAFF_CORS_ORIGINS"):
        Settings.from_env({"FLAGSTAFF_CORS_ORIGINS": origin})
