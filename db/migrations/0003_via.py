"""Keep the key of a change beside its actor: both were one text, "vikhyat, by key ci"."""

# mypy: ignore-errors

BOTH = "'^(.*), by key (.*)$'"


def up(migrator, db):
    db.execute_sql("ALTER TABLE change ADD COLUMN via TEXT")
    key, actor = (f"regexp_replace(actor, {BOTH}, '\\{part}')" for part in (2, 1))
    db.execute_sql(f"UPDATE change SET via = 'key ' || {key}, actor = {actor} WHERE source = 'api' AND actor ~ {BOTH}")
    for table, column in (("flag", "created_by"), ("configuration", "updated_by"), ("api_key", "created_by")):
        db.execute_sql(f"UPDATE {table} SET {column} = regexp_replace({column}, {BOTH}, '\\1') WHERE {column} ~ {BOTH}")


def down(migrator, db):
    """Forget which keys were used; who acted stays."""
    db.execute_sql("ALTER TABLE change DROP COLUMN via")
