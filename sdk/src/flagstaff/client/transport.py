"""GET over HTTP with nothing but the standard library: every wait has an end, and the key goes to one host only."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from socket import SHUT_RDWR
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from flagstaff.client.proxies import Proxy, proxy_for
from flagstaff.digits import parse_digits

MAX_RETRY_AFTER_SECONDS = 300.0
MAX_BODY = 512 * 1024 * 1024
"""Bytes that an answer may have, unpacked."""

MAX_SAID, MAX_SENTENCE = 4_096, 500
"""Bytes that are read of an answer that is an error, and characters of its sentence that are repeated."""

MAX_LINE = 1024 * 1024
"""Bytes that one line of a stream may have."""

REDIRECTS = (301, 302, 303, 307, 308)
DEFAULT_PORTS = {"http": 80, "https": 443}


class UnavailableError(Exception):
    """There is no usable answer now; there may be one later."""

    def __init__(self, message: str, status: int | None = None, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        """Seconds after which the server wants to be asked again."""


class RefusedError(Exception):
    """The server does not accept the key, or the key may not do this."""


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Requests to one Flagstaff server.

    Args:
        url: where the server is, such as `https://flags.example.com`; a path is kept as a prefix.
        key: the API key, sent to this server only.
        timeout: seconds that connecting, and an answer as a whole, may take.

    Raises:
        ValueError: the URL is not one of HTTP, or the key can't be one.
    """

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        base = urlsplit(url)
        if base.scheme not in DEFAULT_PORTS or not base.hostname:
            raise ValueError(f"url must be like https://flags.example.com, not {url!r}")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise ValueError("the key has characters that no API key has, perhaps the end of a line")
        base.port  # noqa: B018 - raises ValueError where it is no number
        self._base = base._replace(path=base.path.rstrip("/") + "/", query="", fragment="").geturl()
        self._key = key
        self._timeout = timeout

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Return the answer to a GET; one redirect is followed, without the key where it leads to another host.

        Raises UnavailableError or RefusedError for anything but a whole answer with status 200 or 304.
        """
        deadline = time.monotonic() + self._timeout
        target = urlsplit(urljoin(self._base, path))
        sent = {"Accept-Encoding": "gzip", **headers}
        try:
            answer = self._ask(target, sent, deadline, with_key=True)
            if answer.status in REDIRECTS:
                onward = redirected(target, answer)
                answer = self._ask(onward, sent, deadline, with_key=origin(onward) == origin(target))
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            raise UnavailableError(f"no answer from {target.netloc}: {described(error)}") from error
        check(answer, target, (200, 304))
        return answer

    def stream(self, path: str, headers: Mapping[str, str], silence: float) -> HttpStream:
        """Return a stream of lines, which fails after so many seconds without any. Raises as `get` does."""
        target = urlsplit(urljoin(self._base, path))
        try:
            connection = self._request(target, {**headers, **self._key_header()}, self._timeout)
            return HttpStream(connection, target, silence)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnavailableError(f"no stream from {target.netloc}: {described(error)}") from error

    def _ask(self, target: SplitResult, headers: Mapping[str, str], deadline: float, *, with_key: bool) -> Answer:
        key = self._key_header() if with_key else {}
        sent = {**headers, **key, "Connection": "close"}
        connection = self._request(target, sent, max(0.01, deadline - time.monotonic()))
        try:
            socket = connection.sock
            response = connection.getresponse()
            body = bytearray()
            while chunk := response.read1(65536):
                body += chunk
                if len(body) > MAX_BODY:
                    raise ValueError("the answer is too large")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError("the answer takes too long")
                if socket is not None:
                    socket.settimeout(left)
            if response.length:
                raise http.client.IncompleteRead(bytes(body), response.length)
            answered = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, answered, unpacked(bytes(body), answered.get("content-encoding", "")))
        finally:
            connection.close()

    def _request(self, target: SplitResult, headers: Mapping[str, str], timeout: float) -> http.client.HTTPConnection:
        """Return a connection on which this has been asked, through a proxy where there is one."""
        proxy = proxy_for(target)
        asked = request_target(target)
        if proxy is not None and target.scheme == "http":
            asked = f"http://{target.netloc.rpartition('@')[2]}{asked}"
            headers = {**headers, **proxy.headers}
        connection = self._connection(target, proxy, min(timeout, self._timeout))
        try:
            connection.connect()
            connection.sock.settimeout(timeout)
            connection.request("GET", asked, headers=dict(headers))
        except BaseException:
            connection.close()
            raise
        return connection

    def _connection(self, target: SplitResult, proxy: Proxy | None, timeout: float) -> http.client.HTTPConnection:
        host, port = (target.hostname or "", target.port) if proxy is None else (proxy.host, proxy.port)
        if target.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
        if proxy is not None:
            connection.set_tunnel(target.hostname or "", target.port, proxy.headers)
        return connection

    def _key_header(self) -> dict[str, str]:
        return {"X-API-Key": self._key} if self._key else {}


class HttpStream:
    """A stream that is open. `close` may be called by another thread, and ends the iteration."""

    def __init__(self, connection: http.client.HTTPConnection, target: SplitResult, silence: float) -> None:
        self._socket = connection.sock
        self._host = host = target.netloc
        self._connection = connection
        try:
            self._response = connection.getresponse()
            headers = {name.lower(): value for name, value in self._response.getheaders()}
            said = b"" if self._response.status == 200 else self._response.read(MAX_SAID)
            check(Answer(self._response.status, headers, said), target, (200,))
            if not headers.get("content-type", "").startswith("text/event-stream"):
                raise UnavailableError(f"{host} answers with something that is no stream", 501)
            self._socket.settimeout(silence)
        except BaseException:
            connection.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines, without their ends. Raises UnavailableError where the stream breaks off."""
        try:
            while line := self._response.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE:
                    raise ValueError("a line is too long")
                yield line.rstrip(b"\r\n")
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # AttributeError: http.client's own, where the stream is closed while it reads.
            raise UnavailableError(f"the stream from {self._host} broke off: {described(error)}") from error

    def interrupt(self) -> None:
        """End a read that is under way in another thread."""
        with suppress(OSError):  # it may have ended already
            self._socket.shutdown(SHUT_RDWR)

    def close(self) -> None:
        """Give the connection back."""
        self._response.close()
        self._connection.close()


def redirected(source: SplitResult, answer: Answer) -> SplitResult:
    """Return where a redirect leads. Raises ValueError for what can't be followed."""
    target = urlsplit(urljoin(source.geturl(), answer.headers.get("location", "")))
    if target.scheme not in DEFAULT_PORTS or not target.hostname or (source.scheme, target.scheme) == ("https", "http"):
        raise ValueError("a redirect that can't be followed")
    return target


def origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Return what must be the same for two URLs to be of one server."""
    return url.scheme, url.hostname, url.port or DEFAULT_PORTS.get(url.scheme)


def request_target(url: SplitResult) -> str:
    """Return the path and query of a URL."""
    return f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"


def check(answer: Answer, asked: SplitResult, wanted: tuple[int, ...]) -> None:
    """Raise UnavailableError or RefusedError unless the status is one of those wanted."""
    status = answer.status
    if status in wanted:
        return
    why = sentence_of(answer)
    if status in (401, 403):
        raise RefusedError(f"the server refuses the API key ({status}){why}")
    retry_after = min(float(parse_digits(answer.headers.get("retry-after", "")) or 0), MAX_RETRY_AFTER_SECONDS)
    where = f"{asked.scheme}://{asked.netloc.rpartition('@')[2]}{asked.path}"
    raise UnavailableError(f"the server answers {status} to GET {where}{why}", status, retry_after)


def sentence_of(answer: Answer) -> str:
    """Return the server's own sentence about an error, after a colon; nothing where there is none."""
    try:
        said = json.loads(answer.body[:MAX_SAID])["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f": {said[:MAX_SENTENCE]}" if isinstance(said, str) and said.isprintable() else ""


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return the body without its compression. Raises zlib.error or ValueError where it is damaged or far too large."""
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        return body
    packed = zlib.decompressobj(wbits=31)
    plain = packed.decompress(body, MAX_BODY)
    if not packed.eof:
        raise ValueError("the compressed answer is incomplete or too large")
    return plain


def described(error: Exception) -> str:
    """Return an error in a few words."""
    return str(error) or type(error).__name__
