"""Keep which flags client keys see, and the revision of each environment at which something changed for them.

Flags that exist stay visible. The columns have defaults in the database, because processes of the version before add
rows without them; a flag that such a process makes is hidden from client keys until somebody marks it.
"""

# mypy: ignore-errors


def up(migrator, db):
    db.execute_sql("ALTER TABLE flag ADD COLUMN client_side BOOLEAN NOT NULL DEFAULT true")
    db.execute_sql("ALTER TABLE flag ALTER COLUMN client_side SET DEFAULT false")
    db.execute_sql("ALTER TABLE environment ADD COLUMN client_revision BIGINT NOT NULL DEFAULT 0")
    db.execute_sql("UPDATE environment SET client_revision = revision")
    # From now on the name is ours.
    db.execute_sql("UPDATE flag SET metadata = metadata - 'clientSide' WHERE metadata ? 'clientSide'")


def down(migrator, db):
    """Forget both; client keys see every flag."""
    db.execute_sql("ALTER TABLE environment DROP COLUMN client_revision")
    db.execute_sql("ALTER TABLE flag DROP COLUMN client_side")
