"""SQL that the control function has the Data API run as the master user: databases and roles of a cluster.

A stage that shares the cluster of another, a guest, has a database and a role of its own, both called
`flagstaff-STAGE`.
"""

from __future__ import annotations

from typing import Final

GUESTS: Final = "FROM pg_database WHERE datname LIKE 'flagstaff-%'"
REFUSE_GUESTS: Final = (
    f"DO $$ BEGIN IF EXISTS (SELECT {GUESTS}) THEN RAISE EXCEPTION "
    "'destroy these stages first, whose databases are in this cluster: %', "
    f"(SELECT string_agg(datname, ', ' ORDER BY datname) {GUESTS}); END IF; END $$"
)


def role(name: str, database: str) -> list[str]:
    """For a role that may make and use tables in the public schema of this database, and signs in by IAM token."""
    return [
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') "
        f'THEN CREATE ROLE "{name}" LOGIN; END IF; END $$',
        f'GRANT rds_iam TO "{name}"',
        f'GRANT CONNECT ON DATABASE "{database}" TO "{name}"',
        keep_others_out(database),
        f'GRANT USAGE, CREATE ON SCHEMA public TO "{name}"',
    ]


def keep_others_out(database: str) -> str:
    """Leave a database to its owner and to those who may connect by name; everybody may in a new one."""
    return f'REVOKE CONNECT ON DATABASE "{database}" FROM PUBLIC'


def create(database: str) -> str:
    """For a database that is not there."""
    return f'CREATE DATABASE "{database}"'


def drop(name: str) -> list[str]:
    """Without a database and the role of the same name, whoever is connected."""
    return [f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'DROP ROLE IF EXISTS "{name}"']
