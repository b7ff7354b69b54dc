"""The secret that signs the console's sessions."""

# mypy: allow-untyped-calls

from __future__ import annotations

from db.database import rows, session
from db.errors import NotMigratedError

NAME = "console"


def read() -> bytes:
    """Return the secret, which a migration made. Raises NotMigratedError, or what `session` raises."""
    with session():
        found = rows("SELECT value FROM secret WHERE name = %s", NAME)
    if not found:
        raise NotMigratedError
    return bytes.fromhex(found[0][0])
