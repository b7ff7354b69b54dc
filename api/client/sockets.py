"""Cutting off clients that don't read: done by the system, which alone knows what they have taken."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

SILENCE_SECONDS = 20
"""How long a connection may leave unread what was sent to it."""

_done = threading.Event()


def drop_silent_clients(port: int) -> None:
    """Have the system close connections to this port whose other end takes nothing in, now and in future.

    A listening socket hands the setting on to the connections that it accepts, so this is done once in a process. Where
    the system does not know the setting (it is Linux's), such a connection lasts until its other end closes it.
    """
    if _done.is_set() or not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    _done.set()
    for connection in sockets_of(port):
        with connection, suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1000)


def sockets_of(port: int) -> Iterator[socket.socket]:
    """Yield the TCP sockets of this process at this port, as copies to be closed."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            copy = socket.socket(fileno=os.dup(int(name)))
            if copy.type == socket.SOCK_STREAM and is_at(copy, port):
                yield copy
            else:
                copy.close()


def is_at(connection: socket.socket, port: int) -> bool:
    """Tell whether the near end of a connection is at this port."""
    with suppress(OSError):
        address = connection.getsockname()
        return isinstance(address, tuple) and address[1] == port
    return False
