"""Why an embedded PostgreSQL did not start, in one sentence: it says so itself in many lines, or the system does."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg2
import psycopg2.errors

from db.postgres.directory import EmbeddedPostgresError

NO_ROOM: Final = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT)))


@contextmanager
def failures_in_words(data_dir: Path) -> Iterator[None]:
    """Give what the system or the server refuses, as an EmbeddedPostgresError."""
    try:
        yield
    except OSError as error:
        where = error.filename or data_dir.absolute()
        raise failure(f"PostgreSQL's data can't be written to {where}", data_dir, str(error.strerror)) from error
    except psycopg2.Error as error:
        said = NO_ROOM[0] if isinstance(error, psycopg2.errors.DiskFull) else str(error).partition("\n")[0]
        raise failure("PostgreSQL could not make the database", data_dir, said) from error


def failure(what: str, data_dir: Path, said: str) -> EmbeddedPostgresError:
    """Return the error for what was said; most often, in the end, the disk is full."""
    if is_about_room(said):
        return EmbeddedPostgresError(
            f"there is no room left for PostgreSQL's data in {data_dir.absolute()}: make some (new data takes 50 MB), "
            "or set FLAGSTAFF_DATABASE_URL to a PostgreSQL elsewhere"
        )
    return EmbeddedPostgresError(f"{what}: {_telling_line(said)}")


def is_about_room(said: str) -> bool:
    """Tell whether the disk is full, or this user's part of it."""
    return any(words in said for words in NO_ROOM)


def _telling_line(output: str) -> str:
    """Return the line in which PostgreSQL says why it gave up, without its time; else the last one."""
    lines = output.strip().splitlines() or [""]
    found = [re.search("(FATAL|PANIC|error): .*", line) for line in lines]
    return next((match[0] for match in reversed(found) if match), lines[-1])
