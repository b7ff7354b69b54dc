"""From an empty database to today's tables."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import peewee
import psycopg2
from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models

from db import database as db_database
from db.administration import environments
from db.configuration.edits import Members, NewFlag
from db.definitions import document
from db.definitions.reader import EnvironmentReader
from db.flags import flags
from db.history import changes
from db.migrate import DIRECTORY, migrate
from db.models import ALL
from db.vocabulary import Actor, Source
from tests.db.helpers import ADA, make, revisions

NAMES = sorted(path.stem for path in DIRECTORY.glob("[0-9]*.py"))


def schema(url: str) -> Any:
    """Every column and every index there is."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        columns = cursor.fetchall()
        cursor.execute("SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+', '') FROM pg_indexes ORDER BY 1, 2")
        indexes = [row for row in cursor.fetchall() if not row[0].startswith("pg_")]
    connection.close()
    return columns, indexes


def test_migrations_are_applied_once(empty_url: str) -> None:
    assert migrate(empty_url) == NAMES
    assert migrate(empty_url) == []


def test_the_environments_of_the_start(empty_url: str) -> None:
    migrate(empty_url)
    db_database.connect(empty_url)
    found = [(environment.key, environment.protected, environment.revision) for environment in environments.list_all()]
    db_database.disconnect()
    assert found == [("dev", False, 0), ("staging", False, 0), ("prod", True, 0)]


def test_the_frozen_tables_are_those_of_the_models(empty_url: str) -> None:
    migrate(empty_url)
    db_database.connect(empty_url)
    with db_database.session():
        assert not diff_models(db_database.database, list(ALL))
        migrated = schema(empty_url)
        db_database.database.drop_tables(ALL)
        db_database.database.create_tables(ALL)
    db_database.disconnect()
    without_default = [[row for row in part if row[0] != "schema_migration"] for part in migrated]
    assert [[row for row in part if row[0] != "schema_migration"] for part in schema(empty_url)] == without_default


def test_processes_that_start_together_wait_for_each_other(empty_url: str) -> None:
    program = "import sys; from db.migrate import migrate; print(len(migrate(sys.argv[1])))"
    running = [
        subprocess.Popen([sys.executable, "-c", program, empty_url], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=60)[0].strip() for process in running]
    assert sorted(said) == ["0", "0", "0", str(len(NAMES))]


def test_migrations_can_be_taken_back(empty_url: str) -> None:
    migrate(empty_url)
    database = peewee.PostgresqlDatabase(empty_url)
    with database.connection_context():
        assert Runner(database, str(DIRECTORY)).down(NAMES[0]) == NAMES[::-1]
        assert database.get_tables() == ["schema_migration"]
    assert migrate(empty_url) == NAMES


def take_back(url: str, name: str) -> None:
    """Undo this migration and all that follow it."""
    database = peewee.PostgresqlDatabase(url)
    with database.connection_context():
        Runner(database, str(DIRECTORY)).down(name)


def test_portable_forms_reach_every_reader_although_no_flag_changed(empty_url: str) -> None:
    migrate(empty_url)
    db_database.connect(empty_url)
    try:
        make("gone")
        flags.archive("gone", actor=ADA)
        make("b", members=[Members("user", ["john"], "on")])
        make("a", rollout=[{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}])
        reader = EnvironmentReader("prod")
        before = reader.refresh()
        versions = {key: flags.get(key, "prod").version for key in ("a", "b")}
        take_back(empty_url, "0002_portable_forms")
        migrate(empty_url)
        delta = reader.refresh()
        assert (delta.complete, set(delta.changed), delta.removed) == (False, {"a", "b"}, set())
        assert delta.revision == before.revision + 1
        assert {flags.get(key, "prod").version for key in ("a", "b")} == set(versions.values()) == {1}
        assert {flag["metadata"]["revision"] for flag in delta.changed.values()} == {delta.revision}  # type: ignore[call-overload,index]
        assert document.to_bytes({"flags": delta.changed, "metadata": delta.metadata}) == document.to_bytes(
            document.document("prod")
        )
        assert reader.refresh().changed == {}
        make("c")
        assert (set(reader.refresh().changed), reader.revision) == ({"c"}, delta.revision + 1)
    finally:
        db_database.disconnect()


def test_portable_forms_leave_environments_without_flags_as_they_are(empty_url: str) -> None:
    migrate(empty_url)
    db_database.connect(empty_url)
    assert revisions() == {"dev": 0, "staging": 0, "prod": 0}
    db_database.disconnect()


def test_former_actors_are_taken_apart(empty_url: str) -> None:
    migrate(empty_url)
    db_database.connect(empty_url)
    try:
        flags.create(NewFlag("old"), "prod", actor=Actor("vikhyat, by key ci", Source.API))
        flags.create(NewFlag("odd"), "prod", actor=Actor("a, by key b, by key c", Source.API))
        flags.create(NewFlag("own"), "prod", actor=Actor("ci", Source.API))
        flags.create(NewFlag("new"), "prod", actor=Actor("ada, by key x", Source.INTERVAL))
        take_back(empty_url, "0003_via")
        migrate(empty_url)
        logged = {change.flag_key: (change.actor, change.via) for change in changes.page(environment="prod").items}
        assert logged == {
            "old": ("vikhyat", "key ci"),
            "odd": ("a, by key b", "key c"),
            "own": ("ci", None),
            "new": ("ada, by key x", None),
        }
        made = flags.get("old", "prod")
        assert (made.created_by, made.updated_by) == ("vikhyat", "vikhyat")
    finally:
        db_database.disconnect()


def test_client_keys_go_on_seeing_the_flags_that_were_there(empty_url: str) -> None:
    migrate(empty_url)
    db_database.connect(empty_url)
    try:
        make("old", metadata={"squad": "red"})
        take_back(empty_url, "0007_client_side")
        with db_database.session():
            db_database.database.execute_sql("""UPDATE flag SET metadata = '{"squad": "red", "clientSide": false}'""")
        migrate(empty_url)
        make("new")
        assert [flags.get(key, "prod").client_side for key in ("old", "new")] == [True, False]
        metadata: Any = document.document("prod")["flags"]["old"]["metadata"]  # type: ignore[index,call-overload]
        assert "clientSide" not in metadata and metadata["squad"] == "red"
        with db_database.session():
            assert db_database.rows("SELECT DISTINCT revision, client_revision FROM environment") == [(2, 1)]
    finally:
        db_database.disconnect()
