"""Tables and columns of schedules, ramps, prerequisites and segments."""

# mypy: ignore-errors


def up(migrator, db):
    # With defaults, because a process of the version before may still write.
    db.execute_sql(
        "ALTER TABLE configuration"
        " ADD COLUMN ramp JSONB,"
        " ADD COLUMN schedule JSONB NOT NULL DEFAULT '[]',"
        " ADD COLUMN prerequisites JSONB NOT NULL DEFAULT '[]',"
        " ADD COLUMN segments JSONB NOT NULL DEFAULT '[]'"
    )
    for column in ("prerequisites", "segments"):
        db.execute_sql(
            f"CREATE INDEX configuration_{column} ON configuration (environment_id) WHERE {column} <> '[]'::jsonb"
        )
    db.execute_sql(
        "CREATE TABLE segment ("
        " id UUID NOT NULL PRIMARY KEY,"
        " key VARCHAR(128) NOT NULL,"
        " name TEXT,"
        " description TEXT NOT NULL,"
        " rules JSONB NOT NULL,"
        " version INTEGER NOT NULL,"
        " created_at TIMESTAMPTZ NOT NULL,"
        " created_by TEXT NOT NULL,"
        " updated_at TIMESTAMPTZ NOT NULL,"
        " updated_by TEXT NOT NULL,"
        " archived_at TIMESTAMPTZ)"
    )
    db.execute_sql("CREATE UNIQUE INDEX segment_live_key ON segment (key) WHERE archived_at IS NULL")
    db.execute_sql(
        "CREATE TABLE segment_entity ("
        " segment_id UUID NOT NULL REFERENCES segment (id) ON DELETE CASCADE,"
        " entity_type VARCHAR(64) NOT NULL,"
        " entity_id VARCHAR(256) NOT NULL,"
        " excluded BOOLEAN NOT NULL,"
        " PRIMARY KEY (segment_id, entity_type, entity_id))"
    )
    db.execute_sql("ALTER TABLE change ADD COLUMN segment_id UUID REFERENCES segment (id) ON DELETE RESTRICT")
    db.execute_sql("CREATE INDEX change_segment_id_id ON change (segment_id, id) WHERE segment_id IS NOT NULL")


def down(migrator, db):
    """Forget all of it; flags keep their rules, those on segments apart, and their rollouts."""
    db.execute_sql("ALTER TABLE change DROP COLUMN segment_id")
    db.execute_sql("DROP TABLE segment_entity")
    db.execute_sql("DROP TABLE segment")
    db.execute_sql(
        "ALTER TABLE configuration DROP COLUMN ramp, DROP COLUMN schedule, DROP COLUMN prerequisites,"
        " DROP COLUMN segments"
    )
