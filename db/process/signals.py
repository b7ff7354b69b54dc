"""Ctrl-C and SIGTERM while a process starts or ends: importing what serves takes long enough for one to come.

This module itself imports next to nothing, because it has to be there first.
"""

from __future__ import annotations

import os
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_at_once() -> None:
    """Have signals end this process without a word, as long as there is nothing to take down.

    An exception would not do: what is imported may swallow it, and where nobody does, it prints a traceback.
    """
    for number in SIGNALS:
        signal.signal(number, _end)


def ignore() -> None:
    """Have signals do nothing: what is being taken down already must not be left halfway."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end(*_: object) -> None:
    os._exit(0)
