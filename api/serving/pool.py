"""Threads for what would hold up the event loop: a bounded number of them, and of requests that wait for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from api.errors import RETRY_LATER, RequestError

P = ParamSpec("P")
T = TypeVar("T")

MAX_WAITING = 256
"""How many requests may wait for a thread."""


class Pool:
    """A pool of threads, used from one event loop."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="flagstaff-request")
        self._limit = threads + MAX_WAITING
        self._under_way = 0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a thread.

        Raises:
            RequestError: 503, where too many wait already; or what the function raises.
        """
        if self._under_way >= self._limit:
            raise RequestError(503, "too_busy", "too many requests are waiting; try again", RETRY_LATER)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: function(*args, **kwargs))
        finally:
            self._under_way -= 1
