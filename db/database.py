"""The connection to PostgreSQL: one pool per process, and the one place that knows a lost database by its errors."""

# mypy: allow-untyped-calls

from __future__ import annotations

import json
import math
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import peewee
import psycopg2
import psycopg2.extensions
import psycopg2.extras
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase

from db.errors import DatabaseUnavailableError, DatabaseWakingError, NotMigratedError, WriteBlockedError
from db.settings import postgres_url
from db.vocabulary import JsonValue

CONNECT_TIMEOUT_SECONDS: Final = 5
FAILURE_SECONDS: Final = 1.0
WAKE_SECONDS: Final = 75.0
"""How long a database that lets attempts time out, as one that wakes up does, is waited for. Aurora takes some 15
seconds, and 30 or more after a day of sleep:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
"""
MAX_WHOLE_NUMBER: Final = 2**53 - 1

LOCK_TIMEOUT: Final = "55P03"
UNDEFINED_TABLE: Final = "42P01"
UNDEFINED_COLUMN: Final = "42703"
IDLE_IN_TRANSACTION: Final = "25P03"
# A server that is starting, stopping or full, or that ended a transaction which was idle for too long. Where no server
# answered, the error has no code at all.
_UNAVAILABLE_CODES: Final = {"57P01", "57P02", "57P03", "53300", IDLE_IN_TRANSACTION}


class _Database(PooledPostgresqlDatabase):
    """A pool that notices dead connections without a round trip, and does not queue up behind a dead server."""

    sign_in: Callable[[], str] | None = None
    """Gives the password of a new connection, where it is another for each; such a database may pause, too."""
    _failed: tuple[float, Exception] | None = None

    def _connect(self) -> Any:
        # Connecting holds the pool's lock: without this, sixteen threads would wait sixteen times for the time-out.
        if self._failed and time.monotonic() - self._failed[0] < FAILURE_SECONDS and not self._connections:
            raise self._failed[1]
        try:
            if self.sign_in:
                self.connect_params["password"] = self.sign_in()
            connection = super()._connect()
        except psycopg2.OperationalError as error:
            self._failed = (time.monotonic(), error)
            raise
        self._failed = None
        return connection

    def _initialize_connection(self, conn: Any) -> None:
        psycopg2.extras.register_default_jsonb(conn, globally=False, loads=read_json)

    def _is_closed(self, conn: Any) -> bool:
        # An idle connection on which something can be read was closed by the server.
        return bool(conn.closed) or wait_readable(0, conn.fileno())


database = _Database(None, max_connections=24, timeout=10, autoconnect=False)


def connect(url: str, *, sign_in: Callable[[], str] | None = None) -> None:
    """Say which database to use; connections are opened as they are needed and kept in a pool.

    `sign_in` gives the password of each new connection, for a database that takes IAM tokens (`db.postgres.iam`).
    Raises ValueError, without showing the URL (it may carry a password), if it is none.
    """
    parameters = connection_parameters(url)
    disconnect()
    database.connect_params.clear()  # what the last URL said, and this one does not, is no longer true
    database.init(parameters.pop("dbname"), **parameters)
    database.sign_in = sign_in
    database._failed = None


def connection_parameters(url: str) -> dict[str, Any]:
    """Return what psycopg2 needs to connect to this URL, time-outs included; raises ValueError if it is none."""
    try:
        parsed = psycopg2.extensions.parse_dsn(postgres_url(url))
    except (ValueError, psycopg2.ProgrammingError):
        raise ValueError("this is not a PostgreSQL URL such as postgresql://user:password@host:5432/name") from None
    defaults: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": "flagstaff",
        "client_encoding": "utf8",
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    return defaults | parsed


def disconnect() -> None:
    """Close every pooled connection; the next call opens one again."""
    if not database.deferred:
        database.close_all()


def close_idle() -> None:
    """Close the connections that nobody uses at the moment; the next call opens one again."""
    if not database.deferred:
        database.close_idle()


def is_connected() -> bool:
    """Tell whether the pool holds a connection, so that asking something opens none."""
    return not database.deferred and bool(database._connections)


def check() -> None:
    """Raise DatabaseUnavailableError unless the database answers."""
    with session():
        database.execute_sql("SELECT 1")


def wait_until_awake() -> None:
    """Wait for the database if it is waking up.

    Raises DatabaseUnavailableError where it can't be reached for another reason, or takes too long.
    """
    end = time.monotonic() + WAKE_SECONDS
    while True:
        try:
            return check()
        except DatabaseUnavailableError as error:
            if error.__cause__ is None or not _is_waking(error.__cause__) or time.monotonic() > end:
                raise
        time.sleep(FAILURE_SECONDS)


@contextmanager
def session() -> Iterator[None]:
    """Give a connection for the time of the block; blocks may stand inside each other.

    Raises DatabaseUnavailableError where the database can't be reached or breaks off, WriteBlockedError where it waited
    too long for a lock, and NotMigratedError where it lacks a table or a column.
    """
    try:
        with database.connection_context():
            yield
    except MaxConnectionsExceeded as error:
        raise DatabaseUnavailableError("all connections are in use") from error
    except peewee.ProgrammingError as error:
        if error_code(error) in (UNDEFINED_TABLE, UNDEFINED_COLUMN):
            raise NotMigratedError from error
        raise
    except (peewee.OperationalError, peewee.InterfaceError, peewee.InternalError) as error:
        if error_code(error) == LOCK_TIMEOUT:
            raise WriteBlockedError from error
        if not _is_unavailable(error):
            raise
        if database.sign_in and _is_waking(error):
            raise DatabaseWakingError from error
        raise DatabaseUnavailableError(str(error)) from error


@contextmanager
def snapshot() -> Iterator[None]:
    """Give a read-only transaction in which every query sees the same moment."""
    with session(), database.transaction():
        database.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def wait_readable(seconds: float, *descriptors: int) -> bool:
    """Wait until one of the descriptors can be read or was closed by its peer; return False after so many seconds.

    Not by `select.select`, which takes no descriptor above 1,023.
    """
    waiting = select.poll()
    for descriptor in descriptors:
        waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(math.ceil(seconds * 1000)))


def limit_transaction(*, wait: str, idle: str) -> None:
    """Limit how long the transaction waits for a lock, and how long it may be idle before PostgreSQL undoes it.

    Without the latter, a process that is stopped in the middle, or whose host is gone without a word, would hold its
    locks for hours.
    """
    database.execute_sql(f"SET LOCAL lock_timeout = '{wait}'")
    database.execute_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{idle}'")


def rows(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Run a query that the model classes can't say, and fetch what it gives."""
    fetched: list[tuple[Any, ...]] = database.execute_sql(sql, parameters).fetchall()
    return fetched


def write_json(value: JsonValue) -> str:
    """JSON text for a `jsonb` column."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_json(text: str) -> Any:
    """Read a `jsonb` column: PostgreSQL writes 1e23 as 24 digits, which is a float all the same."""
    return _DECODER.decode(text)


def error_code(error: peewee.PeeweeException) -> str | None:
    """Return what PostgreSQL calls the error (SQLSTATE); None where it did not answer."""
    code: str | None = getattr(getattr(error, "orig", None) or error.__cause__, "pgcode", None)
    return code


def _whole_number(digits: str) -> int | float:
    number = int(digits)
    return number if -MAX_WHOLE_NUMBER <= number <= MAX_WHOLE_NUMBER else float(digits)


_DECODER: Final = json.JSONDecoder(parse_int=_whole_number)


def _is_unavailable(error: peewee.DatabaseError | peewee.InterfaceError) -> bool:
    code = error_code(error)
    return code is None or code.startswith("08") or code in _UNAVAILABLE_CODES


def _is_waking(error: BaseException) -> bool:
    # Aurora holds a connection to a paused cluster open until it is there, which takes longer than we wait.
    said = str(error)
    return "timeout expired" in said or "starting up" in said
