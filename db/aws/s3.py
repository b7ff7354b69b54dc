"""Objects of one S3 bucket: read them if they changed, and write them."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from db.aws.large_body import LargeBody
from db.aws.signing import Signer

T = TypeVar("T")

ATTEMPTS: Final = 3
MAX_BODY_SECONDS: Final = 10.0
"""For a body that comes from S3."""
BODY_BYTES_PER_SECOND: Final = 4 << 20
"""How fast a body goes to S3 at least: a large one is given the time for it."""
CHUNK: Final = 1 << 16
LINK_SECONDS: Final = 60
"""How long a link to an object can be followed. A download that has begun goes on to its end."""
REVISION_HEADER: Final = "x-amz-meta-state"

CHANGED: Final = (404, 409, 412)
"""What S3 answers where the object is gone, is being written by others, or is another than the condition says."""


class S3Error(Exception):
    """S3 could not be reached, took too long, or refused."""


class ObjectChangedError(S3Error):
    """The object is no longer the one that was to be replaced: look at it again."""


class S3Object(NamedTuple):
    """An object's answer: its body, or None where it is still what the ETag says."""

    body: bytes | None
    etag: str
    state: str
    """What the writer noted beside it; empty where it noted nothing."""
    written_at: datetime | None = None
    """To the second; None where the object is still what the ETag says."""


class Bucket:
    """One bucket, over one connection that stays open. One thread at a time."""

    def __init__(self, name: str, signer: Signer, endpoint: str | None = None, path_prefix: str = "") -> None:
        """`endpoint` is another service than Amazon's own, such as a test's; it gets the bucket's name in the path."""
        self.name = name
        self._signer = signer
        self._endpoint, self._path_prefix = endpoint, path_prefix
        url = urlsplit(endpoint or f"https://{name}.s3.{signer.region}.amazonaws.com")
        self._host, self._secure = url.netloc, url.scheme == "https"
        self._prefix = f"/{name}/{path_prefix}" if endpoint else f"/{path_prefix}"
        self._connection: http.client.HTTPConnection | None = None

    def read(self, key: str, *, etag: str | None = None, seconds: float = 2.0) -> S3Object | None:
        """Return the object, or None if there is none. `seconds` limits how long S3 may be silent.

        A body that is on its way may take longer, or a large one would never arrive. Raises S3Error.
        """
        headers = {"If-None-Match": etag} if etag else {}
        status, answer, body = self._request("GET", key, headers, b"", seconds)
        if status == 304:
            return S3Object(None, etag or "", "")
        return _found(answer, body) if self._exists(status, key, body) else None

    def look(self, key: str, *, seconds: float = 2.0) -> S3Object | None:
        """Return what `read` gives, without the body. Raises S3Error."""
        status, answer, _ = self._request("HEAD", key, {}, b"", seconds)
        return _found(answer, None) if self._exists(status, key, b"") else None

    def again(self) -> Bucket:
        """Return the same bucket over another connection, for another thread."""
        return Bucket(self.name, self._signer, self._endpoint, self._path_prefix)

    def write(
        self, key: str, body: bytes | LargeBody, *, over: S3Object | None, state: str = "", seconds: float = 5.0
    ) -> None:
        """Put the object there, in place of `over`, which was found there, or of none. Tries three times.

        `seconds` limits an attempt, beside the time that the body needs. Raises ObjectChangedError where something else
        is there, which may be what an attempt that was given up wrote, and S3Error where S3 does not take it.
        """
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        condition = {"If-None-Match": "*"} if over is None else {"If-Match": over.etag}
        about = {"Content-Type": "application/json", "Content-Length": str(len(body)), REVISION_HEADER: state}
        headers = {**about, **condition}
        limit = seconds + len(body) / BODY_BYTES_PER_SECOND

        def put() -> None:
            status, _, answer = self._request("PUT", key, headers, body, limit)
            self._check(status, key, answer)

        _patiently(put)

    def delete(self, key: str, *, seconds: float = 2.0) -> None:
        """Delete the object, where there is one; the bucket keeps its versions for a while. Tries three times.

        Raises S3Error where S3 does not take it.
        """

        def delete() -> None:
            status, _, answer = self._request("DELETE", key, {}, b"", seconds)
            self._exists(status, key, answer)

        _patiently(delete)

    def url(self, key: str, *, method: str = "GET", seconds: int = LINK_SECONDS) -> str:
        """Return where anyone may read the object without signing, by GET or by HEAD, for so many seconds."""
        scheme = "https" if self._secure else "http"
        path = f"{self._prefix}{key}"
        return f"{scheme}://{self._signer.presigned('s3', method, self._host, path, seconds=seconds)}"

    def close(self) -> None:
        """Close the connection; the next request opens one again."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _request(
        self, method: str, key: str, headers: Mapping[str, str], body: bytes | LargeBody, seconds: float
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        path = f"{self._prefix}{key}"
        signed = self._signer.headers("s3", method, self._host, path, headers, body)
        until = time.monotonic() + seconds
        try:
            return self._send(method, path, signed, body, until)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            # S3 closes a connection that was idle, as it is after the process was frozen: that one goes unnoticed.
            if not isinstance(error, ConnectionError | http.client.BadStatusLine):
                raise S3Error(f"S3 did not answer for {key}: {error!r}") from error
        try:
            return self._send(method, path, signed, body, until)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise S3Error(f"S3 did not answer for {key}: {error!r}") from error

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | LargeBody, until: float
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = self._connected(until)
        sent = body.from_start() if isinstance(body, LargeBody) else body or None
        connection.request(method, path, sent, dict(headers))
        answer = connection.getresponse()
        content = self._read(answer, until)
        if answer.will_close:
            self.close()
        return answer.status, answer.headers, content

    def _connected(self, until: float) -> http.client.HTTPConnection:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("no time left")
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, timeout=left)
            self._connection.connect()
        assert isinstance(self._connection.sock, socket.socket)
        self._connection.sock.settimeout(max(0.001, until - time.monotonic()))
        return self._connection

    def _read(self, answer: http.client.HTTPResponse, until: float) -> bytes:
        body, last = io.BytesIO(), until + MAX_BODY_SECONDS  # not a list: joining it would hold the body twice
        while chunk := answer.read1(CHUNK):
            body.write(chunk)
            if time.monotonic() > last:
                raise TimeoutError("the body took too long")
        answer.close()  # read1 does not notice the end; without this the connection could not be used again
        return body.getvalue()

    def _exists(self, status: int, key: str, body: bytes) -> bool:
        # Whoever may not list the bucket is told 403, not 404, of an object that is not there.
        if status in (403, 404):
            return False
        self._check(status, key, body)
        return True

    def _check(self, status: int, key: str, body: bytes) -> None:
        if status not in (200, 204):
            said = body[:300].decode(errors="replace")
            kind = ObjectChangedError if status in CHANGED else S3Error
            raise kind(f"S3 answered {status} for {key}: {said}")


def _found(headers: http.client.HTTPMessage, body: bytes | None) -> S3Object:
    written = headers.get("Last-Modified")
    written_at = parsedate_to_datetime(written) if written else datetime.fromtimestamp(0, UTC)
    return S3Object(body, headers.get("ETag", ""), headers.get(REVISION_HEADER, ""), written_at)


def _patiently(request: Callable[[], T]) -> T:
    """Return what a request gives, made three times at most. Raises ObjectChangedError at once."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return request()
        except ObjectChangedError:
            raise
        except S3Error:
            time.sleep(0.1 * 2**attempt)
    return request()
