"""The pool of threads: what runs there, and what happens when too much is to."""

from __future__ import annotations

import asyncio
import threading

import pytest

from api.errors import RequestError
from api.serving.pool import MAX_WAITING, Pool


def test_a_function_runs_in_another_thread_and_its_result_or_error_comes_back() -> None:
    async def main() -> None:
        pool = Pool(2)
        assert await pool.run(threading.current_thread) is not threading.current_thread()
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 1, 0)

    asyncio.run(main())


def test_too_many_are_refused_and_the_others_get_their_turn() -> None:
    go_on = threading.Event()

    async def main() -> None:
        pool = Pool(1)
        waiting = [asyncio.ensure_future(pool.run(go_on.wait)) for _ in range(1 + MAX_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(RequestError) as refused:
            await pool.run(go_on.wait)
        assert refused.value.status == 503 and ("Retry-After", "1") in refused.value.headers
        go_on.set()
        assert all(await asyncio.gather(*waiting))
        assert await pool.run(go_on.wait)

    asyncio.run(main())
