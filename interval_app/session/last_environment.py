"""Remember in which environment each person works, so that a turn of the sidebar does not lead to another one."""

from __future__ import annotations

from typing import Final

from db.administration import environments
from db.errors import UnknownEnvironmentError
from db.views import EnvironmentView
from interval_app.session.executor import in_thread
from interval_app.session.last_used import LastUsed

_LAST: Final = LastUsed()


def remember(person: str, environment: str) -> None:
    """Note where somebody is."""
    _LAST.remember(person, environment)


async def of(person: str, default: str) -> EnvironmentView:
    """Return where somebody was last, as long as it is there, else the default environment.

    Raises UnknownEnvironmentError.
    """
    try:
        return await in_thread(environments.get, _LAST.of(person, default))
    except UnknownEnvironmentError:
        return await in_thread(environments.get, default)
