"""The table of secrets, and the one that signs the console's sessions: every process must read the same."""

import secrets

# mypy: ignore-errors


def up(migrator, db):
    db.execute_sql("CREATE TABLE secret (name VARCHAR(64) NOT NULL PRIMARY KEY, value VARCHAR(64) NOT NULL)")
    db.execute_sql("INSERT INTO secret (name, value) VALUES ('console', %s)", (secrets.token_hex(32),))


def down(migrator, db):
    """Forget it: everybody is signed out."""
    db.execute_sql("DROP TABLE secret")
