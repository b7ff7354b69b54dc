"""Tables and columns of layers, and of what rollouts are split by."""

# mypy: ignore-errors


def up(migrator, db):
    db.execute_sql("ALTER TABLE configuration ADD COLUMN split_by TEXT, ADD COLUMN layer JSONB")
    db.execute_sql("CREATE INDEX configuration_layer ON configuration (environment_id) WHERE layer IS NOT NULL")
    db.execute_sql(
        "CREATE TABLE layer ("
        " id UUID NOT NULL PRIMARY KEY,"
        " key VARCHAR(128) NOT NULL,"
        " name TEXT,"
        " description TEXT NOT NULL,"
        " split_by TEXT,"
        " holdout JSONB,"
        " version INTEGER NOT NULL,"
        " created_at TIMESTAMPTZ NOT NULL,"
        " created_by TEXT NOT NULL,"
        " updated_at TIMESTAMPTZ NOT NULL,"
        " updated_by TEXT NOT NULL,"
        " archived_at TIMESTAMPTZ)"
    )
    db.execute_sql("CREATE UNIQUE INDEX layer_live_key ON layer (key) WHERE archived_at IS NULL")
    db.execute_sql("ALTER TABLE change ADD COLUMN layer_id UUID REFERENCES layer (id) ON DELETE RESTRICT")
    db.execute_sql("CREATE INDEX change_layer_id_id ON change (layer_id, id) WHERE layer_id IS NOT NULL")


def down(migrator, db):
    """Forget all of it; rollouts are split by the entity again, for everyone."""
    db.execute_sql("ALTER TABLE change DROP COLUMN layer_id")
    db.execute_sql("DROP TABLE layer")
    db.execute_sql("ALTER TABLE configuration DROP COLUMN split_by, DROP COLUMN layer")
