"""Somebody at the console, without script: follows links and sends forms as a browser does."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ORIGIN = "http://localhost"


class Browser:
    """One browser, with its cookies."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200) -> str:
        """The text of a page."""
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, text_of(answer.text)
        return answer.text

    def post(self, path: str, fields: dict[str, Any] | None = None, origin: str | None = ORIGIN) -> TestResponse:
        """What a form that is sent with these fields gets, redirects not followed."""
        headers = {"Origin": origin} if origin else {}
        return self.client.post(path, data=fields or {}, headers={"Accept": "text/html", **headers})

    def sign_in(self, key: str = "", name: str = "Ada", **more: str) -> TestResponse:
        """Under `make run` with one click, else with a key."""
        path = "/console/sign-in" if key else "/console/sign-in/local"
        return self.post(path, {"key": key, "name": name, **more})

    def csrf(self) -> str:
        """The token that this session's forms have."""
        (token,) = set(re.findall(r'name="csrf" value="(\w+)"', self.get("/console/flags?environment=dev")))
        return token

    def send(self, path: str, **fields: Any) -> TestResponse:
        """What a form of this session gets."""
        return self.post(path, {"csrf": self.csrf(), **fields})

    def cookies(self) -> list[str]:
        """The cookies that it keeps."""
        return [cookie.key for cookie in self.client._cookies.values()]


class Elements(HTMLParser):
    """The elements of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def text_of(html: str) -> str:
    """What a page says, without its elements."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))
