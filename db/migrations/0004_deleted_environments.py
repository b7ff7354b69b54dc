"""Let environments be deleted: the change log still names them, and their keys may be used again."""

# mypy: ignore-errors


def up(migrator, db):
    db.execute_sql("ALTER TABLE environment ADD COLUMN deleted_at TIMESTAMPTZ")
    db.execute_sql("DROP INDEX environment_key")
    db.execute_sql("CREATE UNIQUE INDEX environment_live_key ON environment (key) WHERE deleted_at IS NULL")


def down(migrator, db):
    """Bring deleted environments back without their flags, under keys that nobody has."""
    db.execute_sql("UPDATE environment SET key = 'deleted-' || id WHERE deleted_at IS NOT NULL")
    db.execute_sql("DROP INDEX environment_live_key")
    db.execute_sql("CREATE UNIQUE INDEX environment_key ON environment (key)")
    db.execute_sql("ALTER TABLE environment DROP COLUMN deleted_at")
