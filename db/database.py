"""The connection to PostgreSQL."""

from __future__ import annotations


def connect(url: str) -> None:
    """Say which database to use; connections are opened as they are needed and kept in a pool."""
    raise NotImplementedError


def disconnect() -> None:
    """Close every pooled connection; the next call opens one again."""
    raise NotImplementedError


def check() -> None:
    """Raise DatabaseUnavailableError unless the database answers."""
    raise NotImplementedError
