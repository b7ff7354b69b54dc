"""Raise the revision of whatever has flags: definitions are written in other forms from this version on.

No flag changed, so versions and the change log stay. But every reader goes by revisions: without a new one, those who
have the former document would keep it. Archived flags are in no document, and environments without flags have the
document that they had.

Nothing is notified. Readers look by themselves within seconds, by when a process of the version before has mostly been
replaced; one that reads the new revision gives it the former document.
"""

# mypy: ignore-errors

LIVE = "FROM configuration c JOIN flag f ON f.id = c.flag_id WHERE f.archived_at IS NULL"


def up(migrator, db):
    db.execute_sql("SELECT id FROM environment ORDER BY id FOR NO KEY UPDATE")  # in the order in which writes lock them
    db.execute_sql(f"UPDATE environment SET revision = revision + 1 WHERE id IN (SELECT c.environment_id {LIVE})")
    db.execute_sql(
        "UPDATE configuration SET revision = environment.revision FROM environment"
        f" WHERE environment.id = configuration.environment_id AND configuration.id IN (SELECT c.id {LIVE})"
    )


def down(migrator, db):
    """Nothing to take back: revisions never go back."""
