"""Keep the process connected to the Interval server for ever, until a signal ends it."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from collections.abc import Iterator
from typing import Any, Final

from interval_sdk import IOError
from websockets.exceptions import InvalidHandshake, InvalidURI

from interval_app.host.sdk_patches import HandshakeRefusedError, Host

log = logging.getLogger(__name__)

START_SECONDS: Final = 15.0
"""How long a server that can't be reached yet is waited for at the start."""
DRAIN_SECONDS: Final = 25.0
"""How long actions may go on after SIGTERM; ECS kills after 30."""
FIRST_WAIT_SECONDS: Final = 0.5
MAX_WAIT_SECONDS: Final = 30.0
WRONG_KEY: Final = 1008
"""The close code of a server that does not know the API key."""


class StartError(Exception):
    """The process can't do its work; the text is one line for whoever started it."""


def run(host: Host) -> None:
    """Serve until SIGTERM or SIGINT: running actions end first, a second signal ends at once.

    Raises StartError where the first connection can't be made.
    """
    asyncio.run(_serve(host))


async def _serve(host: Host) -> None:
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        (hurry if stop.is_set() else stop).set()

    loop.set_exception_handler(_report)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if not await _unless(stop, asyncio.create_task(_connect_first(host))):
        return
    log.info("connected to the Interval server")
    keeping = asyncio.create_task(_keep_connected(host))
    await stop.wait()
    log.info("stopping: running actions may end first")
    await _unless(hurry, asyncio.create_task(host.drain(DRAIN_SECONDS)))
    keeping.cancel()
    loop.set_exception_handler(_forget)  # what open pages leave behind when their connection goes
    await host.immediately_close()
    log.info("stopped")


def _report(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log a failure that nobody waited for, but not the dozens that the SDK leaves behind of a cancelled form."""
    error = context.get("exception")
    if not isinstance(error, IOError):
        log.error("%s", context.get("message"), exc_info=error)


def _forget(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None:
    """Drop a failure that nobody waited for."""


async def _unless(event: asyncio.Event, work: asyncio.Task[None]) -> bool:
    """Wait for the work, and say whether it was done before the event."""
    stopping = asyncio.create_task(event.wait())
    await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if work.done():
        work.result()
        return True
    work.cancel()
    return False


async def _connect_first(host: Host) -> None:
    """Connect. A server that does not answer may be starting, so it is given time; one that refuses is not."""
    end = asyncio.get_running_loop().time() + START_SECONDS
    for wait in waits():
        try:
            return await host.connect()
        except Exception as error:
            if is_final(error) or asyncio.get_running_loop().time() + wait > end:
                raise StartError(reason(error)) from error
        await asyncio.sleep(wait)


async def _keep_connected(host: Host) -> None:
    while True:
        await host.down.wait()
        for wait in waits():
            await asyncio.sleep(wait)
            try:
                await host.connect()
                break
            except Exception as error:
                log.warning("no connection to the Interval server: %s", reason(error))
        log.info("connected to the Interval server again")


def waits() -> Iterator[float]:
    """Yield the seconds to wait before each attempt: growing, and never quite alike in two processes."""
    wait = FIRST_WAIT_SECONDS
    while True:
        yield wait * random.uniform(0.75, 1.25)
        wait = min(wait * 2, MAX_WAIT_SECONDS)


def is_final(error: Exception) -> bool:
    """Return whether trying again is of no use: the server refuses the key, or is no Interval server."""
    if isinstance(error, HandshakeRefusedError):
        return error.code == WRONG_KEY
    return not isinstance(error, OSError | TimeoutError | asyncio.TimeoutError)


def reason(error: Exception) -> str:
    """Describe in one line what to look at."""
    if isinstance(error, HandshakeRefusedError):
        hint = "check INTERVAL_API_KEY" if error.code == WRONG_KEY else "it may be starting or stopping"
        return f"the Interval server refused the connection: {error}; {hint}"
    if isinstance(error, InvalidHandshake | InvalidURI):
        return f"INTERVAL_SERVER_ENDPOINT is not an Interval server's websocket: {error}"
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "the Interval server does not answer: check INTERVAL_SERVER_ENDPOINT"
    if isinstance(error, OSError):
        return f"the Interval server can't be reached: {error}; check INTERVAL_SERVER_ENDPOINT"
    return f"the Interval server did not take what the dashboard declared: {' '.join(str(error).split())}"
