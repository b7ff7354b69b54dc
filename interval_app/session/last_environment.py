"""Remember in which environment each person works, so that a turn of the sidebar does not lead to another one."""

from __future__ import annotations

from typing import Final

from db.administration import environments
from db.errors import UnknownEnvironmentError
from db.views import EnvironmentView
from interval_app.session.executor import in_thread

MAX_PEOPLE: Final = 10_000

_last: dict[str, str] = {}
"""The environment in which a person was last, by e-mail address; the longest unchanged first."""


def remember(person: str, environment: str) -> None:
    """Note where somebody is."""
    _last.pop(person, None)
    _last[person] = environment
    if len(_last) > MAX_PEOPLE:
        del _last[next(iter(_last))]


async def of(person: str, default: str) -> EnvironmentView:
    """Return where somebody was last, as long as it is there, else the default environment.

    Raises UnknownEnvironmentError.
    """
    try:
        return await in_thread(environments.get, _last.get(person, default))
    except UnknownEnvironmentError:
        return await in_thread(environments.get, default)
