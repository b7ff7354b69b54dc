"""A real PostgreSQL for every test that asks for one: a server per test session, a database per test module."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, settings

from db import database as db_database
from db.migrate import migrate
from db.postgres import embedded
from tests.environments import is_ready

# How fast the machine is says nothing of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

TESTS = Path(__file__).parent

WITH_PROCESSES = (
    "agreement",
    "api/serving/test_interfaces",
    "aws",
    "db/postgres/test_embedded",
    "docs/test_coming_from",
    "docs/test_openfeature_page",
    "docs/test_readme",
    "docs/test_reference_page",
    "e2e",
    "infra",
    "interval",
    "openfeature",
    "sdk/engine/test_agreement",
)
"""Tests that start servers, browsers, other languages or an AWS, by how their paths begin."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start processes."""
    for item in items:
        if item.path.relative_to(TESTS).as_posix().startswith(WITH_PROCESSES):
            item.add_marker(pytest.mark.process)


@pytest.fixture(scope="session")
def node() -> None:
    """Node with the OpenFeature clients of tests/openfeature/node/package.json."""
    if not is_ready("node"):
        pytest.skip("needs Node and npm")


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.EmbeddedPostgres]:
    """The server of this test session; its data goes away with it."""
    folder = Path(tempfile.mkdtemp(prefix="flagstaff-test-"))
    os.chmod(folder, 0o755)  # as root, PostgreSQL runs as another user, who must get through
    server = embedded.start(folder / "postgres", durable=False)
    yield server
    db_database.disconnect()
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_template(postgres: embedded.EmbeddedPostgres) -> str:
    """The name of a database with all migrations applied, to copy."""
    _run(postgres, "CREATE DATABASE template_migrated")
    migrate(url_of(postgres, "template_migrated"))
    return "template_migrated"


@pytest.fixture(scope="module")
def database_url(postgres: embedded.EmbeddedPostgres, migrated_template: str, request: pytest.FixtureRequest) -> str:
    """A database of this test module's own, migrated, for whatever connects by URL (another process too)."""
    return new_database(postgres, migrated_template, f"test_{abs(hash(request.node.nodeid)):x}")


def new_database(server: embedded.EmbeddedPostgres, template: str, name: str) -> str:
    """Make a migrated database, and give its URL."""
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return url_of(server, name)


@pytest.fixture
def empty_url(postgres: embedded.EmbeddedPostgres) -> str:
    """The URL of a database with nothing in it, not even tables."""
    _run(postgres, "DROP DATABASE IF EXISTS test_empty")
    _run(postgres, "CREATE DATABASE test_empty")
    return url_of(postgres, "test_empty")


@pytest.fixture
def database(database_url: str) -> Iterator[None]:
    """This process's pool on an empty database: the environments of the start, and nothing else."""
    db_database.connect(database_url)
    _empty(database_url)
    yield
    db_database.disconnect()


def url_of(server: embedded.EmbeddedPostgres, name: str) -> str:
    """The URL of one database of the server."""
    return server.url.replace("/flagstaff?", f"/{name}?")


def _run(server: embedded.EmbeddedPostgres, statement: str) -> None:
    connection = psycopg2.connect(server.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def _empty(url: str) -> None:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM member; DELETE FROM change; DELETE FROM api_key; DELETE FROM configuration")
        cursor.execute("DELETE FROM flag; DELETE FROM segment; DELETE FROM layer")
        cursor.execute("DELETE FROM environment WHERE key NOT IN ('dev', 'staging', 'prod')")
        cursor.execute(
            "UPDATE environment SET revision = 0, client_revision = 0, name = key,"
            " deleted_at = NULL, comment_required = false"
        )
    connection.close()
