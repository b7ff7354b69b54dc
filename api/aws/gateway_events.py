"""HTTP as API Gateway hands it to a function (HTTP API, payload format 2.0): requests and answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from api.http import Headers, Response
from api.request import Request

Event = Mapping[str, Any]

MAX_ANSWER: Final = 6 << 20
"""Bytes that Lambda hands on: of the whole answer as JSON, the body in quotes or in base64
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
SURELY_FITS: Final = MAX_ANSWER // 8
"""A body of so many bytes does, whatever is in it: JSON needs six for one at most."""


class EventRequest(Request):
    """A request by the gateway's event. Raises ValueError for an event that is none."""

    __slots__ = ("_client", "body")

    def __init__(self, event: Event) -> None:
        try:
            http = event["requestContext"]["http"]
            self.method = http["method"]
            self.path = unquote(event["rawPath"], errors="replace")
            self.body = _body(event)
            self.headers = _headers(event, len(self.body))
            self._client = http.get("sourceIp", "")
        except (KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise ValueError(f"this is no request of an HTTP API: {error!r}") from error
        self.query_string = event.get("rawQueryString") or ""

    @property
    def scheme(self) -> str:
        return "https"

    @property
    def server(self) -> tuple[str, str]:
        return self.headers.get("host", "localhost"), "443"

    @property
    def client(self) -> str:
        return str(self._client)

    def read(self, size: int) -> bytes:
        body, self.body = self.body[:size], self.body[size:]
        return body


def _headers(event: Event, length: int) -> dict[str, str]:
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    if cookies := event.get("cookies"):
        headers["cookie"] = "; ".join(cookies)
    # The body has come whole, and perhaps decoded.
    return headers | {"content-length": str(length)}


def answer_of(body: bytes, status: int, headers: Headers) -> dict[str, Any]:
    """Return what the gateway makes an answer of."""
    answer: dict[str, Any] = {"statusCode": status, "headers": {}}
    for name, value in headers:
        if name.lower() == "set-cookie":
            answer.setdefault("cookies", []).append(value)
        else:
            answer["headers"][name] = value
    try:
        return {**answer, "body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {**answer, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def fits(response: Response) -> bool:
    """Tell whether Lambda can hand on this answer. Its clients write JSON like the standard library, or shorter."""
    return len(response.body) <= SURELY_FITS or len(json.dumps(answer_of(*response))) <= MAX_ANSWER


def request_id_of(event: Event) -> str:
    """Return the id that the gateway gave the request, which its access log has too."""
    context = event.get("requestContext")
    return str(context.get("requestId", "")) if isinstance(context, Mapping) else ""


def _body(event: Event) -> bytes:
    text = event.get("body") or ""
    return base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else str(text).encode()
