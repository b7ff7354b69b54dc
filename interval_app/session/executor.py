"""Run database work in threads: the event loop goes on serving everyone else meanwhile.

Connections that are idle are closed soon, because a serverless database pauses only when nothing is connected to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from db import database
from db.errors import FlagstaffError
from interval_app.session.errors import DashboardError, user_message

P = ParamSpec("P")
T = TypeVar("T")

IDLE_SECONDS: Final = 5.0
"""How long connections are kept after the last work: one click leads to several queries."""

_under_way = 0
_timer: asyncio.TimerHandle | None = None


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function of `db` in a thread, and return what it returns. Raises what it raises."""
    global _under_way
    _under_way += 1
    try:
        return await asyncio.to_thread(lambda: _when_awake(function, *args, **kwargs))
    finally:
        _under_way -= 1
        _close_later()


async def in_thread_for_display(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what no other input could help: raises DashboardError for every error of `db`."""
    try:
        return await in_thread(function, *args, **kwargs)
    except FlagstaffError as error:
        raise DashboardError(user_message(error)) from error


def _when_awake(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    database.wait_until_awake()
    return function(*args, **kwargs)


def _close_later() -> None:
    global _timer
    if _timer is not None:
        _timer.cancel()
    _timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, _close_if_idle)


def _close_if_idle() -> None:
    if not _under_way:
        asyncio.get_running_loop().run_in_executor(None, database.close_idle)
