"""Forks (gunicorn with a preloaded application, multiprocessing): threads stay behind, and locks as they were.

Before a fork nothing may be half changed, so each client's lock is taken; the child then starts threads of its own.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """What has to know of forks."""

    updating: Lock

    def restart_after_fork(self) -> None:
        """Begin anew in the process that was forked off."""


_all: WeakSet[Forked] = WeakSet()
_held: list[Forked] = []


def register(one: Forked) -> None:
    """Tell this one of forks, as long as it lives."""
    _all.add(one)


def _before() -> None:
    for one in list(_all):
        one.updating.acquire()
        _held.append(one)


def _in_parent() -> None:
    while _held:
        _held.pop().updating.release()


def _in_child() -> None:
    while _held:
        _held.pop().restart_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
