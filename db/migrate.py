"""Bringing the database's tables up to date."""

# mypy: allow-untyped-calls

from __future__ import annotations

from pathlib import Path
from typing import Final

import peewee
from playhouse.migrations import Runner

from db.database import connection_parameters
from db.errors import DatabaseUnavailableError

DIRECTORY: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x666C6167  # any number that nobody else locks: "flag" in ASCII


def migrate(url: str) -> list[str]:
    """Apply the migrations that are not applied yet and name them; processes starting together wait for each other.

    Each migration is one transaction. Raises DatabaseUnavailableError, or the database's own error of a migration.
    """
    parameters = connection_parameters(url)
    database = peewee.PostgresqlDatabase(parameters.pop("dbname"), **parameters)
    try:
        database.connect()
    except peewee.OperationalError as error:
        raise DatabaseUnavailableError(str(error)) from error
    try:
        # The lock is the session's: it ends with the connection, however this process ends.
        database.execute_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
        applied: list[str] = Runner(database, str(DIRECTORY)).up()
        return applied
    finally:
        database.close()
