"""Bringing the database's tables up to date."""

# mypy: allow-untyped-calls

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import peewee
from playhouse.migrations import Runner

from db.database import connection_parameters
from db.errors import DatabaseUnavailableError
from db.settings import Settings, SettingsError

DIRECTORY: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x666C6167  # any number that nobody else locks: "flag" in ASCII


def migrate(url: str, *, sign_in: Callable[[], str] | None = None) -> list[str]:
    """Apply the migrations that are not applied yet and name them; processes starting together wait for each other.

    Each migration is one transaction. `sign_in` gives the password where the URL has none (`db.postgres.iam`).
    Raises DatabaseUnavailableError, or the database's own error of a migration.
    """
    parameters = connection_parameters(url) | ({"password": sign_in()} if sign_in else {})
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


def main() -> int:
    """Bring the database of FLAGSTAFF_DATABASE_URL up to date; 1 where that is not possible."""
    try:
        url = Settings.from_env(os.environ).database_url
        if url is None:
            raise SettingsError("FLAGSTAFF_DATABASE_URL is not set")
        applied = migrate(url)
    except (SettingsError, DatabaseUnavailableError) as error:
        print(f"flagstaff: {error}", file=sys.stderr)
        return 1
    print(f"applied {', '.join(applied) or 'nothing: the database is up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
