"""The column of what a rollout is split by."""

# mypy: ignore-errors


def up(migrator, db):
    db.execute_sql("ALTER TABLE configuration ADD COLUMN split_by TEXT")


def down(migrator, db):
    """Forget it; rollouts are split by the entity again."""
    db.execute_sql("ALTER TABLE configuration DROP COLUMN split_by")
