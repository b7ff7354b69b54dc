"""Keeps definitions current in the background: fetches them, follows the stream of changes, polls where there is none.

Nothing here raises into the application once it has started. What goes wrong is told to a `Watcher`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from openfeature.exception import ParseError, ProviderFatalError, ProviderNotReadyError

from flagstaff.client import forking, sse
from flagstaff.client.definitions import Definitions
from flagstaff.client.deltas import Updates
from flagstaff.client.disk import Copy
from flagstaff.client.health import Health, HealthState, Watcher
from flagstaff.client.transport import HttpStream, RefusedError, Transport, UnavailableError
from flagstaff.engine import Engine
from flagstaff.time_watch import TimeWatch

log = logging.getLogger(__name__)

DEFINITIONS = "api/client/definitions"
STREAM = "api/client/stream"

FIRST_PAUSE = 1.0
MAX_PAUSE = 60.0
"""Seconds between attempts while the server can't be reached; they double from the first to the longest."""

SILENCE = 45.0
"""Seconds without a sign of life (the server gives one every 15) after which a stream counts as broken."""

LASTING = 10.0
"""Seconds that a stream has to last for its end not to count as a failure."""

NO_STREAM_PAUSE = 300.0
"""Seconds after which to ask again for a stream where there was none."""

GONE = (None, 502, 504)
"""Statuses of a stream, None for no answer, that may mean that the server itself is not there."""

STREAM_ATTEMPTS = 3
"""How often to look at once, where a stream is not to be had and the document is."""

WRITE_EVERY = 5.0
"""Seconds between copies to disk while changes come in by the stream."""


class Client:
    """The definitions of one environment of one server.

    Args:
        url: where the server is.
        key: an API key of scope server.
        environment: the environment, where the key is bound to none; the server's default unless given.
        timeout: seconds that a request may take.
        poll_seconds: seconds between requests where there is no stream.
        stream: whether to follow the stream.
        copy_folder: where to keep the last good copy; None for nowhere.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        watcher: Watcher,
        *,
        environment: str | None = None,
        timeout: float = 5.0,
        poll_seconds: float = 30.0,
        stream: bool = True,
        copy_folder: Path | None = None,
    ) -> None:
        if timeout <= 0 or poll_seconds <= 0:
            raise ValueError("timeout and poll_seconds must be more than 0")
        self.definitions: Definitions | None = None
        self._transport = Transport(url, key, timeout)
        self._timeout = timeout
        self._watcher = watcher
        self._health = Health(watcher)
        self._query = f"?environment={quote(environment, safe='')}" if environment else ""
        self._poll = poll_seconds
        self._streaming = stream
        self._copy = Copy(copy_folder, url, key or "", environment or "") if copy_folder else None
        self._time = TimeWatch(self._engines, lambda _, moment, keys: self._health.changed(keys))
        self._reset()
        forking.register(self)

    def _reset(self) -> None:
        """Set the state of the thread: new before each start, and in a process that was forked off."""
        self.updating = threading.Lock()  # held while definitions change, and while the process forks
        self._stopped = threading.Event()
        self._tried = threading.Event()
        self._thread: threading.Thread | None = None
        self._open: HttpStream | None = None
        self._failures = 0
        self._short_streams = 0
        self._stream_after = 0.0
        self._unwritten_since: float | None = None

    def start(self) -> None:
        """Begin, and wait until there are definitions.

        Raises:
            ProviderFatalError: the server does not accept the key.
            ProviderNotReadyError: the server can't be reached, and there is no copy of its definitions. Attempts go
                on in the background.
        """
        self.stop()
        self._reset()
        self._health = Health(self._watcher)
        self._read_copy()
        self._begin()
        self._tried.wait(self._timeout + 1.0)
        if not self._tried.is_set():
            self._health.set(HealthState.STALE, "there was no answer in time")
        if self._health.state is HealthState.REFUSED:
            self.stop()
            raise ProviderFatalError(self._health.why)
        if self.definitions is None:
            self._health.begin_to_tell(self._health.state)
            raise ProviderNotReadyError(self._health.why)
        self._health.begin_to_tell(HealthState.CURRENT)

    def stop(self) -> None:
        """End the background work; the definitions stay in use."""
        self._stopped.set()
        self._time.stop()
        stream, thread = self._open, self._thread
        if stream is not None:
            stream.interrupt()
        if thread is not None and thread is not threading.current_thread():
            thread.join(self._timeout + 1.0)
        self._thread = None

    def restart_after_fork(self) -> None:
        """In a process that was forked off: threads did not come along. The parent's stream is left alone."""
        running = self._thread is not None and not self._stopped.is_set()
        self._reset()
        if running:
            self._begin()

    @property
    def problem(self) -> str:
        """What is wrong, in words; empty where nothing is."""
        return self._health.why

    @property
    def refused(self) -> bool:
        """Whether the server does not accept the key."""
        return self._health.state is HealthState.REFUSED

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, args=(self._stopped,), name="flagstaff", daemon=True)
        self._thread.start()
        self._time.start()

    def _engines(self) -> Mapping[str, Engine]:
        """Return the engine in use, for those who watch the time."""
        definitions = self.definitions
        return {"": definitions.engine} if definitions is not None else {}

    def _run(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                pause = self._round()
            except Exception as error:  # whatever it is, flags must not stop being updated because of it
                log.exception("updating the flag definitions failed")
                pause = self._stale(repr(error))
            self._tried.set()
            stopped.wait(pause)
        self._write_copy()

    def _round(self) -> float:
        """Fetch, then follow the stream as long as it lasts; returns after how many seconds to go on."""
        try:
            self._fetch()
        except RefusedError as refused:
            self._health.set(HealthState.REFUSED, str(refused))
            return max(self._poll, FIRST_PAUSE)
        except (UnavailableError, ParseError) as error:
            return self._stale(described(error), getattr(error, "retry_after", 0.0))
        self._failures = 0
        self._health.set(HealthState.CURRENT)
        self._tried.set()
        if not self._streaming or time.monotonic() < self._stream_after:
            return self._poll * random.uniform(0.9, 1.1)
        return self._follow()

    def _fetch(self) -> None:
        """Bring in the whole document, if the server has another one. Raises if it has nothing of use."""
        held = self.definitions
        headers = {"If-None-Match": held.etag} if held else {}
        answer = self._transport.get(DEFINITIONS + self._query, headers)
        if answer.status == 304:
            if held is None:
                raise UnavailableError("the server says that nothing has changed, and there is nothing")
            return
        new = Definitions(answer.body)
        if held is not None and not new.follows(held):
            message = f"the server has revision {new.revision}, and revision {held.revision} is in use"
            raise UnavailableError(message)
        self._use(new)
        if self._copy is not None:
            self._copy.write(answer.body)
        if held is not None:
            self._health.changed(new.difference(held))

    def _use(self, definitions: Definitions) -> None:
        with self.updating:
            self.definitions = definitions
            self._watcher.definitions_in_use(definitions.engine)
        self._time.look_again()

    def _follow(self) -> float:
        """Take in changes until the stream ends; returns after how many seconds to look again."""
        assert self.definitions is not None
        began = time.monotonic()
        try:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self.definitions.revision)}
            self._open = stream = self._transport.stream(STREAM + self._query, headers, SILENCE)
        except (RefusedError, UnavailableError) as error:
            return self._without_stream(error)
        try:
            if not self._stopped.is_set():
                self._take_in(stream)
        except (UnavailableError, ParseError) as error:
            log.info("the stream of flag changes ended: %s", described(error))
        finally:
            self._open = None
            stream.close()
        return self._soon(lasted=time.monotonic() - began >= LASTING)

    def _soon(self, *, lasted: bool) -> float:
        """Return after how many seconds to go on after a stream that ended; later, the more often it did not last."""
        self._short_streams = 0 if lasted else min(self._short_streams + 1, 10)
        return random.uniform(0.0, FIRST_PAUSE) * max(1, self._short_streams)

    def _take_in(self, stream: HttpStream) -> None:
        """Apply what the stream tells, revision by revision. Raises where it ends, or says what makes no sense."""
        updates = Updates()
        for event in sse.events(stream):
            revision = updates.add(event)
            if revision is None or self.definitions is None:
                continue
            if updates.incomplete:
                return  # the document is fetched next, and the stream opened anew
            changed, removed = updates.take()
            if revision > self.definitions.revision:
                with self.updating:
                    keys = self.definitions.update(changed, removed, revision)
                self._time.look_again()
                self._later_write_copy()
                self._health.changed(keys)

    def _without_stream(self, error: Exception) -> float:
        """There is no stream for now: poll, and ask for one again later. Where the server may just have gone, look at
        once, but not for ever: a proxy may answer requests and no stream.
        """
        status = getattr(error, "status", None)
        for_good = isinstance(error, RefusedError) or status in (404, 405, 501)
        if not for_good and status in GONE and self._short_streams < STREAM_ATTEMPTS:
            return self._soon(lasted=False)
        wait = NO_STREAM_PAUSE if for_good else max(self._poll, getattr(error, "retry_after", 0.0))
        log.info("asking for flag definitions every %g s, because there is no stream: %s", self._poll, error)
        self._stream_after = time.monotonic() + wait
        return self._poll * random.uniform(0.9, 1.1)

    def _read_copy(self) -> None:
        """Start from the last good copy, unless something newer is in use already."""
        content = self._copy.read() if self._copy is not None and self.definitions is None else None
        if content is not None:
            try:
                self._use(Definitions(content))
            except ParseError as error:
                log.warning("the copy of the flag definitions is of no use: %s", error.error_message)

    def _later_write_copy(self) -> None:
        now = time.monotonic()
        if self._unwritten_since is None:
            self._unwritten_since = now
        if now - self._unwritten_since >= WRITE_EVERY:
            self._write_copy()

    def _write_copy(self) -> None:
        if self._unwritten_since is not None and self._copy is not None and self.definitions is not None:
            self._copy.write(self.definitions.to_json())
        self._unwritten_since = None

    def _stale(self, why: str, retry_after: float = 0.0) -> float:
        """Note that the server gave nothing of use; returns after how many seconds to try again."""
        self._health.set(HealthState.STALE, why)
        self._failures += 1
        pause = min(FIRST_PAUSE * 2.0 ** min(self._failures - 1, 10), MAX_PAUSE)
        return max(retry_after, pause * random.uniform(0.75, 1.25))


def described(error: Exception) -> str:
    """Return an error in words; OpenFeature's keep theirs apart."""
    return getattr(error, "error_message", None) or str(error)
