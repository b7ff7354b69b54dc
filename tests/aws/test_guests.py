"""Databases of stages that share a cluster: the control function of the host, over a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg2
import pytest

from db.postgres.embedded import EmbeddedPostgres
from tests.aws.data_api import data_api, run
from tests.aws.lambda_runtime import Outcome, Runtime, function
from tests.conftest import url_of

HOST, GUEST, OTHER = "host_of_guests", "flagstaff-anna", "flagstaff-pr-7"
GONE = {"tf": {"action": "delete", "prev_input": {}}}


@pytest.fixture
def control(packages: Mapping[str, Path], settings: Mapping[str, str], postgres: EmbeddedPostgres) -> Iterator[Runtime]:
    """The control function of a host, whose database is there."""
    run(postgres.url, "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') "
                      "THEN CREATE ROLE rds_iam; END IF; END $$")  # fmt: skip
    run(postgres.url, f"CREATE DATABASE {HOST}")
    with data_api(lambda name: url_of(postgres, name)) as url:
        env = {
            **settings,
            "AWS_ENDPOINT_URL_RDS_DATA": url,
            "FLAGSTAFF_EVALUATION_FUNCTION": "evaluation",
            "FLAGSTAFF_CLUSTER_ARN": "arn:aws:rds:eu-central-1:123456789012:cluster:stage",
            "FLAGSTAFF_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:master",
            "FLAGSTAFF_DATABASE_NAME": HOST,
            "FLAGSTAFF_DATABASE_ROLE": HOST,
        }
        with function(packages["control"], "api.aws.control_function.handler", env) as runtime:
            assert not runtime.invoke({"create": "role"}).failed
            yield runtime
            for name in (GUEST, OTHER):
                runtime.invoke({"guest": name, **GONE})
    run(postgres.url, f"DROP DATABASE {HOST}")
    run(postgres.url, f"DROP ROLE {HOST}")


def connect_as(role: str, postgres: EmbeddedPostgres, database: str) -> str:
    """The URL of a database for a role."""
    return url_of(postgres, database).replace("postgres@", f"{role}@")


def migrated(packages: Mapping[str, Path], settings: Mapping[str, str], url: str) -> Outcome:
    """What the migration function of a stage makes of its database."""
    with function(
        packages["admin"], "api.aws.migration_function.handler", {**settings, "FLAGSTAFF_DATABASE_URL": url}
    ) as it:
        return it.invoke({"firstKeys": []})


def test_a_guest_migrates_its_own_database_and_sees_no_other(
    control: Runtime, packages: Mapping[str, Path], settings: Mapping[str, str], postgres: EmbeddedPostgres
) -> None:
    for name in (GUEST, OTHER, GUEST):  # the second time does nothing
        made = control.invoke({"guest": name, "cluster": "cluster-ABC", "tf": {"action": "create", "prev_input": None}})
        assert (made.failed, made.value) == (False, {"guest": name})
    own = connect_as(GUEST, postgres, GUEST)
    outcome = migrated(packages, settings, own)
    assert not outcome.failed, outcome.value
    assert outcome.value["applied"]
    assert run(own, "SELECT count(*) > 0 FROM environment") == [(True,)]
    for role, database in ((GUEST, HOST), (GUEST, OTHER), (OTHER, GUEST), (HOST, GUEST)):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            run(connect_as(role, postgres, database), "SELECT 1")
    assert run(connect_as(HOST, postgres, HOST), "SELECT 1") == [(1,)]


def test_what_a_guest_had_goes_with_it_also_while_somebody_is_connected(
    control: Runtime, postgres: EmbeddedPostgres
) -> None:
    control.invoke({"guest": GUEST})
    held = psycopg2.connect(connect_as(GUEST, postgres, GUEST))
    for _ in range(2):
        assert not control.invoke({"guest": GUEST, **GONE}).failed
    held.close()
    assert run(postgres.url, f"SELECT 1 FROM pg_database WHERE datname = '{GUEST}'") == []
    assert run(postgres.url, f"SELECT 1 FROM pg_roles WHERE rolname = '{GUEST}'") == []


def test_a_host_with_guests_is_not_destroyed(control: Runtime) -> None:
    assert not control.invoke({"guests": "may come", "tf": {"action": "create"}}).failed
    for name in (GUEST, OTHER):
        control.invoke({"guest": name})
    refused = control.invoke({"guests": "may come", **GONE})
    assert refused.failed
    assert f"destroy these stages first, whose databases are in this cluster: {GUEST}, {OTHER}" in str(refused.value)
    for name in (GUEST, OTHER):
        control.invoke({"guest": name, **GONE})
    assert not control.invoke({"guests": "may come", **GONE}).failed


@pytest.mark.parametrize("name", ["flagstaff", HOST, "postgres", 'flagstaff-a"; DROP ROLE x', "flagstaff-" + "a" * 21])
def test_only_a_guests_database_is_made_or_dropped(control: Runtime, postgres: EmbeddedPostgres, name: str) -> None:
    for more in ({}, GONE):
        assert control.invoke({"guest": name, **more}).failed
    assert run(postgres.url, f"SELECT 1 FROM pg_database WHERE datname = '{HOST}'") == [(1,)]
