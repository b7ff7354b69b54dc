"""HTTP as API Gateway hands it to a function (HTTP API, payload format 2.0), and WSGI, which everything here speaks.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import sys
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from api.http import Headers, Response

Event = Mapping[str, Any]

MAX_ANSWER: Final = 6 << 20
"""Bytes that Lambda hands on: of the whole answer as JSON, the body in quotes or in base64
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
SURELY_FITS: Final = MAX_ANSWER // 8
"""A body of so many bytes does, whatever is in it: JSON needs six for one at most."""


def environ_of(event: Event) -> dict[str, Any]:
    """The WSGI environ of a request. Raises ValueError for an event that is none."""
    try:
        http = event["requestContext"]["http"]
        body = _body(event)
        headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        # In an environ `x_forwarded_for` would be the same as `x-forwarded-for`, which the gateway sets.
        headers = {name: value for name, value in headers.items() if "_" not in name}
        path = unquote_to_bytes(event["rawPath"]).decode("latin-1")
    except (KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise ValueError(f"this is no request of an HTTP API: {error!r}") from error
    if cookies := event.get("cookies"):
        headers["cookie"] = "; ".join(cookies)
    content_type = headers.pop("content-type", "")
    headers.pop("content-length", None)  # the body has come whole, and perhaps decoded
    return {
        "REQUEST_METHOD": http["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": event.get("rawQueryString") or "",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": headers.get("host", "localhost"),
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": http.get("sourceIp", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }


def answer_of(body: bytes, status: int, headers: Headers) -> dict[str, Any]:
    """What the gateway makes an answer of."""
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
    """Whether Lambda can hand on this answer. Its clients write JSON like the standard library, or shorter."""
    return len(response.body) <= SURELY_FITS or len(json.dumps(answer_of(*response))) <= MAX_ANSWER


def request_id_of(event: Event) -> str:
    """The id that the gateway gave the request, which its access log has too."""
    context = event.get("requestContext")
    return str(context.get("requestId", "")) if isinstance(context, Mapping) else ""


def _body(event: Event) -> bytes:
    text = event.get("body") or ""
    return base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else str(text).encode()
