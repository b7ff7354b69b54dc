"""Keep who answers for a flag and why it is there, and why each change was made.

The columns have defaults in the database, because processes of the version before add rows without them.
"""

# mypy: ignore-errors

COLUMNS = {
    "flag": {
        "owner": "TEXT",
        "purpose": "VARCHAR(16)",
        "expected_end": "DATE",
        "links": "JSONB NOT NULL DEFAULT '[]'",
        "metadata": "JSONB NOT NULL DEFAULT '{}'",
    },
    "environment": {"comment_required": "BOOLEAN NOT NULL DEFAULT false"},
    "change": {"comment": "TEXT"},
}


def up(migrator, db):
    for table, columns in COLUMNS.items():
        db.execute_sql(
            f"ALTER TABLE {table} " + ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in columns.items())
        )


def down(migrator, db):
    """Forget all of it. A change whose source is new has come through the API."""
    db.execute_sql("UPDATE change SET source = 'api' WHERE source = 'console'")
    for table, columns in COLUMNS.items():
        db.execute_sql(f"ALTER TABLE {table} " + ", ".join(f"DROP COLUMN {name}" for name in columns))
